//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/soak/crowd"
)

// company is a crowd's process, as the soak sees it.
type company struct {
	name   string
	log    string
	cmd    *exec.Cmd
	to     io.WriteCloser
	hear   func(*company, crowd.Report) // called by the reader's goroutine
	ended  chan struct{}                // closed when it has, and all it said was heard
	answer chan crowd.Report            // to orders
	err    error                        // why it ended; set before ended is closed
	mu     sync.Mutex
	latest crowd.Report // guarded by mu
}

// hire starts a crowd, in a network namespace of its own if it is to have one. It
// does nothing before it gets its brief.
func hire(name, dir string, ownNet bool, hear func(*company, crowd.Report)) (*company, error) {
	c := &company{
		name: name, log: filepath.Join(dir, "crowd-"+name+".log"), hear: hear,
		ended: make(chan struct{}), answer: make(chan crowd.Report, 1),
	}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // it is the crowd's now
	c.cmd = exec.Command(filepath.Join(dir, "soak"), roleCrowd)
	c.cmd.Stderr = log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if ownNet {
		c.cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNET
	}
	said, err := c.cmd.StdoutPipe()
	if err == nil {
		c.to, err = c.cmd.StdinPipe()
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("crowd %q: %w", name, err)
	}
	go c.listen(said)
	return c, nil
}

// listen takes the reports until the crowd has ended.
func (c *company) listen(said io.Reader) {
	defer close(c.ended)
	reports := json.NewDecoder(bufio.NewReader(said))
	for {
		var r crowd.Report
		if err := reports.Decode(&r); err != nil {
			c.err = errors.Join(c.cmd.Wait(), ignore(err, io.EOF))
			return
		}
		c.mu.Lock()
		c.latest = r
		c.mu.Unlock()
		c.hear(c, r)
		if r.Done != "" {
			c.answer <- r
		}
	}
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// begin gives the crowd its brief.
func (c *company) begin(b crowd.Brief) error { return json.NewEncoder(c.to).Encode(b) }

// order has the crowd do something, and waits until it is done.
func (c *company) order(ctx context.Context, next crowd.Command, patience time.Duration) (crowd.Report, error) {
	if err := json.NewEncoder(c.to).Encode(next); err != nil {
		return crowd.Report{}, c.because(err)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r := <-c.answer:
		return r, nil
	case <-c.ended:
		return crowd.Report{}, c.because(errors.New("it has ended by itself"))
	case <-late.C:
		r := c.report()
		return r, fmt.Errorf("crowd %q: %s took longer than %v; %d of %d members stand", c.name, next.Do, patience, r.Standing, r.Members)
	case <-ctx.Done():
		return crowd.Report{}, context.Cause(ctx)
	}
}

// report is the latest one.
func (c *company) report() crowd.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// signal stops and continues the process.
func (c *company) signal(s syscall.Signal) error { return c.cmd.Process.Signal(s) }

// dismiss ends the process and waits for it.
func (c *company) dismiss() error {
	_ = c.to.Close() // which it takes for the end
	late := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	<-c.ended
	if c.err != nil {
		return c.because(c.err)
	}
	return nil
}

func (c *company) because(err error) error {
	b, _ := os.ReadFile(c.log) // what there is
	return fmt.Errorf("crowd %q: %w\n%.2000s", c.name, err, b)
}
