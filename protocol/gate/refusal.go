package gate

import "fmt"

// Reason is the limit that a caller met.
type Reason uint8

// The reasons, each counted.
const (
	TooManyOfAddress         Reason = iota // Config.ConnectionsPerIP
	TooManyConnectsOfAddress               // Config.ConnectsPerSecondPerIP
	TooManyConnects                        // Config.ConnectsPerSecond

	reasons // how many there are
)

var reasonNames = [reasons]string{"connections_per_ip", "connects_per_second_per_ip", "connects_per_second"}

// String returns the reason as a metric's label spells it: the name of the
// setting.
func (r Reason) String() string {
	if r >= reasons {
		return "invalid reason"
	}
	return reasonNames[r]
}

// Refusal is the error of [Gate.Enter]. There is one for each reason, made
// beforehand: a flood is refused often.
type Refusal struct {
	Reason Reason
	text   string
}

// Error is a sentence for the caller.
func (r *Refusal) Error() string { return r.text }

func refusals(cfg *Config) [reasons]*Refusal {
	return [reasons]*Refusal{
		TooManyOfAddress: {TooManyOfAddress, fmt.Sprintf(
			"your address has its maximum of %d connections open; close some first", cfg.ConnectionsPerIP)},
		TooManyConnectsOfAddress: {TooManyConnectsOfAddress, fmt.Sprintf(
			"your address opens more than %d connections a second; try again later", cfg.ConnectsPerSecondPerIP)},
		TooManyConnects: {TooManyConnects, fmt.Sprintf(
			"more than %d clients a second connect to this server; try again later", cfg.ConnectsPerSecond)},
	}
}

// refuse counts a refusal.
func (g *Gate) refuse(why Reason) error {
	g.refused[why].Add(1)
	return g.refusals[why]
}

// Stats is what a gate has counted.
type Stats struct {
	Refused   [reasons]uint64 // by Reason
	Exempt    uint64          // callers for whom no limit per address holds though there is one
	Addresses int             // known now
}

// EachRefused visits the refusals so far, by reason.
func (s *Stats) EachRefused(visit func(why Reason, n uint64)) {
	for i, n := range s.Refused {
		visit(Reason(i), n)
	}
}

// Stats adds up. It also forgets the addresses that nobody came after to
// forget. Any goroutine; meant for a scrape.
func (g *Gate) Stats() Stats {
	var st Stats
	if g == nil {
		return st
	}
	for i := range st.Refused {
		st.Refused[i] = g.refused[i].Load()
	}
	st.Exempt = g.exempt.Load()
	for i := range g.shards {
		st.Addresses += g.shards[i].known(g.clock())
	}
	return st
}
