//go:build linux

package rooms

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// house is one run: all rooms and their members.
type house struct {
	Scenario
	run     *course.Run
	crowd   *course.Crowd
	rooms   []*room
	members []*member
	random  *rand.Rand
	turn    int                     // whose room whispers next
	outside int                     // members that are not in their room
	events  uint64                  // text frames that came
	told    *hdrhistogram.Histogram // from a member's move to each member event
	entered *hdrhistogram.Histogram // from a subscribe to its confirmation
	tally   tally
	hint    int // offset of the latest mark in its payload
	scratch []byte
	listed  seats // of the confirmation at hand

	heard func(latency time.Duration)                // told of each whisper that came
	news  func()                                     // and of each member event
	tear  func(c *loadgen.Client, size int) (at int) // the members' loadgen.ClientOptions.Tear; nil tears nothing
}

// tally is what is counted while it is measured.
type tally struct {
	whispers uint64 // that were sent
	mute     uint64 // that were due while nobody was there to send them
	leaves   uint64
	told     uint64 // member events
	wrong    uint64 // of them, no news or out of place
}

func newHouse(r *course.Run, c Scenario) *house {
	h := &house{
		Scenario: c, run: r, heard: r.Record, news: func() { r.Count(1) }, outside: c.Rooms * c.Members, told: course.NewHistogram(), entered: course.NewHistogram(),
		random: rand.New(rand.NewPCG(c.Seed, c.Seed)), listed: newSeats(c.Members),
	}
	for i := range c.Rooms {
		o := newRoom(h, i)
		h.rooms = append(h.rooms, o)
		h.members = append(h.members, o.members...)
	}
	return h
}

func (h *house) work(ctx context.Context) error {
	if err := h.open(ctx); err != nil {
		return err
	}
	if err := h.live(ctx, scenario.WarmingUp, min(h.Duration, course.WarmUp)); err != nil {
		return err
	}
	h.tally = tally{wrong: h.tally.wrong}
	h.told.Reset()
	h.entered.Reset()
	return h.run.Measure(func() error { return h.live(ctx, scenario.Measuring, h.Duration) })
}

// open lets everybody enter.
func (h *house) open(ctx context.Context) error {
	h.crowd = h.run.Crowd(len(h.members), h.InFlight, func(i int) error { return h.members[i].enter() })
	if err := h.run.Await(ctx, h.quiet, h.moved); err != nil {
		return fmt.Errorf("entering the rooms, where %d of %d members are: %w", len(h.members)-h.outside, len(h.members), err)
	}
	return nil
}

// live lets the members whisper and come and go for a while, and waits until
// all are back and have heard everything.
func (h *house) live(ctx context.Context, p scenario.Phase, d time.Duration) error {
	stop := h.begin(d)
	err := h.run.Hold(ctx, p, d)
	stop()
	if err != nil {
		return err
	}
	h.run.Phase(scenario.Draining, 0)
	return h.run.Await(ctx, h.quiet, h.moved)
}

// begin lets the members whisper and come and go until the time is up or it is
// stopped.
func (h *house) begin(d time.Duration) (stop func()) {
	whispers := h.speak(d)
	churn := h.run.Pace(h.Churn, d, 0, func(time.Duration) { h.sendOff() }, func() {})
	return func() {
		whispers()
		churn.Stop()
	}
}

// speak lets the members whisper until the time is up or it is stopped.
func (h *house) speak(d time.Duration) (stop func()) {
	if h.Silent {
		return func() {}
	}
	return h.run.Pace(h.Rate*float64(len(h.rooms)), d, 0, h.whisper, func() {}).Stop
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
	c, wrong := h.sum()
	h.run.Result.Counts = c
	return errors.Join(err, wrong, course.Astray(c))
}

// sum sums up what was heard, and the error what is wrong with what was told.
func (h *house) sum() (c loadgen.Counts, err error) {
	for _, o := range h.rooms {
		c.Delivered += o.hearing.Delivered
		c.Lost += o.hearing.Lost + o.hearing.owed()
		c.Duplicated += o.hearing.Duplicated
		c.Reordered += o.hearing.Reordered
		c.Stray += o.hearing.Stray
	}
	untold := h.untold()
	h.figures(untold)
	if untold+h.tally.wrong > 0 {
		err = fmt.Errorf("member events went astray: %d never came, %d were no news or out of place", untold, h.tally.wrong)
	}
	return c, err
}

// Figures that have a name, for those who look for them.
const (
	Whispers        = "whispers"                             // that were sent
	Returned        = "left and came back"                   // members
	MemberEvents    = "member events"                        // that came
	ConfirmationP99 = "confirmation p99"                     // ms, from a subscribe to the list of members
	EachReturn      = "CPU for each that left and came back" // ms of the servers'; not there when no process was named
)

func (h *house) figures(untold uint64) {
	r, t := h.run, h.tally
	r.Figure(Whispers, float64(t.whispers), "whispers")
	r.Figure(Returned, float64(t.leaves), "members")
	r.Figure(MemberEvents, float64(t.told), "events")
	r.Figure("member events missing", float64(untold), "events")
	r.Figure("member events out of place", float64(t.wrong), "events")
	if h.told.TotalCount() > 0 {
		r.Figure("member event p50", course.Milliseconds(h.told, 50), "ms")
		r.Figure("member event p99", course.Milliseconds(h.told, 99), "ms")
	}
	if h.entered.TotalCount() > 0 {
		r.Figure("confirmation p50", course.Milliseconds(h.entered, 50), "ms")
		r.Figure(ConfirmationP99, course.Milliseconds(h.entered, 99), "ms")
	}
	if cpu := r.Result.CPU(); cpu > 0 && t.leaves > 0 {
		r.Figure(EachReturn, cpu.Seconds()*1000/float64(t.leaves), "ms")
	}
	if t.mute > 0 {
		r.Figure("whispers skipped, all members being away", float64(t.mute), "whispers")
	}
}
