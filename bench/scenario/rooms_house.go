//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
)

// house is one run of Rooms: all of them and their members.
type house struct {
	Rooms
	run     *run
	crowd   *crowd
	rooms   []*room
	members []*member
	random  *rand.Rand
	turn    int                     // whose room whispers next
	outside int                     // members that are not in their room
	events  uint64                  // text frames that came
	told    *hdrhistogram.Histogram // from a member's move to each member event
	tally   tally
	hint    int // offset of the latest mark in its payload
	scratch []byte
	listed  []bool // by seat, of the confirmation at hand
}

// tally is what is counted while it is measured.
type tally struct {
	whispers uint64 // that were sent
	mute     uint64 // that were due while nobody was there to send them
	leaves   uint64
	told     uint64 // member events
	wrong    uint64 // of them, no news or out of place
}

func newHouse(r *run, c Rooms) *house {
	h := &house{
		run: r, Rooms: c, outside: c.Rooms * c.Members, told: newHistogram(),
		random: rand.New(rand.NewPCG(c.Seed, c.Seed)), listed: make([]bool, c.Members),
	}
	for i := range c.Rooms {
		o := newRoom(h, i)
		h.rooms = append(h.rooms, o)
		h.members = append(h.members, o.members...)
	}
	h.crowd = &crowd{size: len(h.members), inFlight: c.InFlight, begin: func(i int) error { return h.members[i].enter() }}
	return h
}

func (h *house) work(ctx context.Context) error {
	if err := h.open(ctx); err != nil {
		return err
	}
	if err := h.live(ctx, WarmingUp, min(h.Duration, warmUp)); err != nil {
		return err
	}
	h.tally = tally{wrong: h.tally.wrong}
	h.told.Reset()
	return h.run.measure(func() error { return h.live(ctx, Measuring, h.Duration) })
}

// open lets everybody enter.
func (h *house) open(ctx context.Context) error {
	h.run.fleets = append(h.run.fleets, h.crowd)
	h.run.phase(Connecting, 0)
	h.run.loop.At(0, h.crowd.more)
	if err := h.run.await(ctx, h.quiet, h.moved); err != nil {
		return fmt.Errorf("entering the rooms, where %d of %d members are: %w", len(h.members)-h.outside, len(h.members), err)
	}
	return nil
}

// live lets the members whisper and come and go for a while, and waits until
// all are back and have heard everything.
func (h *house) live(ctx context.Context, p Phase, d time.Duration) error {
	whispers := h.run.pace(h.Rate*float64(len(h.rooms)), d, 0, h.whisper, func() {})
	churn := h.run.pace(h.Churn, d, 0, func(time.Duration) { h.sendOff() }, func() {})
	err := h.run.hold(ctx, p, d)
	whispers.over, churn.over = true, true
	if err != nil {
		return err
	}
	h.run.phase(Draining, 0)
	return h.run.await(ctx, h.quiet, h.moved)
}

func (h *house) moved() uint64 { return h.events }

// quiet reports whether all are in and know everything.
func (h *house) quiet() bool { return h.outside == 0 && h.untold() == 0 && h.owed() == 0 }

func (h *house) untold() (n uint64) {
	for _, o := range h.rooms {
		n += uint64(o.untold)
	}
	return n
}

func (h *house) owed() (n uint64) {
	for _, o := range h.rooms {
		n += o.hearing.owed()
	}
	return n
}

// account sums up what was heard and told, and joins it to what went wrong.
func (h *house) account(err error) error {
	var c loadgen.Counts
	for _, o := range h.rooms {
		c.Delivered += o.hearing.Delivered
		c.Lost += o.hearing.Lost + o.hearing.owed()
		c.Duplicated += o.hearing.Duplicated
		c.Reordered += o.hearing.Reordered
		c.Stray += o.hearing.Stray
	}
	h.run.result.Counts = c
	untold := h.untold()
	h.figures(untold)
	if untold+h.tally.wrong > 0 {
		err = errors.Join(err, fmt.Errorf("member events went astray: %d never came, %d were no news or out of place", untold, h.tally.wrong))
	}
	return errors.Join(err, astray(c))
}

func (h *house) figures(untold uint64) {
	r, t := h.run, h.tally
	r.figure("whispers", float64(t.whispers), "whispers")
	r.figure("left and came back", float64(t.leaves), "members")
	r.figure("member events", float64(t.told), "events")
	r.figure("member events missing", float64(untold), "events")
	r.figure("member events out of place", float64(t.wrong), "events")
	if h.told.TotalCount() > 0 {
		r.figure("member event p50", milliseconds(h.told, 50), "ms")
		r.figure("member event p99", milliseconds(h.told, 99), "ms")
	}
	if t.mute > 0 {
		r.figure("whispers skipped, all members being away", float64(t.mute), "whispers")
	}
}
