//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

// startTime bounds how long a server may take until it accepts, and stopTime
// until it is gone.
const (
	startTime = 10 * time.Second
	stopTime  = 10 * time.Second
)

// running is a server process and the file with its standard error.
type running struct {
	scenario.Server
	cmd    *exec.Cmd
	stderr *os.File
	ended  chan struct{} // closed when the process is gone
	err    error         // why; set before
}

// start starts a program on its core, in a folder of its own: it must not find
// a configuration of anybody's.
func (b built) start(ctx context.Context, p program, c cores) (*running, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	args, env := p.command(b)
	args = append(args, p.portFlag(), strconv.Itoa(int(addr.Port())))
	r := &running{cmd: exec.Command(args[0], args[1:]...)}
	r.cmd.Dir, r.cmd.Env = b.dir, append(withoutOurs(os.Environ()), env...)
	r.Target = loadgen.NewBareTarget(addr)
	if p.limit == 0 {
		r.Target, err = loadgen.NewTarget("ws://"+addr.String()+"/app/"+appKey, appID, appSecret)
	}
	if err != nil {
		return nil, err
	}
	on := []int{c.server}
	if p.spread {
		on = append(on, c.load)
	}
	return r, r.start(ctx, on)
}

// withoutOurs drops the settings of whoever starts the benchmark.
func withoutOurs(env []string) []string {
	return slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "FANFARE_") })
}

// freeAddr finds a port on which nobody listens at the moment.
func freeAddr() (netip.AddrPort, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	return l.Addr().(*net.TCPAddr).AddrPort(), l.Close()
}

func (r *running) start(ctx context.Context, on []int) error {
	var err error
	if r.stderr, err = os.CreateTemp("", "fanfare-bench-*.log"); err != nil {
		return err
	}
	r.cmd.Stderr = r.stderr
	if err := startPinned(r.cmd, on); err != nil {
		return err
	}
	r.Processes = []loadgen.Process{loadgen.Process(r.cmd.Process.Pid)}
	r.ended = make(chan struct{})
	go func() {
		r.err = r.cmd.Wait()
		close(r.ended)
	}()
	return r.waitListening(ctx)
}

func (r *running) waitListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Target.Addr.String())
		if err == nil {
			return c.Close()
		}
		select {
		case <-retry.C:
		case <-r.ended:
			return fmt.Errorf("%s ended at once: %w\n%s", r.cmd, r.err, r.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen on %s: %w", r.cmd, r.Target.Addr, err)
		}
	}
}

// stop ends the process, by force when it takes too long, and waits for it.
func (r *running) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	kill := time.AfterFunc(stopTime, func() { _ = r.cmd.Process.Kill() })
	defer kill.Stop()
	<-r.ended
	_ = r.stderr.Close()
	_ = os.Remove(r.stderr.Name())
}

// tail is the end of what the process wrote to standard error.
func (r *running) tail() []byte {
	const most = 2 << 10
	b, err := os.ReadFile(r.stderr.Name())
	if err != nil {
		return []byte(err.Error())
	}
	return b[max(0, len(b)-most):]
}
