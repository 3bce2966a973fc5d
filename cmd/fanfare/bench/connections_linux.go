package bench

import (
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/api"
	"fanfare/bench/scenario/connect"
	"fanfare/bench/scenario/idle"
)

func benchConnect() workload {
	s := &connect.Scenario{}
	return workload{
		short: "a storm of connections: connects per second, and how long each took",
		long: "Opens connections as fast as the server takes them. Each counts when it stands and its subscription is " +
			"confirmed; its latency is the time from its first packet to then. With --background, others stand before " +
			"and get messages meanwhile, of which none may be lost.",
		examples: []string{"bench connect --connections 10000", "bench connect --connections 13000 --background 5000 --rate 20"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 1000, "`N` connections to open")
			p.inFlight(&s.InFlight)
			p.number(&s.Background, "background", 0, "`N` connections that stand before and get messages meanwhile")
			p.rate(&s.Rate, "rate", 20, "`N` messages a second to each of those")
			p.frameBytes(&s.FrameBytes)
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections + s.Background },
	}
}

func benchIdle() workload {
	s := &idle.Scenario{}
	return workload{
		short: "connections that get nothing: memory for each, and CPU while idle",
		long: "Holds subscribed connections. Memory wants --pid and a server that is fresh, because what it once needed it " +
			"may keep. activity_timeout decides how many pings there are: figures are usually taken at 120 (`limits = \"pusher\"`).",
		examples: []string{"bench idle --connections 10000 --pid $(pgrep -f 'fanfare serve')", "bench idle --join presence --leave --pid $(pgrep -f 'fanfare serve')"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 1000, "`N` connections to hold")
			p.inFlight(&s.InFlight)
			p.text((*string)(&s.Join), "join", string(idle.Shared), "`WHAT` they subscribe to: shared (one public channel), "+
				"private (one of its own each), or presence (rooms of 10)")
			p.duration(&s.Settle, "settle", 3*time.Second, "`TIME` from the last subscription to the reading of memory")
			p.duration(&s.Hold, "hold", 10*time.Second, "`TIME` over which idle CPU is taken")
			p.yes(&s.Leave, "leave", "let all leave, and read the memory once more")
			p.yes(&s.Again, "again", "let as many come and leave once more: what they leave besides is a leak")
			p.yes(&s.Broadcast, "broadcast", "send one message at the end, which has to reach them all")
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections },
		undrawn:  true,
	}
}

func benchAPI() workload {
	s := &api.Scenario{}
	return workload{
		short:    "signed publishes per second over kept-alive connections",
		long:     "Publishes to a channel without subscribers, each connection with one request on its way.",
		examples: []string{"bench api", "bench api --batch 10"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 64, "`N` connections that publish")
			p.number(&s.Batch, "batch", 1, "`N` events in one request")
			p.frameBytes(&s.FrameBytes)
			p.duration(&s.Duration, "duration", 10*time.Second, lengthDoc)
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections },
	}
}
