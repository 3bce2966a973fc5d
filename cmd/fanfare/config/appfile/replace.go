package appfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// followLinks gives the file that a name stands for, so that a symbolic link is
// not replaced by what it leads to. A file that is not there stands for itself.
func followLinks(name string) (string, error) {
	path, err := filepath.EvalSymlinks(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(name))
	return filepath.Join(folder, filepath.Base(name)), err
}

// beside is how the names of files begin that are to become this one.
func beside(path string) string { return "." + filepath.Base(path) + "-" }

// removeLitter removes what commands have left that were killed before their file
// took its place: it holds secrets. Nobody else writes while we have the lock.
func removeLitter(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), beside(path))
		if ok && number != "" && strings.Trim(number, "0123456789") == "" {
			errs = append(errs, os.Remove(filepath.Join(filepath.Dir(path), e.Name())))
		}
	}
	return errors.Join(errs...)
}

// replaceFile writes a file such that every reader sees all of the old text or
// all of the new, also after a loss of power. Owner and mode stay; those of a
// new file are like the configuration's, for the same server reads both, but
// never open to everybody.
func replaceFile(path, text, like string) error {
	info, err := os.Stat(path)
	mode := fs.FileMode(0o600)
	if err == nil {
		mode = info.Mode().Perm()
	} else if info, err = os.Stat(like); err == nil {
		mode = info.Mode().Perm() & 0o660
	}
	if err := removeLitter(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), beside(path)+"*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), ownLike(f, info), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}
