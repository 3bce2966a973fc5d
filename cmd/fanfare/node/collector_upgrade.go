//go:build unix

package node

// upgradeMetrics are figures of upgrades without a reconnect. Counters of a server begin
// anew with each process; these two go on.
var upgradeMetrics = []metric{
	series(counter, "handovers_total", "Times that one process has handed everything over to the next without a client noticing (fanfare upgrade), in the line that this one is of.", func(s *snapshot) uint64 { return s.upgrades }),
	series(counter, "handovers_called_off_total", "Times that it was begun, and the old process served on, in the same line.", func(s *snapshot) uint64 { return s.calledOff }),
	series(gauge, "handover_connections", "Connections that this process took over when it began; 0 where it took nobody's place.", func(s *snapshot) int { return s.upgrade.Connections }),
	series(gauge, "handover_cut_connections", "Connections that were lost on the way to this process.", func(s *snapshot) int { return s.upgrade.Cut }),
	series(gauge, "handover_state_bytes", "Bytes of state that this process took over.", func(s *snapshot) int64 { return s.upgrade.StateBytes }),
	series(gauge, "handover_frozen_seconds", "For how long no client heard anything when this process took over.", func(s *snapshot) float64 { return s.upgrade.Frozen }),
	series(gauge, "handover_seconds", "From the start of this process until it had taken over.", func(s *snapshot) float64 { return s.upgrade.Took }),
}
