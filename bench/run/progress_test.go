//go:build linux

package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/api"
)

// What is left is stretched as what is over was, and long trials are told of.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		long := trial{key: "a", scenario: api.Scenario{Duration: 59_300 * time.Millisecond}}
		p := newProgress(&out, []measurement{{id: "m", times: 2, trials: []trial{long, long}}})
		p.begin("m", long)
		<-time.After(16 * time.Second)
		p.show(scenario.Progress{Phase: scenario.Measuring, Elapsed: 16 * time.Second, Planned: time.Minute})
		p.show(scenario.Progress{Phase: scenario.Measuring, Elapsed: 16 * time.Second, Planned: time.Minute})
		<-time.After(104 * time.Second)
		p.done(func(*scenario.Result) (string, bool) { return "5 apples", true }, &scenario.Result{Wall: time.Second})
		want := "4 steps, about 4 min\n" +
			"step 1 of 4  m, a:  measuring , 16.0 s of 60.0 s\n" +
			"step 1 of 4  m, a:  5 apples (server 0.00 s, load 0.00 s, in 1.00 s); 6 min left\n"
		if got := out.String(); got != want {
			t.Errorf("told\n%s\nwant\n%s", got, want)
		}
	})
}
