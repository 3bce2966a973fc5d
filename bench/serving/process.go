//go:build linux

package serving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Process is a program that was started. Whoever has started it must Stop it
// or Wait for it. Its methods may be called from several goroutines.
type Process struct {
	Log string // the file with what it says

	name     string // its command
	process  *os.Process
	patience time.Duration
	ended    chan struct{} // closed when it is gone
	err      error         // how it went; set before
}

// follow waits for a process to end.
func (p *Process) follow(wait func() error) *Process {
	p.ended = make(chan struct{})
	go func() {
		p.err = wait()
		close(p.ended)
	}()
	return p
}

// ID is the number that the system knows it by.
func (p *Process) ID() int { return p.process.Pid }

// Stop ends the process, by force when it takes too long, and waits for it. It
// fails when the process did.
func (p *Process) Stop() error {
	_ = p.process.Signal(syscall.SIGTERM) // it may have ended already
	return p.leave()
}

// leave is Wait with a limit.
func (p *Process) leave() error {
	kill := time.AfterFunc(p.patience, func() { _ = p.process.Kill() })
	defer kill.Stop()
	return p.Wait()
}

// Wait waits for the process to end by itself. It fails when the process did.
func (p *Process) Wait() error {
	<-p.ended
	if p.err == nil {
		return nil
	}
	return p.Because(p.err)
}

// Finished reports whether it has ended.
func (p *Process) Finished() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// During returns a context that ends with the process.
func (p *Process) During(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Because adds to an error the end of what the process has said, and why it
// ended, if it did.
func (p *Process) Because(err error) error {
	if p.Finished() && p.err != nil && !errors.Is(err, p.err) {
		err = fmt.Errorf("%w: %w", p.err, err)
	}
	return fmt.Errorf("%s: %w\n%s", p.name, err, Tail(p.Log))
}

// Tail is the end of a log: 2 KiB, or why it can't be read.
func Tail(file string) []byte {
	const most = 2 << 10
	b, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(b[max(0, len(b)-most):])
}
