package appfile

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile keeps other commands from editing the file until unlock, by a file
// beside it: folders can't be locked here.
func lockFile(_ context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // which unlocks
}

// ownLike does nothing: a file in the same folder has the same access list.
func ownLike(*os.File, fs.FileInfo) error { return nil }

// syncFolder does nothing: folders can't be synced here.
func syncFolder(string) error { return nil }
