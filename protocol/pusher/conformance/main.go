// Command conformance drives a Pusher server over TCP and judges it by the
// 189 statements of the project's Pusher checklist.
//
//	make conformance                        # our own server, built and started here
//	URL=ws://127.0.0.1:6001 make conformance # any other server
//
// It prints one line for each statement, "ID<TAB>pass|fail|later<TAB>text",
// the reason of each failure on standard error, and a summary. The exit status
// is 1 when a statement fails. "later" is one that this target cannot be put to;
// it is never printed for a check that ran.
//
// Everything goes over the wire: raw frames and requests from package wire,
// and the stock JavaScript clients in Node. Where the checklist names a vector
// with a fixed socket id or time, which no client can choose, the vector is
// checked in package auth as well, when our own server is the target.
//
// # Another server
//
// URL names its address. The apps that the checks need are ID:KEY:SECRET in
// the variables of [appVariables]; without them the apps of conformance.toml
// are used. Statements that need a server which the suite may stop, or one with
// an app of the suite's making (webhooks), print "later".
//
// Such a server is held to the words of each statement and may choose
// otherwise. What our own server decides beyond them (code null in every
// refusal, no members besides the documented ones, exact texts) is checked
// where [target.own] says so.
//
// # Adding a check
//
// Write a function with the name of the statement, in the file of its section,
// and name it in [checks]. It gets a [T], the way a Go test does, and says what
// it expected and what came. A check never waits for a while to prove that
// nothing comes: it makes something come that must come after it (see
// [client.barrier]).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	url := flags.String("url", os.Getenv("URL"), "server to drive, ws://HOST:PORT; empty starts our own")
	binary := flags.String("server", "bin/fanfare", "binary to start when there is no -url")
	loops := flags.Int("loops", 0, "event loops of our own server; 0 leaves it the choice")
	only := flags.String("run", "", "regular expression of the ids to check, e.g. 'CON|SUB-0'")
	seed := flags.Uint64("seed", rand.Uint64N(1_000_000), "order of the checks; 0 is the order of the list")
	timeout := flags.Duration("timeout", checkLimit, "how long one check may take")
	parallel := flags.Int("parallel", 16, "checks that run at the same time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s := suite{seed: *seed, parallel: *parallel}
	var err error
	if s.selected, err = selectStatements(*only); err != nil {
		return err
	}
	target, stop, err := openTarget(ctx, *url, *binary, *loops)
	if err != nil {
		return err
	}
	target.limit = *timeout
	s.target = target
	_, _ = fmt.Fprintf(stderr, "checking %s with -seed %d\n", target.addr, *seed)
	results := s.run(ctx)
	return errors.Join(s.report(results, stdout, stderr), stop())
}
