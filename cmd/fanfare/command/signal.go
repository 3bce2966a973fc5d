package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// Signal is why a context of UntilSignal ended.
type Signal struct{ os.Signal }

// Error says it as a shell does.
func (s Signal) Error() string { return s.String() }

// UntilSignal gives a context that ends with the first SIGINT or SIGTERM. Its
// cause is a Signal. After that signals do again what they do by themselves: a
// second one ends the process at once. stop ends the context, too.
func UntilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	got := make(chan os.Signal, 1)
	signal.Notify(got, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-got:
			signal.Stop(got)
			cancel(Signal{s})
		case <-ctx.Done():
			signal.Stop(got)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Terminated tells that a context of UntilSignal ended with SIGTERM: whoever
// sent it is a program and can wait.
func Terminated(ctx context.Context) bool {
	s, ok := errors.AsType[Signal](context.Cause(ctx))
	return ok && s.Signal == syscall.SIGTERM
}
