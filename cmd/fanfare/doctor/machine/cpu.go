package machine

import (
	"fmt"
	"io/fs"
	"strings"
)

// CPU is what the processors are and how much of them there is.
type CPU struct {
	Online Fact[int]     `json:"online"`
	Stolen Fact[float64] `json:"stolen"` // 0 to 1: of the time since the start, what the host gave to others
	Clock  Fact[string]  `json:"clocksource"`
	// Governor chooses the frequency; it is not there in most virtual machines.
	Governor Fact[string] `json:"governor"`
	Driver   Fact[string] `json:"frequency_driver"`
}

func readCPU(root fs.FS) CPU {
	const cpus, frequency = "sys/devices/system/cpu/", "sys/devices/system/cpu/cpu0/cpufreq/"
	c := CPU{
		Stolen:   stolen(root),
		Clock:    word(root, "sys/devices/system/clocksource/clocksource0/current_clocksource"),
		Governor: word(root, frequency+"scaling_governor"),
		Driver:   word(root, frequency+"scaling_driver"),
	}
	online := word(root, cpus+"online")
	if c.Online = unknown[int](online.Err); online.OK() {
		c.Online = counted(cpus+"online", online.Value)
	}
	return c
}

// stolen reads the line "cpu user nice system idle iowait irq softirq steal ...",
// in ticks.
func stolen(root fs.FS) Fact[float64] {
	const file, steal = "proc/stat", 8
	s, err := text(root, file)
	if err != nil {
		return unknown[float64](err)
	}
	line, _, _ := strings.Cut(s, "\n")
	fields := strings.Fields(line)
	if len(fields) <= steal || fields[0] != "cpu" {
		return unknown[float64](fmt.Errorf("/%s: does not begin with a line of all processors' ticks", file))
	}
	var all, taken float64
	for i, field := range fields[1 : steal+1] {
		n, err := parseNumber(field)
		if err != nil {
			return unknown[float64](fmt.Errorf("/%s: %w", file, err))
		}
		all += float64(n)
		if i == steal-1 {
			taken = float64(n)
		}
	}
	if all == 0 {
		return known(0.0)
	}
	return known(taken / all)
}
