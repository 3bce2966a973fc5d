package doctor

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"fanfare/cmd/fanfare/doctor/machine"
)

// mostBacklog is the longest queue that a listener gets, and leastBacklog what is
// Linux's default since 5.4.
//
// A loop takes clients in while others arrive, so that a queue of a part of them
// is enough. Measured on 2026-11-23 with one loop on a core of its own, and 15,000
// clients at once from another core: a queue of 128 overflowed 23,590 times, and
// the last client was in after 8.4 s; one of 4,096 never overflowed, 2.1 s; one of
// 65,535 neither, 1.5 s.
const (
	mostBacklog  = 65535
	leastBacklog = 4096
	backlogPart  = 4
)

func backlog(m *machine.Machine, n *Need) Finding {
	const name, key = "net.core.somaxconn", "net.core.somaxconn"
	f := m.TCP.Backlog
	if !f.OK() {
		return unread(name, f.Err)
	}
	want := min(max(n.Connections/n.Loops/backlogPart, leastBacklog), mostBacklog)
	found := Finding{
		Check: name, Is: number(f.Value), Should: number(want), Verdict: atLeast(f.Value, want, Low),
		Why: fmt.Sprintf("How many new clients can wait at the listener of each loop, half open or not taken in yet. After a restart all come back at "+
			"once, a core takes in about %s a second, and whoever finds the queue full tries again after a second, and then after longer and longer. A quarter of a loop's clients has to fit.", number(AcceptRate)),
		Strains: f.Value * n.Loops * backlogPart,
		set: []setting{{
			key: key, value: strconv.FormatInt(max(f.Value, want), 10),
			why: "New clients that can wait at each listener, when all come back at once.",
		}},
	}
	if f.Value >= mostBacklog {
		found.Strains = 0
	}
	if o := m.TCP.Overflows; o.OK() && o.Value > 0 {
		found.Why += fmt.Sprintf(" Full queues of any program have dropped %s since the machine's start.", number(o.Value))
	}
	return found
}

func cookies(m *machine.Machine, _ *Need) Finding {
	const name, key, syn = "net.ipv4.tcp_syncookies", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_max_syn_backlog"
	f, half := m.TCP.Cookies, m.TCP.SynBacklog
	if !f.OK() {
		return unread(name, f.Err)
	}
	found := Finding{
		Check: name, Is: number(f.Value), Should: "1",
		Why: "With cookies a flood of SYN packets keeps nobody out, and tcp_max_syn_backlog, which every list of settings raises, is not even " +
			"looked at: the queue is somaxconn.",
		set: []setting{{key: key, value: strconv.FormatInt(max(f.Value, 1), 10), why: "A flood of SYN packets keeps nobody out. tcp_max_syn_backlog then does not matter."}},
	}
	if f.Value != 0 {
		return found
	}
	found.Verdict = Low
	found.Why += fmt.Sprintf(" Without them a listener has no more than three quarters of %s (%s) half open.", syn, number(half.Value))
	return found
}

// eventMemory compares tcp_mem with an event that is on its way to all at once.
func eventMemory(m *machine.Machine, n *Need) Finding {
	const name, key = checkEvents, "net.ipv4.tcp_mem"
	f := m.TCP.Mem
	if !f.OK() {
		return unread(name, f.Err)
	}
	pressure, most := f.Value[1], f.Value[2]
	want := times(n.Connections, EventPages)
	found := Finding{
		Check: name, Is: pages(m, pressure), Should: pages(m, want), Verdict: atLeast(pressure, want, Low),
		Why: "Memory for what is on its way in all sockets together, in pages: from the second of its three numbers on, the kernel makes windows " +
			"small, and beyond the third it drops packets and puts sends off. An event takes a page for each subscriber until the acknowledgement is " +
			"there; a quiet connection takes none.",
		Strains: pressure / EventPages,
		set:     []setting{{key: key, value: numbers(tcpMem(f.Value, min(want, halfPages(m)))), why: "Pages: an event to all at once takes one for each subscriber."}},
	}
	if want > halfPages(m) {
		found.Remedy = "Half of the memory is the most that is sensible: this machine is too small."
	}
	if most < want {
		found.Why += fmt.Sprintf(" Here even the third, %s, is below.", pages(m, most))
	}
	if p := m.TCP.Pressures; p.OK() && p.Value > 0 {
		found.Why += fmt.Sprintf(" It has been short %s times since the machine's start.", number(p.Value))
	}
	return found
}

// halfPages is half of the machine's memory, in pages: with more than that on its way
// nothing else would run. It is no bound where the memory is not known.
func halfPages(m *machine.Machine) int64 {
	if !m.Memory.Total.OK() || m.Probes.PageSize <= 0 {
		return math.MaxInt64
	}
	return m.Memory.Total.Value / 2 / m.Probes.PageSize
}

// tcpMem keeps what is there where it is more, and the kernel's own proportion of
// the three, 3 to 4 to 6.
func tcpMem(is []int64, pressure int64) []int64 {
	if is[1] >= pressure {
		return is
	}
	pressure = rounded(pressure)
	return []int64{max(is[0], pressure/4*3), max(is[1], pressure), max(is[2], pressure/2*3)}
}

func pages(m *machine.Machine, n int64) string { return size(times(n, m.Probes.PageSize)) }

