//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"fanfare/bench/scenario/upgrade"
)

// options is what the command line says.
type options struct {
	upgrade.Scenario

	results string
	logs    string
	fanfare string
	bound   time.Duration
	repeat  bool
	tls     bool
}

// usage stands above the flags.
const usage = `Usage: go run ./bench/upgrades [flags]

Upgrades a server under load, from the top of the checkout, and shows that
nobody notices.

`

// usualConnections is how many there are unless somebody wants others.
const usualConnections = 10_000

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet("upgrades", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		_, _ = io.WriteString(stderr, usage) // nobody may be there to read it
		fs.PrintDefaults()
	}
	fs.IntVar(&o.Connections, "connections", usualConnections, "`N` connections")
	fs.Float64Var(&o.Rate, "rate", 2000, "`N` publishes a second, each to a room of ten")
	fs.Float64Var(&o.Churn, "churn", 30, "`N` members that leave each second, a third of them by unsubscribing")
	fs.DurationVar(&o.Away, "away", 5*time.Second, "`TIME` until one who left comes back. From 4s on webhooks tell of each, and\nare counted; before 3s they have to keep silent")
	fs.IntVar(&o.Slow, "slow", 20, "`N` readers that do not keep up")
	fs.IntVar(&o.SlowBytes, "slow-bytes", 4_000_000, "`BYTES` that are published to each of them before the first upgrade")
	fs.IntVar(&o.Upgrades, "upgrades", 3, "`N` upgrades, one after the other")
	fs.DurationVar(&o.Pause, "pause", 5*time.Second, "`TIME` before each and after the last")
	fs.Uint64Var(&o.Seed, "seed", 1, "`SEED` of all that is drawn")
	fs.DurationVar(&o.bound, "bound", 500*time.Millisecond, "`TIME` that no client may hear nothing for; 0 does not judge it")
	fs.StringVar(&o.results, "results", filepath.Join("bench", "results"), "`FOLDER` for the result; empty writes none")
	fs.StringVar(&o.logs, "logs", filepath.Join("bin", "upgrades"), "`FOLDER` for a failed run's logs; empty keeps none")
	fs.StringVar(&o.fanfare, "fanfare", "", "`PROGRAM` to run instead of the one of this checkout")
	fs.BoolVar(&o.tls, "tls", false, "all come by TLS, which the server ends itself")
	fs.BoolVar(&o.repeat, "repeat", false, "have a receiver of webhooks count one of them twice: the claims must fail")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("want flags only, got %q", fs.Args())
	}
	return o, o.Validate()
}
