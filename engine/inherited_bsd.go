//go:build unix && !linux

package engine

import (
	"errors"
	"os"

	"github.com/panjf2000/gnet/v2"
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

func placesFor(files []*os.File, _ int) int { return len(files) }

func (inherited) addrs() []string  { return nil }
func (inherited) places() []string { return nil }
func (inherited) adopt() error     { return nil }
func (inherited) release()         {}

func (inherited) listeners() []int { return nil }

func (inherited) prepare(int, map[int]int) error { return nil }

// door is what is only there on Linux.
type door struct{}

func pollersOfListeners() (map[int]int, error) { return nil, nil } //nolint:nilnil // there are none

func (t *sockets) findDoors(map[int]int) {}

// arrival is a connection that another process lends, which none does here.
type arrival struct{}

func (t *sockets) arrive(gnet.Conn, *arrival) gnet.Action { return gnet.Close }
