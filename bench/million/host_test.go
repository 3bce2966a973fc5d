//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestMemoryFolderRefuses(t *testing.T) {
	const far = 1 << 60
	_, err := memoryFolder(far)
	if err == nil || !strings.Contains(err.Error(), "/dev/shm has") || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got %v, want where room was looked for and what helps", err)
	}
}
