//go:build unix && !linux

package node

import (
	"context"
	"errors"
)

// Link is what there is on Linux only.
type Link struct{}

// Handed is what a hand-over came to, which there is on Linux only.
type Handed struct{ PID int }

// Heritage is nil: nobody's place is taken.
func Heritage(func(string) string) (*Link, error) { return nil, nil } //nolint:nilnil // as its comment says

// Inherit is not called.
func (*Main) Inherit(context.Context, *Link) error { return errors.ErrUnsupported }

// Upgrade fails.
func (*Main) Upgrade(context.Context, string, []string) (Handed, error) {
	return Handed{}, errors.New("cannot upgrade: that works on Linux only; fanfare drain sends the clients away at a pace")
}
