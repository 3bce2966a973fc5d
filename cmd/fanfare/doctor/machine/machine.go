package machine

import (
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Machine is what was read, all of it before anything is judged.
type Machine struct {
	Host    Fact[string] `json:"host"`
	Kernel  Fact[string] `json:"kernel"`
	Process Process      `json:"process"`
	Group   Group        `json:"cgroup"`
	Files   Files        `json:"files"`
	Memory  Memory       `json:"memory"`
	TCP     TCP          `json:"tcp"`
	Track   Track        `json:"conntrack"`
	CPU     CPU          `json:"cpu"`
	Cards   Fact[[]Card] `json:"network_cards"`
	Probes  Probes       `json:"probes"`
}

// Files are the system's limits of open files.
type Files struct {
	Open  Fact[int64] `json:"nr_open"`          // most that a process's limit can be
	Max   Fact[int64] `json:"file_max"`         // open in the whole system
	Used  Fact[int64] `json:"file_nr"`          // open at the moment
	Epoll Fact[int64] `json:"max_user_watches"` // descriptors in epolls of one user
}

// TCP are the kernel's settings and counters for TCP.
type TCP struct {
	Backlog    Fact[int64]   `json:"somaxconn"`
	SynBacklog Fact[int64]   `json:"tcp_max_syn_backlog"`
	Cookies    Fact[int64]   `json:"tcp_syncookies"`
	Mem        Fact[[]int64] `json:"tcp_mem"` // pages: low, pressure, most
	Read       Fact[[]int64] `json:"tcp_rmem"`
	Write      Fact[[]int64] `json:"tcp_wmem"`
	Lowat      Fact[int64]   `json:"tcp_notsent_lowat"`
	Ports      Fact[[]int64] `json:"ip_local_port_range"`
	Control    Fact[string]  `json:"tcp_congestion_control"`
	Queueing   Fact[string]  `json:"default_qdisc"`

	Overflows Fact[int64] `json:"listen_overflows"` // connections dropped by full listeners since the start
	Pressures Fact[int64] `json:"memory_pressures"` // times that tcp_mem was short since the start
}

// Track is connection tracking, which firewalls and address translation need.
type Track struct {
	Loaded  bool        `json:"loaded"`
	Max     Fact[int64] `json:"max"`
	Count   Fact[int64] `json:"count"`
	Buckets Fact[int64] `json:"buckets"`
}

// Probes are what has to be tried, and is in no file. A recording has what was
// found when it was made.
type Probes struct {
	PageSize  int64           `json:"page_size"`
	ClockCost time.Duration   `json:"clock_cost"` // nanoseconds for one reading
	IOUring   string          `json:"io_uring"`   // "" works, else why not
	Rings     map[string]Ring `json:"rings"`      // by network card
}

// Ring is how many packets a network card can have waiting for the kernel.
type Ring struct {
	Now  int64 `json:"now"`
	Most int64 `json:"most"`
}

// Read reads the machine below root (the root of a file system) as the process
// pid has it: "self", or the number of another.
func Read(root fs.FS, pid string, probes Probes) *Machine {
	m := &Machine{
		Host:   word(root, sysctl("kernel.hostname")),
		Kernel: word(root, sysctl("kernel.osrelease")),
		Files: Files{
			Open:  number(root, sysctl("fs.nr_open")),
			Max:   number(root, sysctl("fs.file-max")),
			Used:  filesUsed(root),
			Epoll: number(root, sysctl("fs.epoll.max_user_watches")),
		},
		Process: readProcess(root, pid),
		Group:   readGroup(root, pid),
		Memory:  readMemory(root),
		TCP:     readTCP(root),
		Track:   readTrack(root),
		CPU:     readCPU(root),
		Cards:   readCards(root),
		Probes:  probes,
	}
	return m
}

// filesUsed is the first number of file-nr less the second, which is free.
func filesUsed(root fs.FS) Fact[int64] {
	f := numbers(root, sysctl("fs.file-nr"), 3)
	if !f.OK() {
		return unknown[int64](f.Err)
	}
	return known(max(f.Value[0]-f.Value[1], 0))
}

func readTCP(root fs.FS) TCP {
	const ipv4 = "net.ipv4."
	return TCP{
		Backlog:    number(root, sysctl("net.core.somaxconn")),
		SynBacklog: number(root, sysctl(ipv4+"tcp_max_syn_backlog")),
		Cookies:    number(root, sysctl(ipv4+"tcp_syncookies")),
		Mem:        numbers(root, sysctl(ipv4+"tcp_mem"), 3),
		Read:       numbers(root, sysctl(ipv4+"tcp_rmem"), 3),
		Write:      numbers(root, sysctl(ipv4+"tcp_wmem"), 3),
		Lowat:      number(root, sysctl(ipv4+"tcp_notsent_lowat")),
		Ports:      numbers(root, sysctl(ipv4+"ip_local_port_range"), 2),
		Control:    word(root, sysctl(ipv4+"tcp_congestion_control")),
		Queueing:   word(root, sysctl("net.core.default_qdisc")),
		Overflows:  counter(root, "ListenOverflows"),
		Pressures:  counter(root, "TCPMemoryPressures"),
	}
}

// counter finds one of the TcpExt counters: two lines, names above numbers.
func counter(root fs.FS, name string) Fact[int64] {
	const file = "proc/net/netstat"
	s, err := text(root, file)
	if err != nil {
		return unknown[int64](err)
	}
	var names []string
	for line := range strings.Lines(s) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "TcpExt:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i := range min(len(names), len(fields)) {
			if names[i] == name {
				return parsed(file, fields[i])
			}
		}
	}
	return unknown[int64](fmt.Errorf("/%s: has no %s", file, name))
}

func readTrack(root fs.FS) Track {
	const folder = "net.netfilter.nf_conntrack_"
	t := Track{
		Max:     number(root, sysctl(folder+"max")),
		Count:   number(root, sysctl(folder+"count")),
		Buckets: number(root, sysctl(folder+"buckets")),
	}
	t.Loaded = t.Max.OK() || t.Count.OK()
	return t
}
