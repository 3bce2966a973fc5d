//go:build unix

package issuer

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// errLocked tells that another process orders at the moment.
var errLocked = errors.New("another process orders")

// lock keeps other processes from ordering until unlock. The kernel unlocks for one
// that died. It is the folder itself that is locked.
func (f folder) lock() (unlock func(), err error) {
	opened, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(opened.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return func() { _ = opened.Close() }, nil // which unlocks
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errLocked
	} else {
		err = fmt.Errorf("cannot lock %s: %w", f.path, err)
	}
	_ = opened.Close()
	return nil, err
}

// syncFolder makes a rename in it outlast a loss of power.
func syncFolder(name string) error {
	opened, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
