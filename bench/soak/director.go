//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"fanfare/bench/fault"
	"fanfare/bench/soak/accident"
	"fanfare/bench/soak/crowd"
)

// consequences of those faults that end connections. Others end none.
func consequences(t tempo) map[accident.Kind]accident.Consequence {
	// Longer than crowds pause between two attempts, also where they have to wait
	// for a processor.
	const reconnect = 8 * time.Second
	// The last close may come when the limit of age has passed, and a RST that was
	// lost on a narrow link is noticed when a ping is not answered.
	wakeful := t.queueAge + t.activity + t.pong + reconnect
	slow := []int{0, 4100, 4201}
	return map[accident.Kind]accident.Consequence{
		accident.CutFin:   {Crowds: []string{proxied}, Codes: []int{0}, After: reconnect},
		accident.CutReset: {Crowds: []string{proxied}, Codes: []int{0}, After: reconnect},
		accident.Stall:    {Crowds: []string{proxied}, Codes: slow, After: wakeful},
		accident.Trickle:  {Crowds: []string{proxied}, Codes: slow, After: wakeful},
		accident.Stop:     {Crowds: []string{stopped}, Codes: slow, After: wakeful},
		accident.LowRate:  {Crowds: []string{narrow}, Codes: slow, After: wakeful},
		accident.Disable:  {Crowds: []string{leased}, Codes: []int{0, 4003}, After: reconnect},
		accident.Drain:    {After: reconnect},
	}
}

// director injects the faults.
type director struct {
	*stage
	profile sync.Mutex
	now     fault.Profile // guarded by profile
	failed  chan error    // the first fault that could not be injected
	// files is held by who edits the configuration: commands that edit the apps read
	// all of it, and take their time on a busy machine.
	files sync.Mutex
	// process is held by who puts another process in the server's place.
	process sync.Mutex
}

// What the proxy does when it does anything.
const (
	farAway     = 60 * time.Millisecond
	farther     = 60 * time.Millisecond
	trickleRate = 6 << 10 // bytes per second and direction of a connection
	stallShare  = 0.3
	cutShare    = 0.4
)

// mistake is what a broken configuration has, and nothing else says.
const mistake = "mistake_made_by_the_soak"

// follow carries out a plan, and returns when its last fault is over.
func (d *director) follow(ctx context.Context, zero time.Time, list []accident.Planned) {
	var under sync.WaitGroup
	defer under.Wait()
	for _, p := range list {
		if !wait(ctx, time.Until(zero.Add(p.At))) {
			return
		}
		under.Go(func() {
			if err := d.inject(ctx, p); err != nil && ctx.Err() == nil {
				select {
				case d.failed <- fmt.Errorf("%s: %w", p.Kind, err):
				default: // the first one is told
				}
			}
		})
	}
}

// wait is false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// inject makes one fault, and ends it.
func (d *director) inject(ctx context.Context, p accident.Planned) error {
	switch p.Kind {
	case accident.Delay:
		return d.shape(ctx, p, func(f *fault.Profile) { f.Delay, f.Jitter = farAway, farther }, func(f *fault.Profile) { f.Delay, f.Jitter = 0, 0 })
	case accident.Trickle:
		return d.shape(ctx, p, func(f *fault.Profile) { f.Rate = trickleRate }, func(f *fault.Profile) { f.Rate = 0 })
	case accident.Stall:
		return d.during(ctx, p, func(a *accident.Accident) error {
			d.record.Detail(a, "%d connections", d.proxy.Stall(stallShare))
			return nil
		}, func() error { d.proxy.Resume(); return nil })
	case accident.CutFin:
		return d.cut(fault.Fin, p)
	case accident.CutReset:
		return d.cut(fault.Reset, p)
	case accident.Outage:
		return d.during(ctx, p, func(*accident.Accident) error { return d.inbox.Close() }, d.inbox.Reopen)
	case accident.Sluggish:
		return d.during(ctx, p, func(*accident.Accident) error { d.inbox.Drag(true); return nil }, func() error { d.inbox.Drag(false); return nil })
	case accident.Stop:
		c := d.companies[stopped]
		return d.during(ctx, p, func(*accident.Accident) error { return c.signal(syscall.SIGSTOP) }, func() error { return c.signal(syscall.SIGCONT) })
	case accident.LowRate:
		return d.constrict(ctx, p)
	case accident.Disable:
		d.files.Lock()
		defer d.files.Unlock()
		return d.during(ctx, p, func(*accident.Accident) error { return d.fanfare(ctx, "app", "disable", tenant.id) },
			func() error { return d.fanfare(ctx, "app", "enable", tenant.id) })
	case accident.BrokenFile:
		return d.breakFile(ctx, p)
	case accident.Certificate:
		return d.renew(ctx, p)
	case accident.Drain:
		return d.drain(ctx, p)
	case accident.Upgrade:
		return d.upgradeServer(ctx, p)
	}
	return fmt.Errorf("nobody knows how to make a %q", p.Kind)
}

