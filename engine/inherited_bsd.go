//go:build unix && !linux

package engine

import (
	"errors"
	"os"
)

// inherited is what is only there on Linux.
type inherited []struct{}

func inherit(files []*os.File, _ int) (inherited, error) {
	closeFiles(files)
	if len(files) > 0 {
		return nil, errors.New("cannot serve inherited sockets: that works on Linux only; give an address to listen on instead")
	}
	return nil, nil
}

func (inherited) addrs() []string  { return nil }
func (inherited) places() []string { return nil }
func (inherited) adopt(int) error  { return nil }
func (inherited) release()         {}
