package logs

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Config says how a log is written.
type Config struct {
	// Level is the least serious to write: debug, info, warn or error. Default
	// info.
	Level string

	// JSON has lines of JSON written, else key=value.
	JSON bool
}

// Log is a log and what belongs to it.
type Log struct {
	*slog.Logger

	// Level may be changed at any time by anybody.
	Level *slog.LevelVar

	queue *queue
}

// New makes a log that writes to w. It starts a goroutine, which Close ends.
func New(w io.Writer, cfg Config) (*Log, error) {
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(cmp.Or(cfg.Level, "info"))); err != nil {
		return nil, fmt.Errorf("log level %.20q: want debug, info, warn or error", cfg.Level)
	}
	w = plain{w}
	direct := slog.New(newHandler(w, cfg.JSON, level))
	q := newQueue(w, func(lines int) {
		direct.Warn("lines of the log are missing: whoever reads it was too slow", "lines", lines)
	})
	return &Log{Logger: slog.New(newHandler(q, cfg.JSON, level)), Level: level, queue: q}, nil
}

func newHandler(w io.Writer, json bool, level slog.Leveler) slog.Handler {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: cut}
	if json {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// closeTime is how long Close waits for a reader who does not read.
const closeTime = 2 * time.Second

// Close returns when what was logged is written, or after two seconds.
func (l *Log) Close() { l.queue.close(closeTime) }