// during begins a fault, and ends it when its time is over, or the soak's.
func (d *director) during(ctx context.Context, p accident.Planned, begin func(*accident.Accident) error, end func() error) error {
	a := d.record.Begin(p.Kind)
	err := begin(a)
	wait(ctx, p.Long)
	err = errors.Join(err, end())
	d.record.End(a)
	return err
}

// shape changes what the proxy does to everything.
func (d *director) shape(ctx context.Context, p accident.Planned, on, off func(*fault.Profile)) error {
	set := func(change func(*fault.Profile)) fault.Profile {
		d.profile.Lock()
		defer d.profile.Unlock()
		change(&d.now)
		d.proxy.Set(d.now)
		return d.now
	}
	return d.during(ctx, p, func(a *accident.Accident) error {
		d.record.Detail(a, "%v", set(on))
		return nil
	}, func() error { set(off); return nil })
}

func (d *director) cut(how fault.Cut, p accident.Planned) error {
	a := d.record.Begin(p.Kind)
	d.record.Detail(a, "%d connections", d.proxy.Cut(how, cutShare))
	d.record.End(a)
	return nil
}

func (d *director) constrict(ctx context.Context, p accident.Planned) error {
	rate := linkBits * d.connections
	return d.during(ctx, p, func(a *accident.Accident) error {
		d.record.Detail(a, "%d kbit/s", rate/1000)
		return constrict(ctx, rate)
	}, func() error { return widen(context.WithoutCancel(ctx)) })
}

// fanfare runs a command of the program, as an operator does.
func (d *director) fanfare(ctx context.Context, args ...string) error {
	args = append(args, "--config", filepath.Join(d.dir, "fanfare.toml"))
	out, err := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(d.dir, "fanfare"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("fanfare %v: %w: %s", args, err, out)
	}
	return nil
}

// breakFile saves a configuration with a mistake, and then the right one again.
// The server must go on with what it had, and no other process may take its place.
func (d *director) breakFile(ctx context.Context, p accident.Planned) error {
	d.files.Lock()
	defer d.files.Unlock()
	d.process.Lock() // an upgrade that is under way is to succeed
	defer d.process.Unlock()
	file := filepath.Join(d.dir, "fanfare.toml")
	return d.during(ctx, p, func(*accident.Accident) error {
		if err := replace(file, d.settings+"\n"+mistake+" = true\n"); err != nil {
			return err
		}
		return d.house.refuseUpgrade(context.WithoutCancel(ctx), mistake)
	}, func() error { return replace(file, d.settings) })
}

// renew replaces the certificate, and waits until newcomers are shown the new one.
// Those who have come with the former must not notice.
func (d *director) renew(ctx context.Context, p accident.Planned) error {
	a := d.record.Begin(p.Kind)
	serial, err := d.authority.Issue()
	if err != nil {
		return err
	}
	took, err := d.authority.AwaitNew(ctx, serial, d.authority.Dial(d.house.tlsPort))
	d.record.Detail(a, "number %d, shown to newcomers after %v", serial, took.Round(time.Millisecond))
	d.record.End(a)
	return err
}

// upgradeServer has another process take the server's place, with all that it has.
func (d *director) upgradeServer(ctx context.Context, p accident.Planned) error {
	d.process.Lock()
	defer d.process.Unlock()
	d.watch.look(ctx)
	a := d.record.Begin(p.Kind)
	u, err := d.house.succeed(context.WithoutCancel(ctx), func() { d.watch.count(ctx) })
	d.record.Detail(a, "%v", &u)
	d.record.End(a)
	return err
}

// drain stops the server and starts another one on the same port.
func (d *director) drain(ctx context.Context, p accident.Planned) error {
	d.process.Lock()
	defer d.process.Unlock()
	d.watch.look(ctx) // its counters go with it
	a := d.record.Begin(p.Kind)
	before := crowd.Now()
	if err := d.house.stop(); err != nil {
		return err
	}
	away := crowd.Now()
	if err := d.house.start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	d.record.Detail(a, "stopped in %v, the next one served after %v more", (away - before).Round(time.Millisecond), (crowd.Now() - away).Round(time.Millisecond))
	d.record.End(a)
	return nil
}
