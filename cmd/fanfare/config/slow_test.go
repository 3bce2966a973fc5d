package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
)

func TestSlowFromEnv(t *testing.T) {
	f := func(text string, want ...Slow) {
		t.Helper()
		l, err := Load(Sources{File: "testdata/slow.good.toml", Env: []string{envList("slow") + "=" + text}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, l.Apps[0].Slow); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if got := l.origin("apps[0].slow[0].channels"); got != "FANFARE_APP_SLOW" {
			t.Errorf("the first pattern comes from %s", got)
		}
	}
	f("a=b;c-*:conflate", Slow{Channels: "a=b;c-*", Policy: "conflate"})
	f(" *-x:disconnect  *:drop-oldest:bytes=1KiB:frames=3:age=1m ",
		Slow{Channels: "*-x", Policy: "disconnect"},
		Slow{Channels: "*", Policy: "drop-oldest", Bytes: 1024, Frames: 3, Age: time.Minute})
}

func TestSlowFromEnvErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := Load(Sources{Env: []string{envList("slow") + "=" + text, EnvConfig + "=testdata/empty.txt"}})
		checkErrors(t, err, []string{want})
	}
	f("market-*", `FANFARE_APP_SLOW: market-*: want a pattern and a policy, such as market-*:conflate`)
	f("a:conflate b:newest", `FANFARE_APP_SLOW: b:newest: policy=newest: want one of disconnect, drop-oldest, conflate`)
	f("a:conflate:frame=1", `FANFARE_APP_SLOW: a:conflate:frame=1: "frame=1" is no limit: want bytes=, frames= or age=, such as camera-*:drop-oldest:frames=4:age=2`)
	f("a:conflate:age=x", `FANFARE_APP_SLOW: a:conflate:age=x: age=x: want a number of seconds, such as 30 or 1m30s`)
}

func TestSlowArrivesInTheRecord(t *testing.T) {
	l, err := Load(Sources{File: "testdata/slow.good.toml"})
	if err != nil {
		t.Fatal(err)
	}
	want := apps.New("1", "one", "s1")
	want.Limits.EventData = 20 << 10
	want.Slow = apps.Slow{Policy: apps.SlowDropOldest, Bytes: 64 << 10, Frames: 64, Age: 10 * time.Second}
	want.SlowChannels = []apps.SlowChannels{
		{Channels: "market-*", Slow: apps.Slow{Policy: apps.SlowConflate}},
		{Channels: "camera-*", Slow: apps.Slow{Policy: apps.SlowDropOldest, Bytes: 512 << 10, Frames: 4, Age: 2 * time.Second}},
	}
	if diff := cmp.Diff(want, l.Apps[0].record()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := l.Server.QueueAge; got != time.Minute {
		t.Errorf("queue_age is %v, want 1m", got)
	}
}
