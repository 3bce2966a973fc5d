//go:build unix && !linux

package engine

import "errors"

// ring is Linux's.
type ring struct{}

func newRing() (*ring, error) { return nil, errors.ErrUnsupported }

func (*ring) send([]Sending) error { return errors.ErrUnsupported }

func (*ring) close() {}
