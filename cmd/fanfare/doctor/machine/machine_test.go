package machine

import (
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tree is a file system of the files "name", "text", ...
func tree(files ...string) fstest.MapFS {
	root := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		root[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return root
}

func TestGroup(t *testing.T) {
	const self, top = "proc/self/cgroup", "sys/fs/cgroup/"
	f := func(name string, want Group, files ...string) {
		t.Helper()
		got := readGroup(tree(files...), "self")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	group := func(memory, high, tasks int64, cpus, throttled float64) Group {
		return Group{known(memory), known(high), known(tasks), known(cpus), known(throttled)}
	}
	f("no limits", group(NoLimit, NoLimit, NoLimit, 0, 0), self, "0::/\n", top+"memory.max", "max\n", top+"cpu.max", "max 100000\n")
	f("least of a group and the one above", group(200, 150, 10, 0.5, 0.25), self, "0::/system.slice/fanfare.service\n",
		top+"system.slice/memory.max", "200\n", top+"system.slice/fanfare.service/memory.max", "300\n",
		top+"system.slice/fanfare.service/memory.high", "150\n", top+"system.slice/pids.max", "10\n",
		top+"system.slice/cpu.max", "50000 100000\n", top+"system.slice/fanfare.service/cpu.max", "100000 100000\n",
		top+"system.slice/fanfare.service/cpu.stat", "nr_periods 4\nnr_throttled 1\n")
	f("version 1", group(400, NoLimit, 20, 2, 0), self, "5:cpu,cpuacct:/a\n4:memory:/a\n3:pids:/a\n",
		top+"memory/a/memory.limit_in_bytes", "400\n", top+"memory/memory.limit_in_bytes", "9223372036854771712\n",
		top+"pids/a/pids.max", "20\n", top+"cpu/a/cpu.cfs_quota_us", "200000\n", top+"cpu/a/cpu.cfs_period_us", "100000\n")
	f("version 1 without a quota", group(NoLimit, NoLimit, NoLimit, 0, 0), self, "5:cpu,cpuacct:/\n",
		top+"cpu/cpu.cfs_quota_us", "-1\n", top+"cpu/cpu.cfs_period_us", "100000\n")
	f("a path that climbs out stays inside", group(7, NoLimit, NoLimit, 0, 0), self, "0::/../../etc\n", top+"memory.max", "7\n")
}

func TestFacts(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(number(tree(), "proc/sys/a").Err, "/proc/sys/a: file does not exist")
	f(number(tree("a", ""), "a").Err, `/a: "" is not a number`)
	f(number(tree("a", "-3"), "a").Err, `/a: "-3" is not a number`)
	f(number(tree("a", "\x1b[31m"+strings.Repeat("x", 1000)), "a").Err, `/a: "\x1b[31m`+strings.Repeat("x", 35)+`" is not a number`)
	f(numbers(tree("a", "1 2"), "a", 3).Err, "/a: has 2 words, not 3 numbers")
	f(chosen(tree("a", "always madvise"), "a").Err, `/a: "always madvise" has no word in brackets`)
	f(openLimit(tree("proc/1/limits", "Max open files unlimited"), "1").Err, "/proc/1/limits: the limit of open files has no two numbers")
	f(counter(tree("proc/net/netstat", "TcpExt: A B\nTcpExt: 1\n"), "B").Err, "/proc/net/netstat: has no B")
	f(stolen(tree("proc/stat", "intr 1\n")).Err, "/proc/stat: does not begin with a line of all processors' ticks")

	if got := number(tree("a", "18446744073709551615\n"), "a"); got != known(int64(math.MaxInt64)) {
		t.Errorf("the largest number: %+v", got)
	}
	if got := openLimit(tree("proc/1/limits", "Max open files            1024   unlimited   files\n"), "1"); got != known(Limit{1024, math.MaxInt64}) {
		t.Errorf("open files: %+v", got)
	}
	if got := counter(tree("proc/net/netstat", "IpExt: A\nIpExt: 5\nTcpExt: A B\nTcpExt: 1 2\n"), "B"); got != known(int64(2)) {
		t.Errorf("counter: %+v", got)
	}
	if got := stolen(tree("proc/stat", "cpu  10 0 10 60 0 0 0 20 0 0\n")); got != known(0.2) {
		t.Errorf("stolen time: %+v", got)
	}
}

func TestCPUCount(t *testing.T) {
	f := func(list string, want int) {
		t.Helper()
		if got, err := cpuCount(list); got != want || err != nil {
			t.Errorf("%q: %d, %v, want %d", list, got, err, want)
		}
	}
	f("0", 1)
	f("0-63", 64)
	f("0-3,8,10-11", 7)
	for _, list := range []string{"", "-", "3-1", "a", "0-", "0-99999", "-1", "0-65535,0-65535"} {
		if n, err := cpuCount(list); err == nil {
			t.Errorf("%q is taken for %d processors", list, n)
		}
	}
}

func TestCards(t *testing.T) {
	const net = "sys/class/net/"
	got := readCards(tree(
		net+"lo/operstate", "unknown\n", net+"veth0/operstate", "up\n",
		net+"eth1/operstate", "down\n", net+"eth1/device/vendor", "1",
		net+"eth0/operstate", "up\n", net+"eth0/device/vendor", "1", net+"eth0/statistics/rx_missed_errors", "5\n",
		net+"eth0/queues/rx-0/rps_cpus", "00000000,0000000f\n", net+"eth0/queues/rx-1/rps_cpus", "0\n", net+"eth0/queues/tx-0/xps_cpus", "1\n",
	))
	if diff := cmp.Diff(known([]Card{{Name: "eth0", Receive: 2, Spread: true, Missed: 5}}), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUnit(t *testing.T) {
	got, err := ParseUnit("LoadState=loaded\nMainPID=0\nLimitNOFILE=524288\nMemoryMax=infinity\nMemoryHigh=1073741824\nTasksMax=4915\nCPUQuotaPerSecUSec=1.500000s\n")
	want := Unit{Open: 524288, Memory: NoLimit, High: 1 << 30, Tasks: 4915, CPUs: 1.5}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	f := func(show, want string) {
		t.Helper()
		if _, err := ParseUnit(show); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", show, err, want)
		}
	}
	f("LoadState=not-found\n", `systemd has not loaded it ("not-found")`)
	f("LimitNOFILE=many\n", `its LimitNOFILE: "many" is not a number`)
	f("CPUQuotaPerSecUSec=5 apples\n", `its CPUQuotaPerSecUSec: "5 apples" is not a time`)

	m := Machine{Files: Files{Open: known(int64(1 << 20))}}
	m.Assume(Unit{Open: NoLimit, Memory: 5, High: NoLimit, Tasks: 6})
	if m.Process.Open.Value.Hard != 1<<20 || m.Group.MemoryMax.Value != 5 {
		t.Errorf("a unit's limits: %+v, %+v", m.Process.Open, m.Group)
	}
}

// hostileFS gives every file the same bytes, and every folder entries of that name.
type hostileFS struct{ text []byte }

func (h hostileFS) Open(name string) (fs.File, error) {
	return fstest.MapFS{name: {Data: h.text}}.Open(name)
}

func (h hostileFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if strings.Count(name, "/") > 6 {
		return nil, errors.New("too deep")
	}
	return fs.ReadDir(fstest.MapFS{name + "/rx-0": {Data: h.text}, name + "/eth0": {Data: h.text}}, name)
}

// FuzzRead gives all files any bytes: nothing may panic, run on, or be believed
// that is not a number.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "0", "max", "1 2 3", "-1", "18446744073709551615", "[always] madvise", "0::/a/../..\n5:memory:/x", "up",
		"Max open files 1 2 files\nCpus_allowed_list: 0-3\n", "cpu 1 2 3 4 5 6 7 8 9", "TcpExt: ListenOverflows\nTcpExt: 5\n",
		"MemTotal: 9223372036854775807 kB\n", strings.Repeat("0::/a/b/c/d/e/f\n", 100), "\x00\xff\x1b[2J",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := Read(hostileFS{text}, "self", Probes{})
		for name, n := range map[string]Fact[int64]{"nr_open": m.Files.Open, "memory": m.Memory.Total, "group": m.Group.MemoryMax, "used": m.Files.Used} {
			if n.OK() && n.Value < 0 {
				t.Errorf("%s is %d", name, n.Value)
			}
		}
		if c := m.CPU.Online; c.OK() && (c.Value < 1 || c.Value > math.MaxUint16) {
			t.Errorf("%d processors", c.Value)
		}
		if s := m.CPU.Stolen; s.OK() && (s.Value < 0 || s.Value > 1) {
			t.Errorf("stolen time is %v", s.Value)
		}
		if q := m.Group.Throttled; q.OK() && !(q.Value >= 0 && q.Value <= 1) {
			t.Errorf("throttled is %v", q.Value)
		}
	})
}

func FuzzParseUnit(f *testing.F) {
	f.Add("LoadState=loaded\nLimitNOFILE=infinity\nCPUQuotaPerSecUSec=1min 2s\n")
	f.Add("CPUQuotaPerSecUSec=NaNs")
	f.Fuzz(func(t *testing.T, show string) {
		u, err := ParseUnit(show)
		if err == nil && (u.Open < 0 || !(u.CPUs >= 0)) {
			t.Errorf("%+v", u)
		}
	})
}
