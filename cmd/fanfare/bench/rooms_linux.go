package bench

import (
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/rooms"
	"fanfare/bench/scenario/slow"
)

func benchRooms() workload {
	s := &rooms.Scenario{}
	return workload{
		short: "presence channels whose members come, go, and whisper",
		long: "Checks that every whisper (client event) reaches all who were in the room throughout, and that every coming and " +
			"going is told to them once. Servers may limit the whispers of a connection to 10 a second.",
		examples: []string{
			"bench rooms", "bench rooms --rooms 500 --members 20 --churn 200",
			"bench rooms --rooms 1 --members 10000 --silent --info-bytes 20",
		},
		register: func(p *parameters) {
			p.number(&s.Rooms, "rooms", 100, "`N` rooms")
			p.number(&s.Members, "members", 10, "`N` members of each room")
			p.inFlight(&s.InFlight)
			p.rate(&s.Rate, "rate", 2, "`N` whispers a second in each room, by its members in turn")
			p.yes(&s.Silent, "silent", "whether nobody whispers; rooms of more than 1,000 have to be silent")
			p.rate(&s.Churn, "churn", 20, "`N` members that leave each second, over all rooms")
			p.duration(&s.Away, "away", 200*time.Millisecond, "`TIME` until one who left comes back")
			p.text((*string)(&s.Leave), "leave", string(rooms.Mixed), "`HOW` they leave: unsubscribe, close, drop (a broken connection) or mixed")
			p.frameBytes(&s.FrameBytes)
			p.number(&s.InfoBytes, "info-bytes", 100, "`BYTES` of each member's user_info")
			p.duration(&s.Duration, "duration", 10*time.Second, lengthDoc)
			p.seed(&s.Seed)
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Rooms * s.Members },
	}
}

func benchSlow() workload {
	s := &slow.Scenario{}
	return workload{
		short: "readers that stall or crawl: what it costs, and becomes of them",
		long: "Publishes to one channel in an open loop. In the first half everybody reads; in the second, some do not keep up. " +
			"Latency is of those who do, and is told for both halves: slow readers must not slow the others down, nor cost them a " +
			"message. At the end the slow ones wake up, and each is told apart by what it then gets: the newest message only, a run " +
			"of the newest, or a close.",
		examples: []string{"bench slow --pid $(pgrep -f 'fanfare serve')", "bench slow --connections 1000 --stalled 50 --dribbling 25 --paced 25"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 1000, "`N` subscribers, the slow ones among them")
			p.inFlight(&s.InFlight)
			p.number(&s.Stalled, "stalled", 0, "`N` of them that read nothing; 0 is a tenth, unless there are other slow ones")
			p.number(&s.Dribbling, "dribbling", 0, "`N` of them that read a few bytes now and then")
			p.number(&s.Paced, "paced", 0, "`N` of them that read --read-bytes a second")
			p.number(&s.ReadBytes, "read-bytes", 10_000, "`BYTES` a second that a paced one reads")
			p.number(&s.ReceiveBuffer, "receive-buffer", 4096, "`BYTES` that the kernel keeps for a slow one (SO_RCVBUF): little, so that the server feels it soon")
			p.rate(&s.Rate, "rate", 200, "`N` publishes a second")
			p.number(&s.FrameBytes, "frame-bytes", 1000, frameDoc)
			p.duration(&s.Duration, "duration", 10*time.Second, "`TIME` of each half")
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections },
	}
}
