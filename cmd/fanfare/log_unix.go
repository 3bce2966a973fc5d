//go:build unix

package main

import (
	"io"
	"log/slog"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/term"
)

// newLogger makes the log that [log] asks for, and what its level can be
// changed by.
func newLogger(w io.Writer, cfg config.Log) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		panic(err) // the configuration has been checked
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" || cfg.Format == "auto" && term.IsTerminal(w) {
		return slog.New(slog.NewTextHandler(w, o)), level
	}
	return slog.New(slog.NewJSONHandler(w, o)), level
}
