package apps

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSlowFor(t *testing.T) {
	a := New("1", "k", "s")
	a.SlowChannels = []SlowChannels{{Channels: "market-eur"}, {Channels: "market-*"}, {Channels: "private-*-camera"}, {Channels: "*-x-*-y"}}
	f := func(channel string, want int) {
		t.Helper()
		if got := a.SlowFor(channel); got != want {
			t.Errorf("%q has rule %d, want %d", channel, got, want)
		}
	}
	f("market-eur", 0)
	f("market-eur2", 1)
	f("market-", 1)
	f("market", -1)
	f("amarket-eur", -1)
	f("private--camera", 2)
	f("private-camera", -1)
	f("private-7-camera-camera", 2)
	f("private-7-camera2", -1)
	f("a-x--y", 3)
	f("-x-x-y-y", 3)
	f("a-x-y", -1)
	f("", -1)
}

// matches agrees with the plain definition of a pattern.
func TestPatternsMatchAsDefined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune("ab**")), 0, 8, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 8, -1).Draw(t, "name")
		if got, want := matches(pattern, name), defined(pattern, name); got != want {
			t.Errorf("matches(%q, %q) = %v, want %v", pattern, name, got, want)
		}
	})
}

func defined(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return defined(pattern[1:], name) || name != "" && defined(pattern, name[1:])
	}
	return name != "" && name[0] == pattern[0] && defined(pattern[1:], name[1:])
}

func TestSlowIsChecked(t *testing.T) {
	f := func(change func(a *App), want string) {
		t.Helper()
		a := New("1", "k", "s")
		change(a)
		err := a.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	patterns := func(list ...string) func(a *App) {
		return func(a *App) {
			for _, p := range list {
				a.SlowChannels = append(a.SlowChannels, SlowChannels{Channels: p})
			}
		}
	}
	f(func(a *App) { a.Slow = Slow{Policy: SlowConflate, Bytes: 1, Frames: 1, Age: time.Hour} }, "")
	f(func(a *App) { a.Slow = Slow{} }, "")
	f(func(a *App) { a.Slow.Policy = "drop" }, `slow_policy is "drop": use "disconnect", "drop-oldest" or "conflate"`)
	f(func(a *App) { a.Slow.Bytes = -1 }, `slow_bytes is -1: use a positive number, or 0 for the server's limit`)
	f(func(a *App) { a.Slow.Frames = -1 }, `slow_frames is -1: use a positive number`)
	f(func(a *App) { a.Slow.Age = 1500 * time.Millisecond }, `slow_age is 1.5s: use whole seconds up to 1h, or 0 for none of its own`)
	f(patterns("market-eur", "market-*", "*"), "")
	f(patterns(""), `slow[0].channels is "": write the channels that it is for, like "market-*"`)
	f(patterns("a", "b c"), `slow[1].channels is "b c": the character at byte 1 is in no channel's name`)
	f(patterns("market-*", "x", "market-*-eur"), `slow[2].channels is "market-*-eur": slow[0].channels, "market-*", takes all of them before; put the narrower pattern first`)
	f(patterns(strings.Split(strings.Repeat("x", MaxSlowChannels), "")...), `takes all of them`)
	f(func(a *App) { a.SlowChannels = make([]SlowChannels, MaxSlowChannels+1) }, "slow has 65 patterns: at most 64 are allowed")
	f(func(a *App) { a.SlowChannels = []SlowChannels{{"x", Slow{Policy: "no"}}} }, `slow[0].policy is "no"`)
}

func TestSlowForDoesNotAllocate(t *testing.T) {
	a := New("1", "k", "s")
	a.SlowChannels = []SlowChannels{{Channels: "market-*"}, {Channels: "*-camera-*"}}
	if n := testing.AllocsPerRun(100, func() { a.SlowFor("private-camera-7") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
