//go:build race

package engine

import (
	"bytes"
	"runtime"
)

// owner knows which goroutine a loop runs on. Race builds, and so the tests,
// panic when loop-owned state is touched from another.
type owner struct{ goroutine string }

// enter is called at the start of every callback of the transport.
func (o *owner) enter() {
	if o.goroutine == "" {
		o.goroutine = goroutine()
	}
	o.check()
}

// check panics on any goroutine but the loop's.
func (o *owner) check() {
	if g := goroutine(); o.goroutine != "" && g != o.goroutine {
		panic("engine: loop-owned state is used on " + g + ", but its loop runs on " + o.goroutine)
	}
}

func goroutine() string {
	var buf [64]byte
	b := buf[:runtime.Stack(buf[:], false)]
	if i := bytes.IndexByte(b, '['); i > 0 {
		b = b[:i]
	}
	return string(b)
}
