package doctor

import (
	"net/netip"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/doctor/machine"
	"fanfare/cmd/fanfare/node"
	"fanfare/engine"
)

// The parts of the memory that budgets take which are left at auto, as their keys
// in [server] say.
const (
	queuePart = 1.0 / 4
	inputPart = 1.0 / 8
	cachePart = 1.0 / 8
)

// needOf is what a configuration asks of the machine, but for the number of
// connections.
func needOf(cfg *config.Config, m *machine.Machine) Need {
	own := *cfg
	s := &own.Server
	if s.Loops == 0 {
		s.Loops = int(min(usable(m), engine.MaxLoops))
	}
	n := Need{
		TLS:        cfg.TLS.Enabled,
		Loops:      int64(s.Loops),
		Spare:      int64(node.KeptDescriptors(&own)),
		Budgets:    int64(cfg.Webhooks.QueueBudget) + int64(s.Loops)*int64(s.MailboxBytes),
		IOUring:    s.IOUring,
		LocalProxy: trustsLoopback(s),
	}
	for _, b := range []struct {
		bytes int64
		part  float64
	}{{int64(s.QueueBudget), queuePart}, {int64(s.InputBudget), inputPart}, {int64(s.CacheBudget), cachePart}} {
		if b.bytes > 0 {
			n.Budgets += b.bytes
		} else {
			n.Part += b.part
		}
	}
	return n
}

// trustsLoopback tells whether a proxy on this machine is in front.
func trustsLoopback(s *config.Server) bool {
	networks, err := s.TrustedNetworks()
	if err != nil {
		return false // the configuration has been checked
	}
	for _, network := range networks {
		if network.Contains(netip.AddrFrom4([4]byte{127, 0, 0, 1})) || network.Contains(netip.IPv6Loopback()) {
			return true
		}
	}
	return false
}
