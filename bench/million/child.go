//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// child is a process whose output goes to a file.
type child struct {
	cmd   *exec.Cmd
	log   string        // the file
	ended chan struct{} // closed when the process is gone
	err   error         // how it went; set before
}

func (c *child) start(log string) error {
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // it is the child's now
	c.log, c.cmd.Stdout, c.cmd.Stderr = log, out, out
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	c.ended = make(chan struct{})
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return nil
}

// stop ends the process, by force when it takes too long, and waits for it.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	kill := time.AfterFunc(stopTime, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	return c.wait()
}

// wait waits for the process to end by itself. It fails when that did.
func (c *child) wait() error {
	<-c.ended
	if c.err == nil {
		return nil
	}
	return c.because(c.err)
}

func (c *child) finished() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// during returns a context that ends with the process.
func (c *child) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-c.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// because adds the end of the process' output to an error, and why it ended,
// if it did.
func (c *child) because(err error) error {
	if c.finished() && c.err != nil && !errors.Is(err, c.err) {
		err = fmt.Errorf("%w: %w", c.err, err)
	}
	return fmt.Errorf("%s: %w\n%s", c.cmd, err, tail(c.log))
}

// freePorts finds ports of the loopback on which nobody listens at the moment.
func freePorts(n int) ([]string, error) {
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // all are held until all are known
		ports[i] = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
