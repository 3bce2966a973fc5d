//go:build unix

package node

import (
	"strconv"

	"fanfare/channels/webhooks"
	"fanfare/engine"
	"fanfare/engine/websocket"
	"fanfare/protocol/gate"
)

// reasonMetrics tell why connections, messages and requests came to an end. Every
// way in which one can has its reason, and reasons are there before their first
// event.
var reasonMetrics = []metric{
	labelled(counter, "connections_closed_total", "Connections ended.", "cause", func(s *snapshot, emit func(float64, ...string)) {
		s.engine.EachClosed(func(c engine.Cause, n uint64) { emit(float64(n), c.String()) })
	}),
	labelled(counter, "slow_closed_total", "Connections closed with 4100 because they read too slowly, by the limit that they reached: bytes, frames, age (of the oldest message), budget (of the node).", "limit", func(s *snapshot, emit func(float64, ...string)) {
		s.engine.EachSlowClosed(func(l engine.Limit, n uint64) { emit(float64(n), l.String()) })
	}),
	labelled(counter, "slow_dropped_frames_total", "Messages that were not sent: the oldest of a connection that read too slowly, to keep a limit; conflated by newer ones; expired by age; waiting for a connection that was closed for it; lost because their connection ended otherwise.", "reason", func(s *snapshot, emit func(float64, ...string)) {
		s.engine.EachDropped(func(d engine.Drop, n uint64) { emit(float64(n), d.String()) })
	}),
	labelled(counter, "handshake_failures_total", "WebSocket upgrades refused because the handshake was wrong, by what was: protocol, method, host, upgrade, connection, version, key, malformed.", "cause", func(s *snapshot, emit func(float64, ...string)) {
		for fault, n := range s.engine.BadHandshakes {
			emit(float64(n), websocket.Fault(fault).String())
		}
	}),
	labelled(counter, "http_refused_total", "Requests that were answered before anybody looked at what they ask for, by status: unreadable, too large, too slow; 0 is any other.", "status", func(s *snapshot, emit func(float64, ...string)) {
		s.engine.EachRefusal(func(status int, n uint64) { emit(float64(n), strconv.Itoa(status)) })
	}),
	byCode("pusher_refused_total", "Upgrades refused, by close code; 0 is any other.", "code", func(s *snapshot) map[uint16]uint64 { return s.pusher.Refused }),
	byCode("pusher_closed_total", "Sessions closed by the server, by close code; 0 is any other.", "code", func(s *snapshot) map[uint16]uint64 { return s.pusher.Closed }),
	byCode("api_answers_total", "HTTP API requests answered, by status; 0 is any other.", "status", func(s *snapshot) map[int]uint64 { return s.api.Answers }),
	labelled(counter, "gate_refused_total", "Connections refused for a limit of the node or of their address, by the setting's name.", "limit", func(s *snapshot, emit func(float64, ...string)) {
		s.gate.EachRefused(func(why gate.Reason, n uint64) { emit(float64(n), why.String()) })
	}),
	labelled(counter, "webhook_dropped_total", "Events that no webhook got.", "reason", func(s *snapshot, emit func(float64, ...string)) {
		s.hooks.Dropped.All(func(why webhooks.Drop, n uint64) bool { emit(float64(n), why.String()); return true })
	}),
}

func byCode[T int | uint16](name, help, label string, read func(s *snapshot) map[T]uint64) metric {
	return labelled(counter, name, help, label, func(s *snapshot, emit func(float64, ...string)) {
		for code, n := range read(s) {
			emit(float64(n), strconv.Itoa(int(code)))
		}
	})
}
