//go:build e2e && linux

package hostile

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/serving"
	"fanfare/cmd/fanfare/e2e/process"
)

// A flood comes from a process of its own: this program, started again with these variables.
const (
	floodName = "HOSTILE_FLOOD" // which
	floodAddr = "HOSTILE_ADDR"  // where to
)

// deeds is what a flood has done, as its process tells it.
type deeds struct {
	Done    uint64 // of the unit
	Cut     uint64 // that failed because the server had hung up; each begins with a new connection
	Seconds float64
	Failed  string // why it could not go on
}

func (d *deeds) rate() float64 { return float64(d.Done) / max(d.Seconds, 0.001) }

// flooding is a flood's process.
type flooding struct {
	cmd   *exec.Cmd
	quit  io.Closer // its standard input
	words *bufio.Reader
}

// unleash starts a flood, and returns when it flows.
func unleash(s *server, f *flood) (*flooding, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), floodName+"="+f.name, floodAddr+"="+s.addr)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	x := &flooding{cmd: cmd, quit: in, words: bufio.NewReader(out)}
	if _, err := x.words.ReadString('\n'); err != nil {
		err = fmt.Errorf("flood %q does not begin: %w", f.name, err)
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return x, nil
}

// stop ends the flood.
func (x *flooding) stop() (d deeds, err error) {
	err = errors.Join(x.quit.Close(), json.NewDecoder(x.words).Decode(&d), x.cmd.Wait())
	return d, err
}

// liveAsFlood is the flood's process, if this is one: it floods until its standard input ends, tells what it has done, and does
// not return.
func liveAsFlood() {
	name := os.Getenv(floodName)
	if name == "" {
		return
	}
	for i := range floods {
		if floods[i].name == name {
			d := floods[i].flow(&server{addr: os.Getenv(floodAddr)})
			if d.Failed != "" {
				fmt.Fprintln(os.Stderr, d.Failed)
			}
			_ = json.NewEncoder(os.Stdout).Encode(&d) // whoever reads it notices
			os.Exit(0)
		}
	}
	fmt.Fprintf(os.Stderr, "there is no flood %q\n", name)
	os.Exit(1)
}

// giveWay lets this process run only where and when nobody else wants to: the good clients' latency must not be that of the flood
// beside them.
func giveWay() error {
	cores, err := serving.Cores()
	if err != nil {
		return err
	}
	if err := serving.PinSelf(cores[len(cores)-1]); err != nil {
		return err
	}
	threads, err := os.ReadDir("/proc/self/task")
	for _, thread := range threads { // those to come inherit it
		id, _ := strconv.Atoi(thread.Name())
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
		if idleErr := unix.SchedSetAttr(id, &attr, 0); idleErr != nil && !errors.Is(idleErr, unix.ESRCH) {
			err = errors.Join(err, fmt.Errorf("cannot give way to others: %w", idleErr))
		}
	}
	return err
}

// flow floods until standard input ends.
func (f *flood) flow(s *server) (d deeds) {
	if err := giveWay(); err != nil {
		return deeds{Failed: err.Error()}
	}
	quit := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until it ends
		close(quit)
	}()
	streams := make([]*stream, f.workers)
	if err := together(f.workers, func(i int) (err error) {
		streams[i], err = f.setUp(s, i)
		return err
	}); err != nil {
		return deeds{Failed: err.Error()}
	}
	fmt.Println("flowing")
	var (
		workers   sync.WaitGroup
		done, cut atomic.Uint64
		failed    = make(chan error, f.workers)
		start     = time.Now()
	)
	for _, x := range streams {
		workers.Go(func() {
			if err := f.work(x, quit, &done, &cut); err != nil {
				failed <- err
			}
		})
	}
	workers.Wait()
	d = deeds{Done: done.Load(), Cut: cut.Load(), Seconds: time.Since(start).Seconds()}
	select {
	case err := <-failed:
		d.Failed = err.Error()
	default:
	}
	return d
}

// work is one worker's part: what is due by the clock, but never more than a tenth of a second's at once.
func (f *flood) work(x *stream, quit <-chan struct{}, done, cut *atomic.Uint64) error {
	defer x.end()
	perSecond := float64(f.perSecond) / float64(f.workers)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	last, owed := time.Now(), 0.0
	for {
		select {
		case <-quit:
			return nil
		case now := <-tick.C:
			owed = min(owed+now.Sub(last).Seconds()*perSecond, max(1, perSecond/10))
			last = now
		}
		for ; owed >= 1; owed-- {
			switch err := x.once(); {
			case err == nil:
				done.Add(1)
			case hungUp(err):
				cut.Add(1)
			default:
				return err
			}
		}
	}
}

// hungUp tells whether an error is what a client gets whom the server has cut off.
func hungUp(err error) bool {
	return cut(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded)
}

// servePinned is serve on one core.
func servePinned(t *testing.T, core int, flags ...string) *server {
	t.Helper()
	config := filepath.Join(t.TempDir(), "fanfare.toml")
	if err := os.WriteFile(config, settings(), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serving.Fanfare(process.Program, append([]string{"--config", config}, flags...)...)
	p.Cores, p.Dir, p.Log, p.Patience = []int{core}, t.TempDir(), filepath.Join(t.TempDir(), "log"), patience
	running, err := p.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &server{addr: running.Addr.String(), metrics: running.Metrics.String(), config: config, process: running.ID(), logFile: p.Log}
}
