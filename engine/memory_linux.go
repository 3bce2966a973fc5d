package engine

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// MemoryLimit is the memory in bytes that this process may use: what the
// machine has, or the least that its cgroups give.
func MemoryLimit() int64 {
	limit := int64(1 << 30)
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil {
		limit = int64(info.Totalram) * int64(info.Unit)
	}
	return cgroupLimit(os.DirFS("/"), limit)
}

// cgroupLimit is the least of limit and of what the process's cgroup and those
// above it allow, of version 2 or 1.
func cgroupLimit(root fs.FS, limit int64) int64 {
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(b)) {
		// hierarchy:controllers:path
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[0] == "0":
			limit = leastOf(root, "sys/fs/cgroup", parts[2], "memory.max", limit)
		case strings.Contains(","+parts[1]+",", ",memory,"):
			limit = leastOf(root, "sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes", limit)
		}
	}
	return limit
}

// leastOf looks at a cgroup's file and at those of the cgroups above it. In a
// container the path may be the host's; then only the top is there.
func leastOf(root fs.FS, mount, group, file string, limit int64) int64 {
	for {
		if b, err := fs.ReadFile(root, path.Join(mount, group, file)); err == nil {
			if n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64); err == nil && n > 0 {
				limit = min(limit, n)
			}
		}
		if group == "/" || group == "." {
			return limit
		}
		group = path.Dir(group)
	}
}
