package apps

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SlowPolicy names what happens to messages for a connection that reads too
// slowly, as a configuration spells it.
type SlowPolicy string

// The policies.
const (
	// SlowDisconnect closes the connection. The default, also for "".
	SlowDisconnect SlowPolicy = "disconnect"
	// SlowDropOldest drops the oldest messages that wait.
	SlowDropOldest SlowPolicy = "drop-oldest"
	// SlowConflate keeps only the newest message of each channel and event.
	SlowConflate SlowPolicy = "conflate"
)

// Slow says what becomes of a channel's messages on connections that read too
// slowly. The limits are for what waits for one connection; 0 leaves them to
// the server's own. A connection that keeps up gets every message.
type Slow struct {
	Policy SlowPolicy
	Bytes  int           // of messages, frame headers included
	Frames int           // messages
	Age    time.Duration // of the oldest; whole seconds, to 1 h
}

// IsDefault tells that nothing but the server's own limits is asked for.
func (s *Slow) IsDefault() bool {
	return *s == Slow{} || *s == Slow{Policy: SlowDisconnect}
}

// SlowChannels is a [Slow] for the channels that match a pattern, in which *
// stands for any characters, also for none.
type SlowChannels struct {
	Channels string
	Slow
}

// MaxSlowChannels is the most patterns that an app may have: each publish
// tries them in turn.
const MaxSlowChannels = 64

// SlowFor returns the index in [App.SlowChannels] of the first pattern that
// the channel matches, and -1 when [App.Slow] holds for it.
func (a *App) SlowFor(channel string) int {
	return slices.IndexFunc(a.SlowChannels, func(s SlowChannels) bool { return matches(s.Channels, channel) })
}

// matches tells whether a pattern stands for a whole name. It takes no more
// than the product of both lengths, whatever the pattern.
func matches(pattern, name string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	name, ok := strings.CutPrefix(name, head)
	if !wild || !ok {
		return ok && name == ""
	}
	for {
		var part string
		if part, rest, wild = strings.Cut(rest, "*"); !wild {
			return strings.HasSuffix(name, part)
		}
		at := strings.Index(name, part) // the leftmost leaves most for the others
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
}

func (s *Slow) validate(prefix string) error {
	var errs []error
	switch s.Policy {
	case "", SlowDisconnect, SlowDropOldest, SlowConflate:
	default:
		errs = append(errs, fmt.Errorf("%spolicy is %q: use %q, %q or %q", prefix, s.Policy, SlowDisconnect, SlowDropOldest, SlowConflate))
	}
	if s.Bytes < 0 {
		errs = append(errs, fmt.Errorf("%sbytes is %d: use a positive number, or 0 for the server's limit", prefix, s.Bytes))
	}
	if s.Frames < 0 {
		errs = append(errs, fmt.Errorf("%sframes is %d: use a positive number, or 0 for the server's limit", prefix, s.Frames))
	}
	if s.Age < 0 || s.Age > time.Hour || s.Age%time.Second != 0 {
		errs = append(errs, fmt.Errorf("%sage is %v: use whole seconds up to 1h, or 0 for none of its own", prefix, s.Age))
	}
	return errors.Join(errs...)
}

// checkSlow checks the app's own [Slow] and those of its patterns.
func (a *App) checkSlow() error {
	errs := []error{a.Slow.validate("slow_")}
	if n := len(a.SlowChannels); n > MaxSlowChannels {
		errs = append(errs, fmt.Errorf("slow has %d patterns: at most %d are allowed; join some with *", n, MaxSlowChannels))
	}
	for i := range a.SlowChannels {
		s := &a.SlowChannels[i]
		at := fmt.Sprintf("slow[%d].", i)
		if why := a.slowFault(i); why != "" {
			errs = append(errs, fmt.Errorf("%schannels is %q: %s", at, s.Channels, why))
		}
		errs = append(errs, s.validate(at))
	}
	return errors.Join(errs...)
}

// slowFault says what is wrong with a pattern that can never match, "" when it
// is fine.
func (a *App) slowFault(i int) string {
	pattern := a.SlowChannels[i].Channels
	if pattern == "" {
		return `write the channels that it is for, like "market-*"`
	}
	if at := strings.IndexFunc(pattern, notInChannel); at >= 0 {
		return fmt.Sprintf("the character at byte %d is in no channel's name; use letters, digits, _ - = @ , . ; and *", at)
	}
	for j, earlier := range a.SlowChannels[:i] {
		if matches(earlier.Channels, pattern) {
			return fmt.Sprintf("slow[%d].channels, %q, takes all of them before; put the narrower pattern first", j, earlier.Channels)
		}
	}
	return ""
}

func notInChannel(r rune) bool {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !isLetter && (r < '0' || r > '9') && !strings.ContainsRune("_-=@,.;#*", r)
}
