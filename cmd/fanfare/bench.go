package main

// benchIntro is what the help of fanfare bench says.
const benchIntro = "Loads a server that speaks the Pusher protocol, this one or another, with real connections on one thread, " +
	"checks every message that arrives, and says how fast the server was, what it took, and what went astray.\n\n" +
	"With `make run` or `fanfare serve` in one terminal, `fanfare bench fanout` in another just works. Give the server " +
	"a core of its own where figures matter (`taskset -c 0 fanfare serve`, `taskset -c 1 fanfare bench fanout`), and its " +
	"process (--pid) to see what it cost.\n\n" +
	"Exit code 1 means that connections failed, or that a message was lost, came twice or out of order; 130 that Ctrl-C " +
	"stopped it, and then the table has what was measured until then."

func benchCommand() *command {
	return &command{
		name:  "bench",
		args:  "SCENARIO",
		short: "load a server, and measure it",
		long:  benchIntro,
		examples: []string{
			"bench fanout",
			"bench fanout --connections 8000 --pid $(pgrep -f 'fanfare serve')",
			"bench market --rate 5000 --json market.json --svg market.svg",
			"bench idle --url ws://HOST:PORT/app/KEY --app-id ID --secret SECRET",
			"help bench fanout",
		},
		subcommands: benchScenarios(),
	}
}
