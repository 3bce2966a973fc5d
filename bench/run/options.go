//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"
)

// options is what the command line says.
type options struct {
	sizes    sizes
	rounds   int
	scenario *regexp.Regexp
	cores    cores
	out      string // the page; its kin lie beside it; empty writes none
	readme   string // whose table to renew; empty for none
	render   string // results to write anew instead of measuring
	args     []string
}

// cores are the numbers of the processors that are used.
type cores struct{ server, load int }

// usage stands above the flags.
const usage = `Usage: go run ./bench/run [flags]

Measures the server of this checkout beside bench/limit, from the top of the
checkout. Without flags it is the whole standard set, 20 minutes.

`

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{args: args}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		_, _ = io.WriteString(stderr, usage) // nobody may be there to read it
		fs.PrintDefaults()
	}
	name := fs.String("scenario", "", "run only the measurements whose id matches `REGEXP`: fanout-1, market, api")
	fs.IntVar(&o.rounds, "rounds", 3, "`N` rounds; some measurements have five when this is three or\nmore, and those that take minutes one")
	fs.StringVar(&o.out, "out", "", "`FILE.md` for the page, with its JSON and pictures beside it\n(default bench/results/DATE.md for the whole standard set,\nelse none)")
	fs.StringVar(&o.readme, "readme", "", "`FILE` whose table is renewed\n(default README.md for the whole standard set, else none)")
	fs.StringVar(&o.render, "render", "", "measure nothing: write the page of `FILE.json` anew, and the\ntable in the README")
	fs.IntVar(&o.cores.server, "server-core", 0, "`CORE` of the server (default 0)")
	fs.IntVar(&o.cores.load, "load-core", 1, "`CORE` of the load generator")
	duration := fs.Duration("duration", standard.duration, "`TIME` that each run is measured for")
	hold := fs.Duration("hold", 0, "`TIME` that idle connections are held for\n(default 5s more than their activity_timeout)")
	divide := fs.Int("divide", 1, "divide all numbers of connections by `N`, to try things out or\nfor a low descriptor limit")
	if err := fs.Parse(args); err != nil {
		return options{}, err
	}
	if fs.NArg() > 0 || o.rounds < 1 || *divide < 1 || *duration <= 0 {
		return options{}, fmt.Errorf("want flags only, at least one round, a duration and a divisor above 0; got %q", args)
	}
	o.sizes = standard.divided(*divide)
	o.sizes.duration, o.sizes.hold = *duration, *hold
	if *name == "" && o.sizes == standard {
		o.defaultFiles()
	}
	var err error
	o.scenario, err = regexp.Compile(*name)
	return o, err
}

// defaultFiles are for the whole set only: a part of it must not replace it.
func (o *options) defaultFiles() {
	if o.out == "" {
		o.out = filepath.Join("bench", "results", time.Now().Format(time.DateOnly)+".md")
	}
	if o.readme == "" {
		o.readme = "README.md"
	}
}
