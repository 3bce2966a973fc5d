//go:build unix

package appfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lockPatience is how long a command waits for another one, which takes
// milliseconds.
const lockPatience = 10 * time.Second

// lockFile keeps other commands from editing the file until unlock. It is the
// folder that is locked: the file is replaced by each edit, and a file for the
// lock alone would be left lying about. The kernel unlocks for a process that
// died.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = folder.Close() }, nil // which unlocks
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("cannot lock %s: %w", folder.Name(), err), folder.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("another `fanfare app` keeps %s locked: %w", folder.Name(), ctx.Err()), folder.Close())
		case <-again.C:
		}
	}
}

// ownLike gives a file the owner of another one; nil leaves it.
func ownLike(f *os.File, like fs.FileInfo) error {
	if like == nil {
		return nil
	}
	want, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	var now unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &now); err != nil {
		return err
	}
	if now.Uid == want.Uid && now.Gid == want.Gid {
		return nil
	}
	return f.Chown(int(want.Uid), int(want.Gid))
}

// syncFolder makes a rename in it outlast a loss of power.
func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
