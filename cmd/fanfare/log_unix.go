//go:build unix

package main

import (
	"io"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/logs"
	"fanfare/cmd/fanfare/term"
)

// newLog makes the log that [log] asks for.
func newLog(w io.Writer, cfg config.Log) (*logs.Log, error) {
	text := cfg.Format == "text" || cfg.Format == "auto" && term.IsTerminal(w)
	return logs.New(w, logs.Config{Level: cfg.Level, JSON: !text})
}
