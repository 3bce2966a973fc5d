package bench

import (
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/camera"
	"fanfare/bench/scenario/fanout"
	"fanfare/bench/scenario/market"
	"fanfare/bench/scenario/notify"
)

func benchFanout() workload {
	s := &fanout.Scenario{}
	return workload{
		short: "one channel, many subscribers: deliveries per second, and latency",
		long: "A closed loop by default: --outstanding publishers, each of which publishes again when its message has reached " +
			"every subscriber. With --rate an open loop: messages are due at fixed times, and latency counts from when one was " +
			"due, so that a server that stalls pays for all that it made wait (coordinated omission).",
		examples: []string{"bench fanout", "bench fanout --connections 8000 --outstanding 16 --svg fanout.svg", "bench fanout --rate 20 --duration 1m"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 1000, "`N` subscribers")
			p.inFlight(&s.InFlight)
			p.number(&s.Outstanding, "outstanding", 1, "`N` publishes on their way at once, in the closed loop")
			p.rate(&s.Rate, "rate", 0, "`N` publishes a second, whatever became of those before; 0 is the closed loop")
			p.frameBytes(&s.FrameBytes)
			p.duration(&s.Duration, "duration", 10*time.Second, lengthDoc)
			p.number(&s.Channels, "channels", 1, "`N` channels that exist meanwhile")
			p.number(&s.Probes, "probes", 0, "`N` more connections that ping, before and meanwhile: does the fan-out starve others?")
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections + s.Outstanding + s.Probes + s.Channels/1000 },
	}
}

func benchMarket() workload {
	s := &market.Scenario{}
	return workload{
		short: "market data: many channels, each reader on some, a few of them busy",
		long: "Small ticks on many channels in an open loop, some channels far busier than others (Zipf), each connection on some " +
			"of them. With --search it finds the highest rate that is delivered in full with p99 within --bound.",
		examples: []string{"bench market --rate 2000", "bench market --search --pid $(pgrep -f 'fanfare serve')"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 5000, "`N` readers")
			p.inFlight(&s.InFlight)
			p.number(&s.Channels, "channels", 100, "`N` channels")
			p.number(&s.Each, "each", 10, "`N` channels that each connection is on")
			p.rate(&s.Skew, "skew", 1.05, "`EXPONENT` of the Zipf distribution: the k-th channel has 1/k^EXPONENT of the first one's ticks")
			p.rate(&s.Rate, "rate", 1000, "`N` ticks a second on all channels together; with --search, to begin with")
			p.frameBytes(&s.FrameBytes)
			p.duration(&s.Interval, "interval", 5*time.Millisecond, "`TIME` whose ticks are published together, as feeds do it")
			p.number(&s.Batch, "batch", 10, "`N` events in one request at most")
			p.number(&s.Publishers, "publishers", 4, "`N` connections that publish")
			p.duration(&s.Duration, "duration", 10*time.Second, "`TIME` to measure for; with --search, each step")
			p.yes(&s.Search, "search", "find the highest rate that is delivered in time")
			p.duration(&s.Bound, "bound", 150*time.Millisecond, "`TIME` within which 99 % have to arrive in a search")
			p.seed(&s.Seed)
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections + s.Publishers },
	}
}

func benchCamera() workload {
	s := &camera.Scenario{}
	return workload{
		short: "large frames at a steady rate to the viewers of some cameras",
		long: "Each camera is a channel, and each of its pictures one event that has to reach all of its viewers. Pictures are due " +
			"at fixed times (an open loop), and latency counts from when one was due. Servers limit event data, often to 100 KB or " +
			"less.",
		examples: []string{"bench camera --cameras 20 --viewers 50", "bench camera --frame-bytes 90000 --rate 10 --svg camera.svg"},
		register: func(p *parameters) {
			p.number(&s.Cameras, "cameras", 10, "`N` cameras")
			p.number(&s.Viewers, "viewers", 100, "`N` viewers of each camera")
			p.inFlight(&s.InFlight)
			p.rate(&s.Rate, "rate", 25, "`N` pictures a second of each camera")
			p.number(&s.FrameBytes, "frame-bytes", 60_000, frameDoc)
			p.duration(&s.Duration, "duration", 10*time.Second, lengthDoc)
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Cameras*s.Viewers + s.Cameras },
	}
}

func benchNotify() workload {
	s := &notify.Scenario{}
	return workload{
		short:    "a private channel for each connection, and messages to random ones",
		long:     "What an application with notifications does. A closed loop by default, an open one with --rate, as in fanout.",
		examples: []string{"bench notify --connections 10000 --outstanding 16"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 1000, "`N` connections, each on a channel of its own")
			p.inFlight(&s.InFlight)
			p.number(&s.Outstanding, "outstanding", 1, "`N` publishes on their way at once, in the closed loop")
			p.rate(&s.Rate, "rate", 0, "`N` publishes a second, whatever became of those before; 0 is the closed loop")
			p.frameBytes(&s.FrameBytes)
			p.duration(&s.Duration, "duration", 10*time.Second, lengthDoc)
			p.seed(&s.Seed)
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections + s.Outstanding },
	}
}
