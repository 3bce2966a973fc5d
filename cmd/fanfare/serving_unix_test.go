//go:build unix

package main

import (
	"log/slog"
	"testing"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/node"
)

// startServing runs a Main on free ports of the loopback addresses.
func startServing(t *testing.T, change func(*config.Config)) *node.Main {
	t.Helper()
	m := newServing(t, change)
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return m
}

func newServing(t *testing.T, change func(*config.Config)) *node.Main {
	t.Helper()
	l, err := config.Load(config.Sources{Flags: map[string]string{"port": "0", "metrics-port": "0", "loops": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	l.Control.Socket = "" // there is nobody to speak to it
	if change != nil {
		change(&l.Config)
	}
	return &node.Main{Config: l.Config, Log: slog.New(slog.DiscardHandler)}
}
