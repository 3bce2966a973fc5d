package doctor

import (
	"strconv"

	"fanfare/cmd/fanfare/doctor/machine"
)

func descriptors(m *machine.Machine, n *Need) Finding {
	const name = checkDescriptors
	open := m.Process.Open
	if !open.OK() {
		return unread(name, open.Err)
	}
	hard, want := open.Value.Hard, n.descriptors()
	return Finding{
		Check: name, Is: number(hard), Should: number(want), Verdict: atLeast(hard, want, Bad),
		Why: "Each connection is a descriptor, and " + number(n.Spare) + " are kept free for listeners, files and webhooks. " +
			"The server raises the soft limit to the hard one by itself. A service of systemd has LimitNOFILE, a shell has limits.d.",
		Ends: max(hard-n.Spare, 1),
	}
}

func largestLimit(m *machine.Machine, n *Need) Finding {
	const name, key = "fs.nr_open", "fs.nr_open"
	f := m.Files.Open
	if !f.OK() {
		return unread(name, f.Err)
	}
	want := n.descriptors()
	return Finding{
		Check: name, Is: number(f.Value), Should: number(want), Verdict: atLeast(f.Value, want, Bad),
		Why: "The largest limit of descriptors that a process can be given. A larger nofile in limits.d than this lets nobody log in.",
		set: []setting{{
			key: key, value: strconv.FormatInt(max(f.Value, rounded(want)), 10),
			why: "No process can be given more descriptors than this.",
		}},
	}
}

func systemFiles(m *machine.Machine, n *Need) Finding {
	const name, key = "fs.file-max", "fs.file-max"
	most, used := m.Files.Max, m.Files.Used
	if !most.OK() {
		return unread(name, most.Err)
	}
	want := n.descriptors() + used.Value
	return Finding{
		Check: name, Is: number(most.Value), Should: number(want), Verdict: atLeast(most.Value, want, Bad),
		Why:  "Open files of all programs together; " + number(used.Value) + " are open now. Only root may go beyond.",
		Ends: max(most.Value-used.Value-n.Spare, 1),
		set: []setting{{
			key: key, value: strconv.FormatInt(max(most.Value, rounded(2*want)), 10),
			why: "Open files of all programs together.",
		}},
	}
}

func epollWatches(m *machine.Machine, n *Need) Finding {
	const name, key = "epoll watches", "fs.epoll.max_user_watches"
	f := m.Files.Epoll
	if !f.OK() {
		return unread(name, f.Err)
	}
	want, verdict := 2*n.Connections, OK
	switch {
	case f.Value < n.Connections:
		verdict = Bad
	case f.Value < want:
		verdict = Low
	}
	return Finding{
		Check: name, Is: number(f.Value), Should: number(want), Verdict: verdict,
		Why: "fs.epoll.max_user_watches counts the descriptors that one user has in epolls. A connection is one, and a second one " +
			"while it reads too slowly. The default lets them take 4 % of the memory; each is " + number(EpollBytes) + " bytes, once it is used.",
		Ends: f.Value, Strains: f.Value / 2,
		set: []setting{{
			key: key, value: strconv.FormatInt(max(f.Value, rounded(want)), 10),
			why: "A connection is one of these, and a second one while it reads too slowly.",
		}},
	}
}
