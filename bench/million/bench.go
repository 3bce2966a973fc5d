//go:build linux

package main

import (
	"path/filepath"
	"strconv"
	"time"

	"fanfare/bench/serving"
)

// bench starts fanfare bench with a scenario on all connections. Its result
// goes to SCENARIO.json.
func (c *course) bench(scenario string, flags ...string) (*serving.Process, error) {
	args := append([]string{
		filepath.Join(c.dir, "fanfare"), "bench", scenario,
		"--url", c.server.url(), "--app-id", appID, "--key", appKey, "--secret", appSecret,
		"--pid", strconv.Itoa(c.server.ID()),
		"--connections", strconv.Itoa(c.Connections), "--in-flight", strconv.Itoa(c.InFlight),
		"--patience", "2m", // the guest is slow
		"--json", filepath.Join(c.dir, scenario+".json"),
	}, flags...)
	return serving.Program{Args: args, Log: filepath.Join(c.dir, scenario+".log"), Patience: time.Minute}.Start()
}
