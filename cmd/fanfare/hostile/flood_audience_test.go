//go:build e2e && linux

package hostile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
	"fanfare/bench/serving"
)

// audience is the good clients of TestFloods: thousands on one channel, served by one goroutine on a thread of its own, on the
// last core.
type audience struct {
	server *server
	measure
	cores  []*core
	orders chan order
	over   chan error // its last word
}

// order has the audience be published to for a while.
type order struct {
	windows int
	beside  []loadgen.Process // that share its core
	result  chan<- watched
}

// watched is how the audience fared.
type watched struct {
	p99   time.Duration // median of the windows'
	cpu   float64       // per cent of its core that the server used
	quiet int           // windows in which nobody else had the cores
	err   error
}

// Name implements scenario.Scenario, with what is below.
func (a *audience) Name() string { return "floods" }

// Validate implements scenario.Scenario.
func (*audience) Validate() error { return nil }

// Run implements scenario.Scenario. An audience is asked and does not run by itself.
func (*audience) Run(context.Context, scenario.Server) (scenario.Result, error) {
	return scenario.Result{}, errors.ErrUnsupported
}

// gatherAudience connects the good clients.
func gatherAudience(s *server, m measure) (*audience, error) {
	target, err := loadgen.NewTarget("ws://"+s.addr+"/app/"+victim.key, victim.id, victim.secret)
	if err != nil {
		return nil, err
	}
	cores, err := split(loadgen.Process(s.pid()))
	if err != nil {
		return nil, err
	}
	a := &audience{server: s, measure: m, cores: cores, orders: make(chan order), over: make(chan error, 1)}
	there := make(chan struct{})
	go func() {
		a.over <- serving.OnCores([]int{cores[1].number}, func() error {
			_, err := course.Start(scenario.Server{Target: target, Patience: patience}, a, "events", "", func(r *course.Run) error {
				return a.attend(r, there)
			})
			return err
		})
	}()
	select {
	case <-there:
	case err = <-a.over:
		err = fmt.Errorf("the good clients are gone: %w", err)
	}
	return a, err
}

// attend is the audience's life.
func (a *audience) attend(r *course.Run, there chan<- struct{}) error {
	ctx := context.Background()
	fleet, err := r.Open(ctx, a.good, 100, course.To(crowdChannel))
	if err != nil {
		return err
	}
	feed, err := r.Broadcast(fleet, crowdChannel, 1, 200)
	if err != nil {
		return err
	}
	close(there)
	for {
		o, more := a.next(r)
		if !more {
			break
		}
		w := a.listen(ctx, feed, &o)
		o.result <- w
		if err = errors.Join(err, w.err); w.err != nil {
			break
		}
	}
	return feed.Close(err)
}

// next waits for an order, and has the connections' pings answered meanwhile.
func (a *audience) next(r *course.Run) (o order, more bool) {
	for {
		select {
		case o, more = <-a.orders:
			return o, more
		default:
		}
		if r.Hold(context.Background(), scenario.Settling, 5*time.Millisecond) != nil {
			return <-a.orders, true // listen will find out
		}
	}
}

// listen publishes for so many windows in which the machine does nothing else, as far as there are some.
func (a *audience) listen(ctx context.Context, feed *course.Feed, o *order) (w watched) {
	var quiet, all []time.Duration
	server, start := loadgen.Process(a.server.pid()), time.Now()
	before, err := server.CPU()
	last := *a.cores[1]
	last.ours = append(slices.Clone(last.ours), o.beside...)
	for len(quiet) < o.windows && len(all) < a.tries*o.windows && err == nil {
		var p99 time.Duration
		undisturbed, windowErr := quietly([]*core{a.cores[0], &last}, func() (err error) {
			p99, err = a.oneWindow(ctx, feed)
			return err
		})
		err = windowErr
		if all = append(all, p99); undisturbed {
			quiet = append(quiet, p99)
		}
	}
	after, cpuErr := server.CPU()
	w.err, w.quiet = errors.Join(err, cpuErr), len(quiet)
	w.cpu = 100 * (after - before).Seconds() / time.Since(start).Seconds()
	if len(quiet) == 0 {
		quiet = all
	}
	slices.Sort(quiet)
	if len(quiet) > 0 {
		w.p99 = quiet[len(quiet)/2]
	}
	return w
}

// oneWindow publishes for one window and gives its p99.
func (a *audience) oneWindow(ctx context.Context, feed *course.Feed) (time.Duration, error) {
	h := hdrhistogram.New(1, int64(10*time.Minute), 3)
	feed.Took = func(latency time.Duration) { course.Record(h, latency) }
	err := feed.OpenLoop(ctx, scenario.Measuring, goodPerSecond, 0, a.window, func() int { return 0 })
	return time.Duration(h.ValueAtQuantile(99)), err
}

// watch has the audience published to for so many windows, with processes beside it on its core.
func (a *audience) watch(windows int, beside ...loadgen.Process) watched {
	result := make(chan watched, 1)
	a.orders <- order{windows, beside, result}
	return <-result
}

// flooded watches it while a flood goes on, and tells what that did.
func (a *audience) flooded(t *testing.T, f *flood, windows int) (watched, deeds) {
	t.Helper()
	x, err := unleash(a.server, f)
	if err != nil {
		t.Fatal(err)
	}
	w := a.watch(windows, loadgen.Process(x.cmd.Process.Pid))
	did, err := x.stop()
	if err = errors.Join(err, w.err); err != nil {
		t.Fatal(err)
	}
	return w, did
}

// dismiss wants that every good client still stands and has had every event once and in order.
func (a *audience) dismiss() error {
	close(a.orders)
	return <-a.over
}
