//go:build unix

package node

import (
	"strconv"

	"fanfare/engine"
)

// perLoop is a metric with one series for each loop.
func perLoop[T int | int64 | uint64 | float64](k kind, name, help string, read func(l *engine.LoopStats) T) metric {
	return labelled(k, "loop_"+name, help, "loop", func(s *snapshot, emit func(float64, ...string)) {
		for i := range s.engine.PerLoop {
			emit(float64(read(&s.engine.PerLoop[i])), strconv.Itoa(i))
		}
	})
}

// loopMetrics are of each loop, of which there are as many as cores.
var loopMetrics = []metric{
	perLoop(gauge, "connections", "Open TCP connections of the loop.", func(l *engine.LoopStats) uint64 { return l.Open }),
	perLoop(counter, "busy_seconds_total", "Time for which the loop had something to do. Its rate is how busy it is, from 0 to 1.", func(l *engine.LoopStats) float64 { return l.Busy.Seconds() }),
	perLoop(gauge, "longest_pass_seconds", "The longest that the loop was occupied with one connection or one round of sending, in the last 30 to 60 seconds.", func(l *engine.LoopStats) float64 { return l.LongestPass.Seconds() }),
	perLoop(counter, "stalls_total", "Times that the loop stood still for more than a second and a half, or was not given the CPU.", func(l *engine.LoopStats) uint64 { return l.Stalls }),
	perLoop(gauge, "longest_stall_seconds", "The longest that it stood still since the start.", func(l *engine.LoopStats) float64 { return l.LongestStall.Seconds() }),
	perLoop(gauge, "mailbox_tasks", "Tasks and events that wait for the loop.", func(l *engine.LoopStats) int { return l.MailboxTasks }),
	perLoop(gauge, "mailbox_bytes", "Bytes of the events among them.", func(l *engine.LoopStats) int64 { return l.MailboxBytes }),
	perLoop(gauge, "mailbox_age_seconds", "How long the oldest of the events has waited.", func(l *engine.LoopStats) float64 { return l.MailboxAge.Seconds() }),
}
