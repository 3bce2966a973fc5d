package report

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Gather returns what this machine is, as of now, with the version and the
// commit of the load generator. What the system does not tell stays empty.
func Gather(version, commit string, nofile uint64) Conditions {
	return Conditions{
		Version: version,
		Commit:  commit,
		Go:      runtime.Version(),
		OS:      runtime.GOOS,
		Arch:    runtime.GOARCH,
		Kernel:  firstLine("/proc/sys/kernel/osrelease"),
		CPU:     field("/proc/cpuinfo", "model name"),
		Cores:   cores(),
		Memory:  kibibytes(field("/proc/meminfo", "MemTotal")),
		NoFile:  nofile,

		LoadCores:  runtime.NumCPU(),
		LoadBefore: LoadAverage(),
	}
}

// cores counts those of the machine: package runtime knows only those that
// this process may run on.
func cores() int {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.NumCPU()
	}
	return max(bytes.Count(append([]byte("\n"), b...), []byte("\nprocessor\t")), 1)
}

// LoadAverage is the machine's over the last 1, 5 and 15 minutes; nil where
// the system does not tell.
func LoadAverage() []float64 {
	var list []float64
	for text := range strings.FieldsSeq(firstLine("/proc/loadavg")) {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || len(list) == 3 {
			break
		}
		list = append(list, v)
	}
	return list
}

// field is the value of "name : value" in a file of /proc.
func field(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(b) {
		key, value, found := bytes.Cut(line, []byte(":"))
		if found && string(bytes.TrimSpace(key)) == name {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

func firstLine(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

// kibibytes reads "16384 kB" as /proc writes it.
func kibibytes(text string) int64 {
	number, _, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