// leastWindow is below what a distant client gets a message of some size through.
const leastWindow = 64 << 10

func socketBuffers(m *machine.Machine, _ *Need) Finding {
	const name = "tcp_rmem, tcp_wmem"
	for _, f := range []machine.Fact[[]int64]{m.TCP.Read, m.TCP.Write} {
		if !f.OK() {
			return unread(name, f.Err)
		}
	}
	read, write := m.TCP.Read.Value[2], m.TCP.Write.Value[2]
	least := min(read, write)
	return Finding{
		Check: name, Is: size(read) + ", " + size(write), Should: ">= " + size(leastWindow), Verdict: atLeast(least, leastWindow, Low),
		Why: "The most that a socket may hold in each direction. It is taken as it is needed, not in advance, so lower numbers save nothing; " +
			"what a slow reader holds besides is bounded by tcp_notsent_lowat and queue_bytes.",
		Remedy: remedy(least < leastWindow, "Leave tcp_rmem and tcp_wmem at the kernel's defaults."),
	}
}

func unsent(m *machine.Machine, _ *Need) Finding {
	const name, own = "tcp_notsent_lowat", 16 << 10
	f := m.TCP.Lowat
	if !f.OK() {
		return unread(name, f.Err)
	}
	return Finding{
		Check: name, Is: "set by the server", Should: size(own),
		Why: "What the kernel takes for a client beyond what is on its way. The server sets 16 KiB on its own sockets, so the system's number does not matter.",
	}
}

func ports(m *machine.Machine, n *Need) Finding {
	const name, key = checkPorts, "net.ipv4.ip_local_port_range"
	const first, last = 1024, 65535
	f := m.TCP.Ports
	if !f.OK() {
		return unread(name, f.Err)
	}
	room := max(f.Value[1]-f.Value[0]+1, 0)
	found := Finding{
		Check: name, Is: number(room), Should: "any",
		Why: "A server needs none of these. A proxy on this machine does, and a load generator: one for each connection to the same address and " +
			"port, so that a proxy which connects to one address ends there.",
	}
	if !n.LocalProxy {
		return found
	}
	found.Should, found.Verdict = number(n.Connections), atLeast(room, n.Connections, Bad)
	found.Ends = max(room, 1)
	found.set = []setting{{
		key: key, value: numbers([]int64{min(f.Value[0], first), max(f.Value[1], last)}),
		why: "The proxy on this machine takes one for each connection to one address of the server.",
	}}
	if n.Connections > last-first+1 {
		found.Remedy = "Let the server listen on several loopback addresses (host = \"0.0.0.0\"), and name 127.0.0.1, 127.0.0.2 and so on as the proxy's upstreams: " +
			"each brings as many."
	}
	return found
}

func control(m *machine.Machine, _ *Need) Finding {
	const name = "congestion control"
	f := m.TCP.Control
	if !f.OK() {
		return unread(name, f.Err)
	}
	return Finding{
		Check: name, Is: f.Value, Should: "any",
		Why: "Small messages seldom fill a window. bbr keeps large ones moving on lossy mobile networks; it does not need the fq queue since Linux 4.13.",
	}
}

// tracks tells whether connections are being tracked: without rules that need it
// the table stays empty, even where the module is there.
func tracks(m *machine.Machine) bool { return m.Track.Count.OK() && m.Track.Count.Value > 0 }

func tracking(m *machine.Machine, n *Need) Finding {
	const name, key = "conntrack table", "net.netfilter.nf_conntrack_max"
	t := m.Track
	why := "Where a firewall or address translation tracks connections, each has a place in a table, also for two minutes after its end. " +
		"When it is full, packets of new clients are dropped."
	switch {
	case !t.Loaded:
		return Finding{Check: name, Is: "not loaded", Should: "any", Why: why}
	case !t.Max.OK() || !t.Count.OK():
		return unread(name, firstOf(t.Max.Err, t.Count.Err))
	case !tracks(m):
		return Finding{Check: name, Is: "unused", Should: "any", Why: why}
	}
	each := int64(1)
	if n.LocalProxy {
		each = 2
	}
	want := t.Count.Value + each*(n.Connections+n.Connections/4)
	found := Finding{
		Check: name, Is: number(t.Max.Value), Should: number(want), Verdict: atLeast(t.Max.Value, want, Bad), Why: why,
		Ends: max((t.Max.Value-t.Count.Value)*4/5/each, 1),
		set: []setting{{
			key: key, value: strconv.FormatInt(max(t.Max.Value, rounded(want)), 10), may: true,
			why: "Places for tracked connections, a quarter more for those that have just ended.",
		}},
	}
	if found.Verdict == OK && t.Buckets.OK() && t.Buckets.Value < want/8 {
		found.Verdict, found.Is = Note, found.Is+" in "+number(t.Buckets.Value)+" buckets"
		found.Remedy = "sysctl -w net.netfilter.nf_conntrack_buckets=" + strconv.FormatInt(want/4, 10) + ": each packet walks a list that is too long."
	}
	if found.Verdict == Bad {
		found.Remedy = "Better than a larger table is not to track this port at all (a rule `notrack` in the raw table, both ways)."
	}
	return found
}

func firstOf(errs ...error) error {
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}
