//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/serving"
	"fanfare/bench/soak/authority"
)

func main() {
	// A child gets a signal when the thread that has started it ends: it must
	// be the one that ends last.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "upgrades:", err)
		os.Exit(1)
	}
}

// run leaves nothing behind but its result, or the log of what has failed.
func run(ctx context.Context, args []string, out, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err == nil {
		err = serving.MakeResults("-results", o.results)
	}
	if err == nil {
		err = raiseDescriptors()
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fanfare-upgrades-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := serving.BuildOr(ctx, filepath.Join(dir, "fanfare"), o.fanfare); err != nil {
		return err
	}
	if err := o.prove(ctx, dir, out, stderr); err != nil {
		return errors.Join(err, serving.KeepLogs(dir, o.logs))
	}
	return nil
}

// prove runs the scenario against a server, and judges it.
func (o *options) prove(ctx context.Context, dir string, out, stderr io.Writer) (err error) {
	post, err := openPost()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, post.close()) }()
	post.whispers.repeat = o.repeat
	p := newPage(o)
	h := &house{dir: dir}
	certificate, err := authority.New(h.path("server.pem"))
	if err != nil {
		return err
	}
	if err := h.start(ctx, settings(h.path("control.sock"), h.path("webhooks"), certificate.File, post)); err != nil {
		return err
	}
	wrong := o.load(ctx, h, p, stderr)
	if wrong == nil {
		wrong = post.settle(ctx, int(p.figure(whispers)))
	}
	if err := errors.Join(wrong, h.stop()); err != nil {
		return err
	}
	if err := p.judge(o, post, h.path("server.log")); err != nil {
		return err
	}
	return p.tell(o, out)
}

// load runs the scenario.
func (o *options) load(ctx context.Context, h *house, p *page, stderr io.Writer) error {
	target, err := o.target(h.server)
	if err != nil {
		return err
	}
	last := time.Time{}
	result, err := o.Run(ctx, scenario.Server{
		Target: target, Upgrade: h.upgrade, Patience: patience,
		Progress: func(s scenario.Progress) {
			p.most = max(p.most, s.Ready)
			if now := time.Now(); now.Sub(last) >= 5*time.Second {
				last = now
				_, _ = fmt.Fprintf(stderr, "%s: %d of %d connections, %d deliveries, %s\n", s.Phase, s.Ready, s.Wanted, s.Done, s.Note) // nobody may be there to read it
			}
		},
	})
	p.take(&result)
	return err
}

// target is the server in the clear, or by TLS.
func (o *options) target(s *serving.Server) (*loadgen.Target, error) {
	scheme, at := "ws", s.Addr
	if o.tls {
		scheme, at = "wss", s.TLS
	}
	t, err := loadgen.NewTarget(fmt.Sprintf("%s://%s/app/%s", scheme, at, key), appID, secret)
	if err == nil && o.tls {
		t.TLS.InsecureSkipVerify = true // it is our own
	}
	return t, err
}

// raiseDescriptors lifts the soft limit to the hard one, also for children.
func raiseDescriptors() error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	l.Cur = l.Max
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &l))
}
