//go:build linux

package main

import (
	"strings"
	"testing"
	"time"
)

// sound is what a trial with 1000 connections finds when all is well.
func sound() findings {
	t := trial{Connections: 1000, InFlight: 256, Mute: 2, Activity: 120 * time.Second, Pong: 30 * time.Second}
	e := ending{Pinged: 120 * time.Second, Closed: 151 * time.Second, Code: 4201}
	return findings{
		Trial: t,
		Empty: reading{Pings: 3, Resident: 14 << 20},
		Full:  reading{Subscriptions: 1000, Resident: 15 << 20},
		Quiet: reading{Sessions: 1000, Pings: 3 + 1002, TimedOut: 2, Sent: 2000},
		Told:  reading{Sent: 3000},

		Silent: []ending{e, e},
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*findings)
		want  string // "" is none
	}{
		"sound":                      {func(*findings) {}, ""},
		"one was not subscribed":     {func(f *findings) { f.Full.Subscriptions-- }, "999 of 1000 connections were subscribed"},
		"one was lost":               {func(f *findings) { f.Quiet.Sessions-- }, "999 of them were left"},
		"a mute one stayed":          {func(f *findings) { f.Quiet.Sessions++ }, "1001 of them were left"},
		"one was not pinged":         {func(f *findings) { f.Quiet.Pings-- }, "sent 1001 pings to 1002 connections"},
		"another one timed out":      {func(f *findings) { f.Quiet.TimedOut++ }, "3 were closed with 4201"},
		"one has no ending":          {func(f *findings) { f.Silent = f.Silent[:1] }, "2 connections did not answer"},
		"the broadcast missed one":   {func(f *findings) { f.Told.Sent-- }, "left the server 999 times"},
		"closed with another code":   {func(f *findings) { f.Silent[1].Code = 4200 }, "closed with 4200, not 4201"},
		"pinged too early":           {func(f *findings) { f.Silent[1].Pinged = 60 * time.Second }, "pinged after 1m0s, not 2m0s"},
		"pinged too late":            {func(f *findings) { f.Silent[1].Pinged = 130 * time.Second }, "pinged after 2m10s"},
		"never pinged":               {func(f *findings) { f.Silent[1].Pinged = 0 }, "pinged after 0s"},
		"closed too soon after":      {func(f *findings) { f.Silent[1].Closed = 121 * time.Second }, "closed 1s after it, not 30s"},
		"closed too long afterwards": {func(f *findings) { f.Silent[1].Closed = 190 * time.Second }, "closed 1m10s after it"},
	} {
		t.Run(name, func(t *testing.T) {
			f := sound()
			c.spoil(&f)
			err := f.check()
			if err == nil && c.want != "" || err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
