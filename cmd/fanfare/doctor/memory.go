package doctor

import (
	"fmt"

	"fanfare/cmd/fanfare/doctor/machine"
)

// given is the memory that the process can have, in bytes: the machine's, or the
// least that its cgroups give.
func given(m *machine.Machine) (int64, error) {
	if !m.Memory.Total.OK() {
		return 0, m.Memory.Total.Err
	}
	most := m.Memory.Total.Value
	if g := m.Group; g.MemoryMax.OK() {
		most = min(most, g.MemoryMax.Value)
	}
	if g := m.Group; g.MemoryHigh.OK() {
		most = min(most, g.MemoryHigh.Value)
	}
	return most, nil
}

// Cost is what the connections take, in bytes.
type Cost struct {
	Given   int64 `json:"given"`
	Process int64 `json:"process"`
	TLS     int64 `json:"tls"`
	Kernel  int64 `json:"kernel"`
	Tracked int64 `json:"conntrack"`
	Event   int64 `json:"event"` // under way to all at once
	Budgets int64 `json:"budgets"`
}

// Rest is what they take when nothing is sent.
func (c *Cost) Rest() int64 { return c.Process + c.TLS + c.Kernel + c.Tracked }

// Most is what they can take at all.
func (c *Cost) Most() int64 { return c.Rest() + c.Event + c.Budgets }

// Enough is the memory with which all of it fits: the budgets that are a part of
// the memory grow with it.
func (c *Cost) Enough(n *Need) int64 {
	return int64(float64(c.Rest()+c.Event+n.Budgets) / max(1-n.Part, 0.01))
}

// cost counts the memory. Where the machine's is not known, Given is 0.
func cost(m *machine.Machine, n *Need) Cost {
	most, _ := given(m) // the finding tells why
	c := Cost{
		Given:   most,
		Process: BaseBytes + times(n.Connections, ProcessBytes),
		Kernel:  times(n.Connections, KernelBytes),
		Event:   times(n.Connections, EventPages*m.Probes.PageSize),
		Budgets: n.Budgets + int64(n.Part*float64(most)),
	}
	if n.TLS {
		c.TLS = times(n.Connections, TLSBytes)
	}
	if tracks(m) {
		c.Tracked = times(n.Connections, TrackedBytes)
	}
	return c
}

func memory(m *machine.Machine, n *Need) Finding {
	const name = checkMemory
	most, err := given(m)
	if err != nil {
		return unread(name, err)
	}
	c, each := cost(m, n), n.perConnection(tracks(m))
	verdict := OK
	switch {
	case c.Rest() > most:
		verdict = Bad
	case c.Most() > most:
		verdict = Low
	}
	f := Finding{
		Check: name, Is: size(most), Should: size(c.Enough(n)), Verdict: verdict,
		Why: fmt.Sprintf("At rest a connection takes %s bytes of the process and the kernel together: %s for all. The rest is for one "+
			"event on its way to all of them, and for what may wait for slow readers and in caches, which is half of the memory unless the "+
			"configuration says less.", number(each), size(c.Rest())),
		Ends: max((most-BaseBytes)/each, 1),
	}
	switch verdict {
	case Low:
		f.Remedy = "Set queue_budget, input_budget and cache_budget in [server] to what is left, or give it more memory."
	case Bad:
		f.Remedy = "It takes more memory, or a second machine."
	case OK, Note, Unread:
	}
	return f
}

func commitment(m *machine.Machine, n *Need) Finding {
	const name, heuristic, strict = "vm.overcommit_memory", 0, 2
	mode := m.Memory.Overcommit
	if !mode.OK() {
		return unread(name, mode.Err)
	}
	f := Finding{
		Check: name, Is: number(mode.Value), Should: "0 or 1",
		Why: "With 2 the kernel promises no more memory than it has put aside for it, by default half of what there is.",
	}
	if mode.Value != strict {
		return f
	}
	if !m.Memory.Limit.OK() || !m.Memory.Promised.OK() {
		return unread(name, m.Memory.Limit.Err)
	}
	left := m.Memory.Limit.Value - m.Memory.Promised.Value
	c := cost(m, n)
	f.Is, f.Should = "2, "+size(left)+" left", size(c.Process+c.TLS)
	f.Verdict = atLeast(left, c.Process+c.TLS, Bad)
	f.Ends = max((left-BaseBytes)/max((c.Process+c.TLS-BaseBytes)/n.Connections, 1), 1)
	if f.Verdict == Bad {
		f.Remedy = fmt.Sprintf("sysctl -w vm.overcommit_memory=%d, or raise vm.overcommit_ratio.", heuristic)
	}
	return f
}

func hugePages(m *machine.Machine, _ *Need) Finding {
	const name = "huge pages"
	mode := m.Memory.Huge
	if !mode.OK() {
		return unread(name, mode.Err)
	}
	f := Finding{
		Check: name, Is: mode.Value, Should: "madvise or never",
		Why: "With always, the kernel may fill the holes of Go's heap to make huge pages of it, and memory grows beyond what is used " +
			"(the guide of Go's garbage collector tells of it). With max_ptes_none 0 it fills none.",
	}
	if mode.Value == "always" && m.Memory.HugeFill.Value != 0 {
		f.Verdict = Note
		f.Remedy = "echo 0 > /sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none"
	}
	return f
}

func swap(m *machine.Machine, _ *Need) Finding {
	const name = "swap"
	f := m.Memory.Swap
	if !f.OK() {
		return unread(name, f.Err)
	}
	found := Finding{
		Check: name, Is: size(f.Value), Should: "none",
		Why: "A quiet connection's memory is touched when it is pinged, and by each collection of garbage: what was swapped out comes " +
			"back then, while everybody else waits.",
	}
	if f.Value > 0 {
		found.Verdict, found.Remedy = Note, "MemorySwapMax=0 in the unit keeps this service out of it."
	}
	return found
}

func tasks(m *machine.Machine, n *Need) Finding {
	const name = checkTasks
	f := m.Group.Tasks
	if !f.OK() {
		return unread(name, f.Err)
	}
	want := 2*n.Loops + sparedTasks
	return Finding{
		Check: name, Is: number(f.Value), Should: number(want), Verdict: atLeast(f.Value, want, Low),
		Why:    "Threads, not connections: a loop is one, and Go needs a few for files, names and garbage. When there are no more, the process ends.",
		Remedy: remedy(f.Value < want, "Raise TasksMax of the unit, or pids.max of the container."),
	}
}

func remedy(needed bool, text string) string {
	if needed {
		return text
	}
	return ""
}
