//go:build !race

package engine

// owner knows which goroutine a loop runs on; only race builds look.
type owner struct{}

func (owner) enter() {}

func (owner) check() {}
