//go:build e2e && linux

package hostile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/serving"
)

// core is one of the machine's, and the processes that it is meant for.
type core struct {
	number int
	ours   []loadgen.Process
}

// used is how long the core was busy, and how long with us.
type used struct{ busy, ours time.Duration }

// use reads both. See proc_stat(5).
func (c *core) use() (u used, err error) {
	for _, p := range c.ours {
		cpu, cpuErr := p.CPU()
		u.ours += cpu
		err = errors.Join(err, cpuErr)
	}
	text, statErr := os.ReadFile("/proc/stat")
	if err = errors.Join(err, statErr); err != nil {
		return u, err
	}
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 9 || string(fields[0]) != fmt.Sprint("cpu", c.number) {
			continue
		}
		const idle, iowait, steal, tick = 4, 5, 8, time.Second / 100
		for i := 1; i <= steal; i++ {
			n, err := strconv.ParseInt(string(fields[i]), 10, 64)
			if err != nil {
				return u, err
			}
			if i != idle && i != iowait {
				u.busy += time.Duration(n) * tick
			}
		}
		return u, nil
	}
	return u, fmt.Errorf("/proc/stat has no core %d", c.number)
}

// taken is the part of a core that others took meanwhile.
func (u used) taken(before used, meanwhile time.Duration) float64 {
	return (u.busy - before.busy - (u.ours - before.ours)).Seconds() / meanwhile.Seconds()
}

// mostTaken is the part of a core from which a window says nothing of the server: others had too much of it.
const mostTaken = 0.1

// quietly does something, and tells whether the machine did nothing else meanwhile.
func quietly(cores []*core, do func() error) (quiet bool, err error) {
	var before []used
	for _, c := range cores {
		u, useErr := c.use()
		before, err = append(before, u), errors.Join(err, useErr)
	}
	start := time.Now()
	if err = errors.Join(err, do()); err != nil {
		return false, err
	}
	quiet = true
	for i, c := range cores {
		u, useErr := c.use()
		err = errors.Join(err, useErr)
		quiet = quiet && u.taken(before[i], time.Since(start)) < mostTaken
	}
	return quiet, err
}

// split gives the server the first core, and this process and those to come the last.
func split(server loadgen.Process) ([]*core, error) {
	list, err := serving.Cores()
	if err != nil {
		return nil, err
	}
	if len(list) < 2 {
		return nil, errors.New("the server and its clients need a core each, and this machine has one")
	}
	last := list[len(list)-1]
	return []*core{
		{list[0], append(softirqs(list[0]), server)},
		{last, append(softirqs(last), loadgen.Process(os.Getpid()))},
	}, nil
}

// softirqs is the kernel's thread that works off a core's network traffic when there is much: that is what is sent here, and no
// other's. It is none where the process table is not the machine's.
func softirqs(core int) (list []loadgen.Process) {
	names, _ := filepath.Glob("/proc/[0-9]*/comm") // the pattern is well-formed
	for _, name := range names {
		text, err := os.ReadFile(name) // it may have ended
		if err != nil || string(bytes.TrimSpace(text)) != fmt.Sprintf("ksoftirqd/%d", core) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			list = append(list, loadgen.Process(pid))
		}
	}
	return list
}
