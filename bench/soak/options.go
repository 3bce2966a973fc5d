//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// options is what the command line says.
type options struct {
	duration    time.Duration
	cycle       time.Duration
	upgrade     time.Duration // from one to the next
	connections int
	seed        uint64
	results     string
	logs        string
	fanfare     string
	withhold    bool
	note        string
}

// usage stands above the flags.
const usage = `Usage: go run ./bench/soak [flags]

Runs a server under mixed load while faults are injected, from the top of the
checkout, and shows that nothing is lost, repeated, reordered or leaked.

`

// Bounds of a soak.
const (
	shortest     = 20 * time.Second
	longestCycle = 90 * time.Second
	quickest     = 2 * time.Second // upgrade after upgrade
	fewest       = 60              // connections
)

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet("soak", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		_, _ = io.WriteString(stderr, usage) // nobody may be there to read it
		fs.PrintDefaults()
	}
	fs.DurationVar(&o.duration, "duration", 30*time.Minute, "`TIME` under load")
	fs.DurationVar(&o.cycle, "cycle", 0, "`TIME` in which every fault comes once (default a twentieth of\nthe duration, but 20s to 90s)")
	fs.DurationVar(&o.upgrade, "upgrade", 0, "`TIME` from one upgrade of the server to the next (default 5m, but a third of\nthe duration at most)")
	fs.IntVar(&o.connections, "connections", 3000, "`N` connections, about")
	fs.Uint64Var(&o.seed, "seed", 1, "`SEED` of the plan and of all that is drawn")
	fs.StringVar(&o.results, "results", filepath.Join("bench", "results"), "`FOLDER` for the result; empty writes none")
	fs.StringVar(&o.logs, "logs", filepath.Join("bin", "soak"), "`FOLDER` for a failed run's logs; empty keeps none")
	fs.StringVar(&o.fanfare, "fanfare", "", "`PROGRAM` to run instead of the one of this checkout")
	fs.StringVar(&o.note, "note", "", "`SENTENCE` that the result is not to be quoted without, such as what else the machine does")
	fs.BoolVar(&o.withhold, "withhold", false, "have a client keep one message from its books: the soak must fail")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if o.cycle == 0 {
		o.cycle = min(max(o.duration/20, shortest), longestCycle)
	}
	if o.upgrade == 0 {
		o.upgrade = min(o.duration/3, 5*time.Minute)
	}
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("want flags only, got %q", fs.Args())
	case o.cycle < shortest || o.duration < o.cycle:
		return nil, fmt.Errorf("-cycle %v -duration %v: a cycle takes %v or more, and a soak at least one", o.cycle, o.duration, shortest)
	case o.upgrade < quickest:
		return nil, fmt.Errorf("-upgrade %v: want at least %v", o.upgrade, quickest)
	case o.connections < fewest:
		return nil, fmt.Errorf("-connections %d: want at least %d, some of each kind", o.connections, fewest)
	}
	return o, nil
}

// cycles is how often every fault comes.
func (o *options) cycles() int { return max(1, int(o.duration/o.cycle)) }
