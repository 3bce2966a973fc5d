package client

import (
	"errors"
	"fmt"
	"time"

	"fanfare/cmd/fanfare/term"
)

// closedError is how a server ended a connection: a close frame, or a
// pusher:error before the handshake was done, which means the same.
type closedError struct {
	code   int
	reason string
}

func (e *closedError) Error() string {
	if e.reason == "" {
		return fmt.Sprintf("the server closed the connection with code %d%s", e.code, e.advice())
	}
	return fmt.Sprintf("the server closed the connection with code %d: %s%s", e.code, term.Printable(e.reason), e.advice())
}

func (e *closedError) advice() string {
	if e.code == 4000 {
		return " (it takes TLS only: use --url https://...)"
	}
	return ""
}

// dialError is a connection that did not come about.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

var errNoPong = errors.New("the server has gone silent")

const (
	firstWait = time.Second
	mostWait  = 30 * time.Second
	// steady is the age at which a connection counts as having worked, so
	// that a server that closes everyone at once is not stormed.
	steady = time.Second
)

// retry decides when to connect again. Pusher's ranges of close codes say
// whether: 40xx never, 41xx after a second or more, 42xx at once. Waits double
// while connections fail.
type retry struct {
	failures  int
	connected bool // at least once
}

// after is called with the end of a connection that lived for age.
func (r *retry) after(err error, age time.Duration) (wait time.Duration, again bool) {
	_, failed := errors.AsType[dialError](err)
	r.connected = r.connected || !failed
	if !failed && age >= steady {
		r.failures = 0
	}
	code := 0
	if closed, ok := errors.AsType[*closedError](err); ok {
		code = closed.code
	}
	switch {
	case code >= 4000 && code < 4100, code >= 4300:
		return 0, false
	case !r.connected:
		return 0, false
	case code >= 4200 && r.failures == 0 && age >= steady:
		return 0, true
	}
	wait = min(mostWait, firstWait<<min(r.failures, 10))
	r.failures++
	return wait, true
}
