//go:build unix && !linux

package node

import (
	"context"
	"errors"
	"time"

	"fanfare/cmd/fanfare/control"
)

// Link is what there is on Linux only.
type Link struct{}

// AwaitEnd is not called.
func (*Link) AwaitEnd(time.Duration) {}

// ErrChecked is not returned.
var ErrChecked = errors.New("this process could take over")

// Heritage is nil: nobody's place is taken.
func Heritage(func(string) string) (*Link, error) { return nil, nil } //nolint:nilnil // as its comment says

// Refuse is not called.
func Refuse(*Link, error) {}

// Inherit is not called.
func (*Main) Inherit(context.Context, *Link) error { return errors.ErrUnsupported }

func upgradable() error {
	return errors.New("cannot upgrade: that works on Linux only; fanfare drain sends the clients away at a pace")
}

// Upgrade is not called.
func (*Main) Upgrade(context.Context, control.UpgradeRequest, []string) (int, error) {
	return 0, errors.ErrUnsupported
}
