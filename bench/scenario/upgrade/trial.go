//go:build linux

package upgrade

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
	"fanfare/bench/scenario/rooms"
)

// trial is one run.
type trial struct {
	Scenario
	run       *course.Run
	random    *rand.Rand
	audience  *audience
	guests    *rooms.Guests
	sluggards *sluggards
	tears     tears
	watch     *watch
}

func newTrial(r *course.Run, c Scenario) *trial {
	t := &trial{Scenario: c, run: r, random: rand.New(rand.NewPCG(c.Seed, c.Seed))}
	t.tears = tears{loop: r.Loop, random: t.random}
	return t
}

// open opens all connections, and waits until everybody knows who is there.
func (t *trial) open(ctx context.Context) (err error) {
	seats, guests := t.rooms()
	if t.audience, err = t.seat(ctx, seats); err != nil {
		return err
	}
	t.guests = rooms.Scenario{
		Rooms: guests, Members: t.Members, InFlight: t.InFlight, Rate: t.Talk, Churn: t.Churn, Away: t.Away, FrameBytes: t.FrameBytes, Seed: t.Seed,
	}.Beside(t.run, t.tears.tear)
	if err := t.guests.Open(ctx); err != nil {
		return err
	}
	if t.sluggards, err = t.pile(ctx); err != nil {
		return err
	}
	t.watch = t.audience.watch(t.run.Loop)
	return nil
}

// work upgrades the server under load, and waits until all have what they are
// owed, also after an upgrade that was called off.
func (t *trial) work(ctx context.Context) error {
	err := t.run.Measure(func() error {
		err := t.load(ctx)
		if t.over(ctx) {
			return err
		}
		return errors.Join(err, t.audience.feed.Drain(ctx, nil))
	})
	for _, wait := range []func(context.Context) error{t.hearOut, t.wake} {
		if !t.over(ctx) {
			err = errors.Join(err, wait(ctx))
		}
	}
	return err
}

// over reports whether there is nothing more to wait for.
func (t *trial) over(ctx context.Context) bool { return ctx.Err() != nil || t.run.Broken() != nil }

// hearOut waits until the guests know everything.
func (t *trial) hearOut(ctx context.Context) error {
	return t.run.Await(ctx, t.guests.Quiet, t.guests.Moved)
}

// wake has the slow readers read all there is.
func (t *trial) wake(ctx context.Context) error {
	t.run.Note("slow readers read again")
	t.sluggards.wake()
	t.run.Phase(scenario.Draining, 0)
	err := t.run.Await(ctx, t.sluggards.quiet, t.sluggards.progress)
	if err != nil {
		return fmt.Errorf("%w; %d messages to slow readers are missing", err, t.sluggards.missing())
	}
	return nil
}

// load has everything happen at once.
func (t *trial) load(ctx context.Context) error {
	r := t.run
	t.watch.begin()
	publishing := t.audience.publish(r, t.Rate)
	leave := t.guests.Live()
	trickle := t.sluggards.trickle()
	err := t.succeed(ctx)
	publishing.Stop()
	leave()
	trickle.Stop()
	t.tears.mend()
	return err
}

// account tells what was found, and joins it to what went wrong.
func (t *trial) account(err error) error {
	r := t.run
	c := t.audience.feed.Count()
	whispers, wrong := t.guests.Account()
	slow := t.sluggards.count()
	c.Delivered += whispers.Delivered + slow.Delivered
	c.Lost += whispers.Lost + slow.Lost
	c.Duplicated += whispers.Duplicated + slow.Duplicated
	c.Reordered += whispers.Reordered + slow.Reordered
	c.Stray += whispers.Stray + slow.Stray
	r.Result.Counts, r.Result.Upgrades, r.Result.Course = c, t.watch.upgrades, t.watch.course()
	t.figures()
	if n := t.audience.flickers; n > 0 {
		wrong = errors.Join(wrong, fmt.Errorf("members who stayed were told %d times that somebody had come or gone who had not", n))
	}
	err = errors.Join(err, wrong)
	if err != nil && r.Broken() != nil && c.Duplicated+c.Reordered+c.Stray == 0 {
		return err // what a broken connection has not got is not lost
	}
	return errors.Join(err, course.Astray(c))
}

// Figures that have a name, for those who look for them.
const (
	Present  = "members of presence channels"
	Private  = "private channels"
	Flickers = "member events nobody caused"
	Torn     = "torn frames that an upgrade came between"
	Unsent   = "published to slow readers"
	Early    = "of which came before they read again"
	Silence  = "longest silence before the first upgrade"
	Worst    = "worst latency before the first upgrade"
)

func (t *trial) figures() {
	r, ms := t.run, func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	_, guests := t.rooms()
	presence, private := t.audience.kinds()
	r.Figure(Present, float64((presence+guests)*t.Members), "members")
	r.Figure(Private, float64(private+t.Slow), "channels")
	r.Figure(Flickers, float64(t.audience.flickers), "events")
	r.Figure("torn frames", float64(t.tears.torn), "frames")
	r.Figure(Torn, float64(t.tears.straddled), "frames")
	r.Figure(Unsent, float64(t.sluggards.sent())*slowFrame, "B")
	r.Figure(Early, float64(t.sluggards.early)*slowFrame, "B")
	r.Figure(Worst, ms(t.watch.calm.worst), "ms")
	r.Figure(Silence, ms(t.watch.calm.silence), "ms")
}
