package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// puppetSource is the script that holds the stock JavaScript clients.
//
//go:embed js/puppet.mjs
var puppetSource string

// puppets bounds the Node processes at a time: each takes some 60 MB, and its
// start most of a second of a core.
var puppets = make(chan struct{}, 3)

// puppet is one Node process with stock pusher-js and Laravel Echo clients.
type puppet struct {
	t      *T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan puppetLine // closed at the end of its output
	queue  map[string][][]json.RawMessage
	stderr strings.Builder // readable after end
	once   sync.Once       // of end
}

// puppetLine is one line of a puppet: a callback that fired, or the answer to
// a command (tag "done").
type puppetLine struct {
	Tag  string            `json:"tag"`
	Args []json.RawMessage `json:"args"`
}

// puppet starts a Node process. It ends with the check.
func (t *T) puppet() *puppet {
	select {
	case puppets <- struct{}{}:
	case <-t.ctx.Done():
		t.fatalf("no place for a Node process within %v", t.limit)
	}
	t.closeLater(func() { <-puppets })
	modules, err := modulesFolder()
	t.check(err, "find the JavaScript clients")
	p := &puppet{t: t, lines: make(chan puppetLine, 1024), queue: map[string][][]json.RawMessage{}}
	p.cmd = exec.CommandContext(t.ctx, "node", "--input-type=module", "--eval", puppetSource)
	p.cmd.Env = append(os.Environ(), "CONFORMANCE_MODULES="+modules)
	p.cmd.Stderr = &p.stderr
	p.stdin, err = p.cmd.StdinPipe()
	t.check(err, "start Node")
	stdout, err := p.cmd.StdoutPipe()
	t.check(err, "start Node")
	t.check(p.cmd.Start(), "start Node")
	go p.read(stdout)
	t.closeLater(func() { p.once.Do(p.end) })
	return p
}

// end has the script exit and waits for it. Reading goes on to the end of the
// output, because waiting closes the pipe.
func (p *puppet) end() {
	_ = p.stdin.Close()
	for range p.lines {
		continue
	}
	_ = p.cmd.Wait() // how it ended no longer matters
}

func (p *puppet) read(stdout io.Reader) {
	defer close(p.lines)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var line puppetLine
		if json.Unmarshal(lines.Bytes(), &line) == nil {
			p.lines <- line
		}
	}
}

// modulesFolder is the folder whose node_modules hold the clients:
// CONFORMANCE_MODULES, or the end-to-end tests' own.
func modulesFolder() (string, error) {
	folder := os.Getenv("CONFORMANCE_MODULES")
	if folder == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		folder = filepath.Join(root, "cmd", "fanfare", "e2e")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "pusher-js")); err != nil {
		return "", errors.New("no node_modules/pusher-js in " + folder + ": run `npm ci` there")
	}
	return folder, nil
}

// moduleRoot is the nearest folder above with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above: run from the repository, or set CONFORMANCE_MODULES")
		}
	}
}

// step is one command to a puppet.
type step map[string]any

// create constructs a class ("Pusher" or "Echo") under a name.
func create(class, name string, args ...any) step {
	return step{"new": class, "as": name, "args": args}
}

// call calls a method of a named object, or of a member that is reached
// through dots, and keeps the result under another name, if that is not empty.
func call(on, method, as string, args ...any) step {
	s := step{"on": on, "call": method, "args": args}
	if as != "" {
		s["as"] = as
	}
	return s
}

// bind calls a method that takes a callback last; its calls are read with
// await(tag).
func bind(on, method, tag string, args ...any) step {
	return call(on, method, "", append(args, map[string]any{"callback": tag})...)
}

// read is the value of a named object, or of a member that is reached through
// dots; null when there is none.
func read(path string) step { return step{"get": path} }

// do carries out steps without a pause, and returns the last one's result.
func (p *puppet) do(steps ...step) json.RawMessage {
	_, err := io.WriteString(p.stdin, encode(steps)+"\n")
	p.t.check(err, "command Node")
	return p.await("done")[0]
}

// await returns the arguments of the next call of a callback, in the order of
// the calls. Calls of other callbacks wait for their own turn.
func (p *puppet) await(tag string) []json.RawMessage {
	for {
		if q := p.queue[tag]; len(q) > 0 {
			p.queue[tag] = q[1:]
			return q[0]
		}
		p.take(tag)
	}
}

// take reads one line into its queue.
func (p *puppet) take(wanted string) {
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.once.Do(p.end)
			p.t.fatalf("Node ended: %s", p.stderr.String())
		}
		if line.Tag == "crash" {
			p.t.fatalf("the JavaScript client threw %s", line.Args)
		}
		p.queue[line.Tag] = append(p.queue[line.Tag], line.Args)
	case <-p.t.ctx.Done():
		p.t.fatalf("callback %q did not fire within %v; what did: %v", wanted, p.t.limit, p.fired())
	}
}

// fired names the callbacks whose calls nobody asked for.
func (p *puppet) fired() map[string]int {
	out := map[string]int{}
	for tag, calls := range p.queue {
		if len(calls) > 0 {
			out[tag] = len(calls)
		}
	}
	return out
}

// hears proves that the next call of a callback has this value, as JSON text,
// for its first argument.
func (p *puppet) hears(tag, want string) {
	args := p.await(tag)
	if len(args) == 0 || !p.t.sameJSON(string(args[0]), want) {
		p.t.fatalf("callback %q got %s, want %s", tag, args, want)
	}
}

// heardAll proves that no callback fired that nobody waited for.
func (p *puppet) heardAll() {
	if fired := p.fired(); len(fired) > 0 {
		p.t.fatalf("callbacks fired that should not: %v", fired)
	}
}
