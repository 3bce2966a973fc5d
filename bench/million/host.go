//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// memoryFolder finds a folder in which a file of so many bytes has room, best
// one that is in memory itself.
func memoryFolder(need int64) (string, error) {
	var refused []error
	for _, folder := range []string{"/dev/shm", os.TempDir()} {
		var fs unix.Statfs_t
		if err := unix.Statfs(folder, &fs); err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", folder, err))
			continue
		}
		free := int64(fs.Bavail) * fs.Bsize
		if free >= need {
			return folder, nil
		}
		refused = append(refused, fmt.Errorf("%s has %s", folder, amount(free)))
	}
	return "", fmt.Errorf("no room for the guest's memory of %s: %w; "+
		"mount -o remount,size=%dG /dev/shm, or name a folder with room in TMPDIR", amount(need), errors.Join(refused...), need>>30+1)
}

const (
	mappingsFile = "/proc/sys/vm/max_map_count"
	mappings     = 8_000_000
	// fewConnections do with what every kernel allows.
	fewConnections = 50_000
)

// allowMappings lets the guest's processes use memory for n connections, each
// page of which may be a mapping of its own. restore takes that back.
func allowMappings(n int) (restore func() error, err error) {
	was := line(mappingsFile)
	if allowed, err := strconv.Atoi(was); err == nil && allowed >= mappings || n <= fewConnections {
		return func() error { return nil }, nil
	}
	if err := writeMappings(strconv.Itoa(mappings)); err != nil {
		return nil, fmt.Errorf("the guest needs vm.max_map_count=%d for %d connections, and it is %s: %w; "+
			"as root: sysctl -w vm.max_map_count=%[1]d", mappings, n, was, err)
	}
	return func() error { return writeMappings(was) }, nil
}

func writeMappings(n string) error { return os.WriteFile(mappingsFile, []byte(n), 0) }

// line is what a file of one line says; "?" when it can't be read.
func line(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(b))
}
