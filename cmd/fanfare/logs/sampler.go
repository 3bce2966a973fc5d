package logs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// SamplerConfig says how many lines are too many. The zero value of a field
// means its default.
type SamplerConfig struct {
	// Interval is how long lines are counted. Default 10 s.
	Interval time.Duration
	// First is how many lines of one message are written in an interval. Default
	// 100.
	First int
	// Every is which of those beyond is written as well: every 1,000th, by
	// default.
	Every int
}

func (c *SamplerConfig) setDefaults() {
	if c.Interval <= 0 {
		c.Interval = 10 * time.Second
	}
	if c.First <= 0 {
		c.First = 100
	}
	if c.Every <= 0 {
		c.Every = 1000
	}
}

// Sampler is a slog.Handler that leaves lines out when too many have the same
// level and message. A line that comes after others were left out, or one at the
// end of the interval, says how many: suppressed=N. It does not allocate for
// lines that it leaves out.
type Sampler struct {
	slog.Handler

	counts *counts
}

// counts are shared by a Sampler and those made of it with attributes.
type counts struct {
	SamplerConfig

	root slog.Handler // for lines at the end of an interval

	mu    sync.Mutex
	seen  map[kind]*count // guarded by mu: in this interval
	timer *time.Timer     // guarded by mu: ends the interval; nil before one begins
}

// kind is what lines have in common that are counted together.
type kind struct {
	level   slog.Level
	message string
}

type count struct{ lines, suppressed int }

// maxKinds bounds the messages that are counted each by itself. Ours are
// constant and far fewer; what others make of a peer's words is counted as one.
const maxKinds = 256

// NewSampler samples the lines for a handler. It starts no goroutine; a timer
// runs a function at the end of an interval in which there were lines.
func NewSampler(h slog.Handler, cfg SamplerConfig) *Sampler {
	cfg.setDefaults()
	return &Sampler{Handler: h, counts: &counts{SamplerConfig: cfg, root: h, seen: make(map[kind]*count)}}
}

// Handle implements slog.Handler.
func (s *Sampler) Handle(ctx context.Context, r slog.Record) error {
	write, suppressed := s.counts.add(kind{r.Level, r.Message})
	if !write {
		return nil
	}
	if suppressed > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("suppressed", suppressed))
	}
	return s.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (s *Sampler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Sampler{s.Handler.WithAttrs(attrs), s.counts}
}

// WithGroup implements slog.Handler.
func (s *Sampler) WithGroup(name string) slog.Handler {
	return &Sampler{s.Handler.WithGroup(name), s.counts}
}

// Flush ends the interval now: how many lines were left out is written.
func (s *Sampler) Flush() { s.counts.end() }

// add counts a line and judges it.
func (c *counts) add(k kind) (write bool, suppressed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		c.timer = time.AfterFunc(c.Interval, c.end)
	}
	n := c.seen[k]
	if n == nil {
		n = c.newLocked(k)
	}
	n.lines++
	if n.lines > c.First && (n.lines-c.First)%c.Every != 0 {
		n.suppressed++
		return false, 0
	}
	suppressed, n.suppressed = n.suppressed, 0
	return true, suppressed
}

func (c *counts) newLocked(k kind) *count {
	if len(c.seen) >= maxKinds {
		k.message = "" // together with all others that there is no room for
		if n := c.seen[k]; n != nil {
			return n
		}
	}
	n := new(count)
	c.seen[k] = n
	return n
}

// end begins a new interval with the next line, and tells what the last has
// left out.
func (c *counts) end() {
	c.mu.Lock()
	seen := c.seen
	c.seen = make(map[kind]*count)
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	c.mu.Unlock()
	for k, n := range seen {
		if n.suppressed > 0 {
			c.tell(k, n.suppressed)
		}
	}
}

func (c *counts) tell(k kind, suppressed int) {
	if k.message == "" {
		k.message = "lines of many kinds"
	}
	r := slog.NewRecord(time.Now(), k.level, k.message, 0)
	r.AddAttrs(slog.Int("suppressed", suppressed))
	if ctx := context.Background(); c.root.Enabled(ctx, k.level) {
		_ = c.root.Handle(ctx, r) // there is no other place to say it
	}
}
