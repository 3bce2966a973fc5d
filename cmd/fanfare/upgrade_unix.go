//go:build unix

package main

import (
	"context"
	"os"
	"strconv"

	"fanfare/cmd/fanfare/node"
	"fanfare/cmd/fanfare/systemd"
)

// upgrades are asked for by SIGUSR2.
type upgrades struct {
	asked   <-chan os.Signal
	service *systemd.Service
}

// try reports whether another process has taken over.
func (u upgrades) try(ctx context.Context, m *node.Main) bool {
	var h node.Handed
	program, err := os.Executable() // where this one was when it was started; what is there now is run
	if err == nil {
		h, err = m.Upgrade(ctx, program, os.Args[1:])
	}
	if err != nil {
		m.Log.Error("not upgraded", "error", err)
		return false
	}
	if err := u.service.Notifier.Send("MAINPID=" + strconv.Itoa(h.PID)); err != nil {
		m.Log.Warn("the service manager does not hear who serves now", "pid", h.PID, "error", err)
	}
	return true
}
