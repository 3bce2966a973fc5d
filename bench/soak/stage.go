//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"fanfare/bench/fault"
	"fanfare/bench/serving"
	"fanfare/bench/soak/accident"
	"fanfare/bench/soak/authority"
	"fanfare/bench/soak/crowd"
	"fanfare/bench/soak/inbox"
	"fanfare/bench/soak/press"
	"fanfare/protocol/pusher/auth"
)

// stage is everything that takes part in a soak.
type stage struct {
	*options
	tempo
	dir      string
	out      io.Writer
	linked   bool // the narrow crowd is behind a link
	settings string

	cast      *cast
	house     *house
	inbox     *inbox.Inbox
	proxy     *fault.Proxy
	authority *authority.Authority
	tunnel    *fault.Proxy // that the sealed crowd comes through: it speaks TLS on the other side
	press     *press.Press
	watch     *watch
	record    *accident.Record
	companies map[string]*company
	books     *books

	empty reading // the first server, before anybody came
	left  reading // the last one, when all had gone
}

// inside makes the soak, in the network namespace that it is in, which it may
// furnish as it likes if it is alone there.
func inside(ctx context.Context, dir string, alone bool, args []string) error {
	o, err := parse(args, os.Stderr)
	if err != nil {
		return err
	}
	s := &stage{options: o, tempo: o.tempo(), dir: dir, out: os.Stdout, linked: alone, companies: map[string]*company{}}
	if !s.linked {
		s.say("no network namespace of its own is allowed here: the narrow crowd is on the loopback, without low rates")
	}
	if err := serving.AdoptOrphans(); err != nil {
		return err
	}
	p := &page{stage: s, started: time.Now()}
	p.describeHost()
	err = s.open(ctx)
	if err == nil {
		err = s.play(ctx)
	}
	if err == nil {
		err = p.conclude(ctx)
	}
	return errors.Join(err, s.close())
}

func (s *stage) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...) // whoever does not listen misses it
}

// open starts everything, and waits until all members stand.
func (s *stage) open(ctx context.Context) (err error) {
	if s.inbox, err = inbox.Open(auth.NewSigner(mainApp.key, mainApp.secret), 2*s.hookTimeout); err != nil {
		return err
	}
	if err := s.openHouse(ctx); err != nil {
		return err
	}
	if s.proxy, err = fault.Listen("127.0.0.1:0", fault.To("127.0.0.1:"+strconv.Itoa(s.house.port)), s.seed); err != nil {
		return err
	}
	if s.tunnel, err = fault.Listen("127.0.0.1:0", s.authority.Dial(s.house.tlsPort), s.seed); err != nil {
		return err
	}
	s.cast = assemble(s.connections, s.tempo, s.way)
	s.press = press.New(press.Config{
		AppID: mainApp.id, Key: mainApp.key, Secret: mainApp.secret, EventData: eventData,
		Rooms: s.cast.rooms, Near: s.cast.near, Far: s.cast.far,
	})
	s.record = &accident.Record{May: consequences(s.tempo)}
	s.books = newBooks(max(time.Second, s.duration/360))
	s.watch = &watch{house: s.house, zero: crowd.Now(), ends: map[int]reading{}}
	var found bool
	if s.empty, found = s.watch.look(ctx); !found {
		return errors.New("the server does not tell its metrics")
	}
	return s.gather(ctx)
}

func (s *stage) openHouse(ctx context.Context) (err error) {
	s.house = &house{dir: s.dir, host: "127.0.0.1"}
	if s.linked {
		s.house.host = "0.0.0.0" // of the namespace
	}
	if err := freePorts(&s.house.port, &s.house.tlsPort); err != nil {
		return err
	}
	if s.authority, err = authority.New(filepath.Join(s.dir, "server.pem")); err != nil {
		return err
	}
	s.settings = settings(s.tempo, s.dir, s.inbox.Addr, s.house.tlsPort, s.authority.File)
	if err := replace(filepath.Join(s.dir, "fanfare.toml"), s.settings); err != nil {
		return err
	}
	if err := replace(filepath.Join(s.dir, "apps.toml"), tenants(s.tempo)); err != nil {
		return err
	}
	return s.house.start(ctx)
}

