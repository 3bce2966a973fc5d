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

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{args: args}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	name := fs.String("scenario", "", "run only the measurements whose short name matches `REGEXP`")
	fs.IntVar(&o.rounds, "rounds", 3, "rounds; some measurements have five when this is three or more, and those that take minutes one")
	fs.StringVar(&o.out, "out", "", "`FILE.md` for the page, with its JSON and pictures beside it (default bench/results/DATE.md for the whole standard set, else none)")
	fs.StringVar(&o.readme, "readme", "", "`FILE` whose table is renewed (default README.md for the whole standard set, else none)")
	fs.StringVar(&o.render, "render", "", "measure nothing: write the page of `FILE.json` anew, and the table in the README")
	fs.IntVar(&o.cores.server, "server-core", 0, "core of the server")
	fs.IntVar(&o.cores.load, "load-core", 1, "core of the load generator")
	duration := fs.Duration("duration", standard.duration, "how long each run is measured")
	hold := fs.Duration("hold", 0, "how long idle connections are held (default 5 s more than their activity_timeout)")
	divide := fs.Int("divide", 1, "divide all numbers of connections by this, to try things out or for a low descriptor limit")
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
