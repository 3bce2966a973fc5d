//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/scenario"
	"fanfare/bench/serving"
)

// patience is how long the server has to listen, and to end.
const patience = 30 * time.Second

// house is the server through all its generations.
type house struct {
	dir    string
	server *serving.Server // the first one
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

func (h *house) start(ctx context.Context, settings string) error {
	if err := os.WriteFile(h.path("fanfare.toml"), []byte(settings), 0o600); err != nil {
		return err
	}
	p := serving.Fanfare(h.path("fanfare"), "--config", h.path("fanfare.toml"))
	p.Dir, p.Log, p.Patience = h.dir, h.path("server.log"), patience
	s, err := p.Serve(ctx)
	if err != nil {
		return err
	}
	h.server = s
	return nil
}

// upgrade is fanfare upgrade.
func (h *house) upgrade(ctx context.Context) (scenario.Handed, error) {
	cmd := exec.CommandContext(ctx, h.path("fanfare"), "upgrade", "--json", "--socket", h.path("control.sock"))
	var said, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := cmd.Run(); err != nil {
		return scenario.Handed{}, fmt.Errorf("fanfare upgrade: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	var a struct {
		PID         int     `json:"to_pid"`
		Connections int     `json:"connections"`
		Cut         int     `json:"cut"`
		State       int64   `json:"state_bytes"`
		Frozen      float64 `json:"frozen_seconds"`
		Took        float64 `json:"took_seconds"`
	}
	if err := json.Unmarshal(said.Bytes(), &a); err != nil {
		return scenario.Handed{}, fmt.Errorf("fanfare upgrade said %q: %w", said.Bytes(), err)
	}
	return scenario.Handed{
		PID: a.PID, Connections: a.Connections, Cut: a.Cut, Bytes: a.State, Frozen: seconds(a.Frozen), Took: seconds(a.Took),
	}, nil
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// stop ends the server, whichever process it is, and waits until it is gone.
func (h *house) stop() error {
	if h.server == nil {
		return nil
	}
	latest, err := h.heir()
	if err == nil {
		err = end(latest)
	}
	return errors.Join(err, h.server.Wait())
}

// heir is the process that has taken over last, by the log: whoever asked for it may
// not have heard.
func (h *house) heir() (pid int, err error) {
	b, err := os.ReadFile(h.server.Log)
	pid = h.server.ID()
	for line := range bytes.Lines(b) {
		var entry struct {
			Msg   string
			ToPID int `json:"to_pid"`
		}
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "handed over" {
			pid = entry.ToPID
		}
	}
	return pid, err
}

// end ends a process that is nobody's child any more, by force when it takes too
// long.
func end(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("process %d, which served last, has died", pid)
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer func() { _ = unix.Close(fd) }() // nothing is lost with it
	for _, signal := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		if err := unix.PidfdSendSignal(fd, signal, nil, 0); err != nil {
			return os.NewSyscallError("pidfd_send_signal", err)
		}
		if gone, err := waitFor(fd); gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

func waitFor(pidfd int) (gone bool, err error) {
	until := time.Now().Add(patience)
	for {
		left := time.Until(until)
		if left <= 0 {
			return false, nil
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return n > 0, os.NewSyscallError("poll", err)
	}
}
