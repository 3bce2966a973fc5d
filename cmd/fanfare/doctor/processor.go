package doctor

import (
	"fmt"
	"math"
	"strings"
	"time"

	"fanfare/cmd/fanfare/doctor/machine"
)

// usable are the processors that the process has; at least 1, also when nothing
// is known.
func usable(m *machine.Machine) int64 {
	n := int64(math.MaxInt64)
	for _, f := range []machine.Fact[int]{m.Process.Affinity, m.CPU.Online} {
		if f.OK() {
			n = min(n, int64(f.Value))
		}
	}
	if q := m.Group.CPUs; q.OK() && q.Value > 0 {
		n = min(n, int64(math.Ceil(q.Value)))
	}
	if n == math.MaxInt64 {
		return 1
	}
	return max(n, 1)
}

func processors(m *machine.Machine, n *Need) Finding {
	const name = "processors"
	if !m.CPU.Online.OK() && !m.Process.Affinity.OK() {
		return unread(name, firstOf(m.CPU.Online.Err, m.Process.Affinity.Err))
	}
	have, want := usable(m), n.Loops
	f := Finding{
		Check: name, Is: number(have), Should: number(want) + " " + plural(want, "loop"), Verdict: atLeast(have, want, Low),
		Why: "A loop wants a core of its own: two that share one keep their clients waiting for each other.",
	}
	if all := m.CPU.Online; all.OK() && int64(all.Value) > have {
		f.Is += " of " + number(int64(all.Value))
	}
	f.Remedy = remedy(have < want, "Leave loops at auto, or give the process more processors (affinity, cpuset, cpu.max).")
	if q := m.Group.CPUs; q.OK() && q.Value > 0 {
		f.Why += fmt.Sprintf(" The cgroup gives the time of %.2f.", q.Value)
	}
	if t := m.Group.Throttled; t.OK() && t.Value > 0.01 {
		f.Verdict = max(f.Verdict, Note)
		f.Why += fmt.Sprintf(" In %.0f %% of its periods the quota was used up and everything stood still for the rest of it.", 100*t.Value)
		f.Remedy = "Raise cpu.max, or take the limit away and give shares (cpu.weight)."
	}
	return f
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func stealing(m *machine.Machine, _ *Need) Finding {
	const name, much = "stolen time", 0.05
	f := m.CPU.Stolen
	if !f.OK() {
		return unread(name, f.Err)
	}
	found := Finding{
		Check: name, Is: fmt.Sprintf("%.1f %%", 100*f.Value), Should: "<= 5 %",
		Why: "Time since the start in which the host let another machine run on these processors: everybody waits then, and nothing in here can help.",
	}
	if f.Value > much {
		found.Verdict, found.Remedy = Note, "Ask for processors that are not shared."
	}
	return found
}

func frequency(m *machine.Machine, _ *Need) Finding {
	const name = "frequency governor"
	g := m.CPU.Governor
	if !g.OK() {
		return Finding{Check: name, Is: "the host's", Should: "any", Why: "Virtual machines have none."}
	}
	f := Finding{
		Check: name, Is: g.Value, Should: "any but powersave",
		Why: "powersave keeps processors at their lowest frequency; with intel_pstate and amd-pstate the word means something else, and is fine.",
	}
	if g.Value == "powersave" && !strings.Contains(m.CPU.Driver.Value, "pstate") {
		f.Verdict, f.Remedy = Note, "cpupower frequency-set -g performance (or schedutil)"
	}
	return f
}

func clock(m *machine.Machine, _ *Need) Finding {
	const name, slow = "clock", 300 * time.Nanosecond
	f := m.CPU.Clock
	if !f.OK() {
		return unread(name, f.Err)
	}
	found := Finding{
		Check: name, Is: fmt.Sprintf("%s, %d ns", f.Value, m.Probes.ClockCost), Should: fmt.Sprintf("<= %d ns", slow),
		Why: "What it takes to read the time, tried just now. Go's runtime and the loops read it all the time; tsc costs 20 to 50 ns, " +
			"hpet and acpi_pm a microsecond and more.",
	}
	if m.Probes.ClockCost > slow {
		found.Verdict = Note
		found.Remedy = "See /sys/devices/system/clocksource/clocksource0/available_clocksource for a better one."
	}
	return found
}

// cards judges how packets that arrive are spread over processors.
func cards(m *machine.Machine, _ *Need) Finding {
	const name = "network cards"
	f := m.Cards
	if !f.OK() {
		return unread(name, f.Err)
	}
	found := Finding{
		Check: name, Is: "none", Should: "several queues or RPS",
		Why: "A card with one queue interrupts one processor for everything that arrives, acknowledgements included, and the loop on that one is slower than the others.",
	}
	if len(f.Value) == 0 {
		found.Should = "any"
		return found
	}
	var words []string
	for _, c := range f.Value {
		words = append(words, fmt.Sprintf("%s: %d", c.Name, c.Receive))
		found.judgeCard(c, m)
	}
	found.Is = strings.Join(words, ", ")
	return found
}

// judgeCard adds what is to say of one card. On two processors a second queue
// brings little.
func (f *Finding) judgeCard(c machine.Card, m *machine.Machine) {
	if c.Receive == 1 && !c.Spread && usable(m) > 2 {
		f.Verdict = Note
		f.Remedy = fmt.Sprintf("ethtool -L %[1]s combined %[2]d where the card can, else write a mask of processors to /sys/class/net/%[1]s/queues/rx-0/rps_cpus.", c.Name, usable(m))
	}
	if r, ok := m.Probes.Rings[c.Name]; ok && c.Missed > 0 && r.Now < r.Most {
		f.Verdict = Note
		f.Why += fmt.Sprintf(" %s has missed %s packets because its ring of %s was full.", c.Name, number(c.Missed), number(r.Now))
		f.Remedy = strings.TrimSpace(f.Remedy + fmt.Sprintf(" ethtool -G %s rx %d", c.Name, r.Most))
	}
}

func ring(m *machine.Machine, n *Need) Finding {
	const name = "io_uring"
	f := Finding{
		Check: name, Is: "works", Should: "works",
		Why: "Broadcasts leave through it, for about a sixth less processor time. Without it everything works the same.",
	}
	switch {
	case !n.IOUring:
		f.Is, f.Should = "switched off", "any"
	case m.Probes.IOUring != "":
		f.Is, f.Verdict = "no", Note
		f.Why += " Here: " + m.Probes.IOUring + "."
		f.Remedy = "It takes Linux 5.18, kernel.io_uring_disabled=0, and a sandbox that allows it (containers seldom do)."
	}
	return f
}
