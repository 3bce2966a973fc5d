// Package bench is the command that loads a server: the flags of each scenario, the
// server that it is for, and where its result goes. Scenarios, connections and
// tables are in fanfare/bench and the folders below it.
package bench

import (
	"fanfare/cmd/fanfare/command"
)

// benchIntro is what the help of fanfare bench says.
const benchIntro = "Loads a server that speaks the Pusher protocol, this one or another, with real connections on one thread, " +
	"checks every message that arrives, and says how fast the server was, what it took, and what went astray.\n\n" +
	"With `make run` or `fanfare serve` in one terminal, `fanfare bench fanout` in another just works. Give the server " +
	"a core of its own where figures matter (`taskset -c 0 fanfare serve`, `taskset -c 1 fanfare bench fanout`), and its " +
	"process (--pid) to see what it cost.\n\n" +
	"Exit code 1 means that connections failed, or that a message was lost, came twice or out of order; 130 that Ctrl-C " +
	"stopped it, and then the table has what was measured until then."

// Command is fanfare bench.
func Command() *command.Command {
	return &command.Command{
		Name:  "bench",
		Args:  "SCENARIO",
		Short: "load a server, and measure it",
		Long:  benchIntro,
		Examples: []string{
			"bench fanout",
			"bench fanout --connections 8000 --pid $(pgrep -f 'fanfare serve')",
			"bench market --rate 5000 --json market.json --svg market.svg",
			"bench idle --url ws://HOST:PORT/app/KEY --app-id ID --secret SECRET",
			"help bench fanout",
		},
		Subcommands: benchScenarios(),
	}
}
