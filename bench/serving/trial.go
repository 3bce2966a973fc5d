//go:build linux

package serving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// What the programs have in common that take half an hour or more.

// MakeResults finds out before the time is spent, not after, that results can be
// written to a folder. flag names it in the error; an empty folder is none.
func MakeResults(flag, folder string) error {
	if folder == "" {
		return nil
	}
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = unix.Access(folder, unix.W_OK)
	}
	if err != nil {
		return fmt.Errorf("%s %s: cannot write there: %w", flag, folder, err)
	}
	return nil
}

// BuildOr builds Fanfare to a file, or copies the program that is given there.
func BuildOr(ctx context.Context, to, given string) error {
	if given == "" {
		return Build(ctx, to, "fanfare/cmd/fanfare")
	}
	b, err := os.ReadFile(given)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755) //nolint:gosec // a program
}

// KeepLogs copies what the processes of a failed run have said, the files *.log of
// a folder, and says where they are; nil when there are none, or nowhere to.
func KeepLogs(from, to string) error {
	logs, err := filepath.Glob(filepath.Join(from, "*.log"))
	if err != nil || len(logs) == 0 || to == "" {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, log := range logs {
		b, err := os.ReadFile(log)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(log)), b, 0o644) //nolint:gosec // everybody may read it
		}
		if err != nil {
			return err
		}
	}
	return errors.New("the logs are in " + to)
}
