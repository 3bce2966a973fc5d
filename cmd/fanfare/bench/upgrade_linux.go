package bench

import (
	"context"
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/upgrade"
	"fanfare/cmd/fanfare/operator"
)

func benchUpgrade() workload {
	s, socket := &upgrade.Scenario{}, ""
	return workload{
		short: "upgrades of a loaded server: what clients notice of them",
		long: "Has the server on this machine upgraded (`fanfare upgrade`) several times while messages are published to rooms, " +
			"members whisper, come and go and tear their frames, and slow readers have what they do not read before them. Nobody may " +
			"be disconnected, no message be lost, come twice or out of order, and nobody be told of a coming or going that was not. " +
			"Latency is from when a message was due to be published to each delivery. For each upgrade the table has what the server " +
			"says (state that was handed over, time that it took, time frozen), and until the next one the worst latency and the longest " +
			"silence: the time between two messages of any client that gets one every 20 ms. --svg draws the latency in steps of " +
			"10 ms.\n\nThe server and this command need a descriptor for each connection. More --slow-bytes than about 500,000 want " +
			"a server with a larger queue_bytes, and a run of more than half a minute one with a larger activity_timeout and queue_age: " +
			"otherwise it closes its slow readers, as it should.",
		examples: []string{"bench upgrade --svg upgrade.svg", "bench upgrade --connections 10000 --rate 2000 --upgrades 5"},
		register: func(p *parameters) {
			p.number(&s.Connections, "connections", 1000, "`N` connections of all kinds")
			p.number(&s.Members, "members", 10, "`N` members of each room")
			p.inFlight(&s.InFlight)
			p.rate(&s.Rate, "rate", 400, "`N` publishes a second, each to one room")
			p.frameBytes(&s.FrameBytes)
			p.rate(&s.Talk, "talk", 2, "`N` whispers a second in each of a tenth of the rooms")
			p.rate(&s.Churn, "churn", 30, "`N` members of these that leave each second, a third of them by unsubscribing")
			p.duration(&s.Away, "away", 200*time.Millisecond, "`TIME` until one who left comes back")
			p.number(&s.Slow, "slow", 20, "`N` readers that do not keep up")
			p.number(&s.SlowBytes, "slow-bytes", 500_000, "`BYTES` that are published to each of them before the first upgrade")
			p.number(&s.ReceiveBuffer, "receive-buffer", 4096, "`BYTES` that the kernel keeps for one of them (SO_RCVBUF), so that the server has the rest")
			p.number(&s.Upgrades, "upgrades", 3, "`N` upgrades, one after the other")
			p.duration(&s.Pause, "pause", 3*time.Second, "`TIME` before each of them, and after the last")
			p.seed(&s.Seed)
			p.flags.StringVar(&socket, "socket", "", "`PATH` of the server's control socket (default: by the port of --url, which must not be that of TLS)")
		},
		scenario: func() scenario.Scenario { return *s },
		sockets:  func() int { return s.Connections },
		upgrade: func(ctx context.Context, env []string, port string) (scenario.Handed, error) {
			u, err := operator.Upgrade(ctx, env, socket, port)
			return scenario.Handed{
				PID: u.ToPID, Connections: u.Connections, Cut: u.Cut, Bytes: u.StateBytes, Frozen: seconds(u.Frozen), Took: seconds(u.Took),
			}, err
		},
	}
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }
