//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"strconv"
)

// bench starts fanfare bench with a scenario on all connections. Its result
// goes to SCENARIO.json.
func (c *course) bench(scenario string, flags ...string) (*child, error) {
	args := append([]string{
		"bench", scenario,
		"--url", c.server.url(), "--app-id", appID, "--key", appKey, "--secret", appSecret,
		"--pid", strconv.Itoa(c.server.cmd.Process.Pid),
		"--connections", strconv.Itoa(c.Connections), "--in-flight", strconv.Itoa(c.InFlight),
		"--patience", "2m", // the guest is slow
		"--json", filepath.Join(c.dir, scenario+".json"),
	}, flags...)
	b := &child{cmd: exec.Command(filepath.Join(c.dir, "fanfare"), args...)}
	return b, b.start(filepath.Join(c.dir, scenario+".log"))
}