// way is how a crowd reaches the server.
func (s *stage) way(name string, of app) string {
	switch {
	case name == proxied:
		return address("127.0.0.1", s.proxy.Addr().(*net.TCPAddr).Port, of)
	case name == sealed:
		return address("127.0.0.1", s.tunnel.Addr().(*net.TCPAddr).Port, of)
	case name == narrow && s.linked:
		return address(nearAddr, s.house.port, of)
	}
	return address("127.0.0.1", s.house.port, of)
}

// gather has the crowds come.
func (s *stage) gather(ctx context.Context) error {
	perSecond := max(20, s.connections/5)
	for i, name := range s.cast.order {
		c, err := hire(name, s.dir, s.linked && name == narrow, s.books.hear)
		if err != nil {
			return err
		}
		s.companies[name] = c
		if s.linked && name == narrow {
			if err := connect(ctx, c.cmd.Process.Pid); err != nil {
				return err
			}
		}
		brief := crowd.Brief{
			Groups: s.cast.crowds[name], PerSecond: perSecond, Seed: s.seed + uint64(i), Every: time.Second,
			Activity: s.activity, Pong: s.pong, Withhold: s.withhold && name == steady,
		}
		if err := c.begin(brief); err != nil {
			return c.because(err)
		}
	}
	return s.await(ctx, time.Minute, func() (bool, string) {
		n := s.standing()
		// Those that come and go are never all there.
		return n >= s.cast.members*19/20, fmt.Sprintf("%d of %d members stand", n, s.cast.members)
	})
}

func (s *stage) standing() (n int) {
	for _, c := range s.companies {
		n += c.report().Standing
	}
	return n
}

// await waits until something is true, for so long at most.
func (s *stage) await(ctx context.Context, limit time.Duration, done func() (bool, string)) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		ok, state := done()
		if ok {
			return nil
		}
		if err := s.broken(); err != nil {
			return err
		}
		select {
		case <-again.C:
		case <-late.C:
			return fmt.Errorf("after %v, %s", limit, state)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// broken tells whether a process that the soak needs has ended by itself.
func (s *stage) broken() error {
	for _, c := range s.companies {
		select {
		case <-c.ended:
			return c.because(errors.Join(errors.New("it has ended by itself"), c.err))
		default:
		}
	}
	return s.house.died()
}

// play is the time under load.
func (s *stage) play(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.say("%d members stand; %v with seed %d, %d rounds of every fault", s.standing(), s.duration, s.seed, s.cycles())
	begin := time.Now()
	s.books.begin()
	s.watch.begin()
	s.press.Start(s.house.base(), "http://"+s.proxy.Addr().String())
	d := &director{stage: s, failed: make(chan error, 1)}
	var others sync.WaitGroup
	others.Go(func() { s.watch.run(ctx, max(time.Second, s.duration/900)) })
	others.Go(func() { s.question(ctx) })
	followed := make(chan struct{})
	others.Go(func() {
		d.follow(ctx, begin, accident.Plan(s.cycles(), s.cycle, s.upgrade, s.seed, s.possible))
		close(followed)
	})
	err := s.wait(ctx, begin, d, followed)
	cancel()
	others.Wait()
	s.press.Stop()
	return err
}

// possible reports whether a fault can be made here; the result says why not.
func (s *stage) possible(k accident.Kind) bool { return k != accident.LowRate || s.linked }

// wait shows progress until the time is over, and the last fault.
func (s *stage) wait(ctx context.Context, begin time.Time, d *director, followed <-chan struct{}) error {
	over := time.NewTimer(s.duration)
	defer over.Stop()
	tell := time.NewTicker(max(2*time.Second, min(s.duration/60, 30*time.Second)))
	defer tell.Stop()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	done := over.C
	ended := false
	for !ended || followed != nil {
		select {
		case <-tell.C:
			s.progress(time.Since(begin))
		case <-look.C:
			if err := s.broken(); err != nil {
				return err
			}
		case <-done:
			ended = true
		case <-followed:
			followed = nil
		case err := <-d.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// close ends all processes and servers.
func (s *stage) close() error {
	var errs []error
	if s.press != nil {
		s.press.Stop()
	}
	for _, c := range s.companies {
		_ = c.signal(syscall.SIGCONT) // it can't end while it is stopped
		errs = append(errs, c.dismiss())
	}
	if s.house != nil {
		errs = append(errs, s.house.stop())
	}
	for _, p := range []*fault.Proxy{s.proxy, s.tunnel} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	if s.inbox != nil {
		errs = append(errs, s.inbox.Close())
	}
	return errors.Join(errs...)
}
