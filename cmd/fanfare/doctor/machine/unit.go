package machine

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unit is what `systemctl show` says of a service.
type Unit struct {
	PID    int64 // of its main process; 0 when it does not run
	Open   int64
	Memory int64
	High   int64
	Tasks  int64
	CPUs   float64 // 0 is no limit
}

// UnitProperties are those that ParseUnit reads.
var UnitProperties = []string{"LoadState", "MainPID", "LimitNOFILE", "MemoryMax", "MemoryHigh", "TasksMax", "CPUQuotaPerSecUSec"}

// ParseUnit reads lines NAME=VALUE. A property that is absent is no limit.
func ParseUnit(show string) (Unit, error) {
	u := Unit{Open: NoLimit, Memory: NoLimit, High: NoLimit, Tasks: NoLimit}
	fields := map[string]*int64{"MainPID": &u.PID, "LimitNOFILE": &u.Open, "MemoryMax": &u.Memory, "MemoryHigh": &u.High, "TasksMax": &u.Tasks}
	for line := range strings.Lines(show) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		field, ok := fields[name]
		var err error
		switch {
		case name == "LoadState" && value != "loaded":
			return Unit{}, fmt.Errorf("systemd has not loaded it (%s)", quoted(value))
		case name == "CPUQuotaPerSecUSec":
			u.CPUs, err = cpuQuota(value)
		case ok:
			*field, err = limitNumber(value)
		}
		if err != nil {
			return Unit{}, fmt.Errorf("its %s: %w", name, err)
		}
	}
	return u, nil
}

// cpuQuota reads the time that a unit has of each second, as systemd writes it:
// "1.500000s", "500ms", "1min 4s".
func cpuQuota(value string) (float64, error) {
	if value == "infinity" || value == "" {
		return 0, nil
	}
	units := []struct {
		suffix  string
		seconds float64
	}{{"min", 60}, {"ms", 1e-3}, {"us", 1e-6}, {"s", 1}}
	total := 0.0
	for word := range strings.FieldsSeq(value) {
		known := false
		for _, unit := range units {
			digits, ok := strings.CutSuffix(word, unit.suffix)
			n, err := strconv.ParseFloat(digits, 64)
			if ok && err == nil && n >= 0 && !math.IsInf(n, 0) {
				total, known = total+n*unit.seconds, true
				break
			}
		}
		if !known {
			return 0, fmt.Errorf("%s is not a time", quoted(value))
		}
	}
	return total, nil
}

// Assume takes the limits of a unit that does not run in place of those of the
// process that asked.
func (m *Machine) Assume(u Unit) {
	m.Process.Open = known(Limit{u.Open, u.Open})
	if m.Files.Open.OK() && u.Open > m.Files.Open.Value { // infinity is nr_open
		m.Process.Open = known(Limit{m.Files.Open.Value, m.Files.Open.Value})
	}
	m.Process.Affinity = unknown[int](errors.New("the unit does not run"))
	m.Group = Group{known(u.Memory), known(u.High), known(u.Tasks), known(u.CPUs), known(0.0)}
}
