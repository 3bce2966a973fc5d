//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"fanfare/bench/report"
)

// upgrade is what fanfare upgrade says of one.
type upgrade struct {
	From        int     `json:"from_pid"`
	To          int     `json:"to_pid"`
	Connections int     `json:"connections"`
	Cut         int     `json:"cut"`
	State       int64   `json:"state_bytes"`
	Frozen      float64 `json:"frozen_seconds"`
	Took        float64 `json:"took_seconds"`
}

// String is for the table of accidents.
func (u *upgrade) String() string {
	return fmt.Sprintf("%d connections with %s of state moved, frozen for %s, in %s", u.Connections, report.Bytes(float64(u.State)), span(u.Frozen), span(u.Took))
}

// span is seconds in words.
func span(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}

// succeed has another process take the server's place: the next generation.
// meanwhile is called as long as that takes, again and again.
func (h *house) succeed(ctx context.Context, meanwhile func()) (u upgrade, err error) {
	h.mu.Lock()
	old := h.server
	h.handing = true
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.handing = false
	}()
	if err := h.askUpgrade(ctx, &u, meanwhile); err != nil {
		return u, err
	}
	next, err := old.SucceededBy(u.To)
	if err != nil {
		return u, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server = next
	h.generation++
	h.upgrades = append(h.upgrades, u)
	return u, nil
}

func (h *house) askUpgrade(ctx context.Context, u *upgrade, meanwhile func()) error {
	var out, words bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(h.dir, "fanfare"), "upgrade", "--json", "--socket", filepath.Join(h.dir, "control.sock"))
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			meanwhile()
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(words.Bytes()))
			}
			return json.Unmarshal(out.Bytes(), u)
		}
	}
}

// refuseUpgrade asks for an upgrade that has to be called off, for a reason that has
// certain words.
func (h *house) refuseUpgrade(ctx context.Context, reason string) error {
	var u upgrade
	err := h.askUpgrade(ctx, &u, func() {})
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains([]byte(err.Error()), []byte(reason)) {
		return fmt.Errorf("an upgrade that had to be called off (%s) came to %+v, %w", reason, u, err)
	}
	return nil
}

// moves are the upgrades so far.
func (h *house) moves() []upgrade {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.upgrades)
}
