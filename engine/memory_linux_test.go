package engine

import (
	"testing"
	"testing/fstest"
)

func TestCgroupLimit(t *testing.T) {
	f := func(want int64, files map[string]string) {
		t.Helper()
		root := fstest.MapFS{}
		for name, text := range files {
			root[name] = &fstest.MapFile{Data: []byte(text + "\n")}
		}
		if got := cgroupLimit(root, 1000); got != want {
			t.Errorf("%v: got %d, want %d", files, got, want)
		}
	}
	const self = "proc/self/cgroup"
	f(1000, nil)
	f(1000, map[string]string{self: "0::/", "sys/fs/cgroup/memory.max": "max"})
	f(500, map[string]string{self: "0::/", "sys/fs/cgroup/memory.max": "500"})
	f(300, map[string]string{self: "0::/system.slice/fanfare.service", "sys/fs/cgroup/system.slice/fanfare.service/memory.max": "300"})
	f(200, map[string]string{
		self: "0::/system.slice/fanfare.service", "sys/fs/cgroup/system.slice/memory.max": "200",
		"sys/fs/cgroup/system.slice/fanfare.service/memory.max": "max",
	})
	f(400, map[string]string{self: "5:cpu,memory:/docker/abc\n0::/", "sys/fs/cgroup/memory/memory.limit_in_bytes": "400"})
	f(1000, map[string]string{self: "0::/", "sys/fs/cgroup/memory.max": "5000"})
}
