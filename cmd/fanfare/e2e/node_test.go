//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// node is a Node process that carries out the functions of one script in node/, at the word of the test.
type node struct {
	*process.Process

	stdin io.WriteCloser // written by the test's goroutine only

	mu      sync.Mutex
	lastID  int                   // guarded by mu
	replies map[int]chan message  // guarded by mu; who waits for which call
	feeds   map[feedKey]chan seen // guarded by mu; what clients report unasked
}

// message is one line from the script: the answer to call ID, or something that Client has seen.
type message struct {
	ID      int
	Result  json.RawMessage
	Failure string
	Client  string
	Seen    seen
}

// seen is what a client reports. Kind says which of the members count: "event" (a channel's), "state" (the connection's) or
// "error" (the connection's, or an uncaught one in a browser tab).
type seen struct {
	Kind    string
	Channel string
	Event   string
	Data    rawJSON
	UserID  string `json:"user_id"`
	State   string
	Error   rawJSON
}

// rawJSON is JSON as it came, as a string because that reads better in a failed comparison.
type rawJSON string

// UnmarshalJSON keeps the text.
func (r *rawJSON) UnmarshalJSON(text []byte) error {
	*r = rawJSON(text)
	return nil
}

type feedKey struct{ client, kind string }

// maxUnread bounds what one client has reported and the test has not looked at yet.
const maxUnread = 1024

// startNode starts one, whose environment has some variables more.
func startNode(t *testing.T, script string, env ...string) *node {
	t.Helper()
	cmd := exec.Command("node", "node/driver.mjs", script)
	cmd.Env = append(os.Environ(), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("cannot make a pipe to node: %v", err)
	}
	n := &node{stdin: stdin, replies: make(map[int]chan message), feeds: make(map[feedKey]chan seen)}
	n.Process = process.Launch(t, cmd, n.dispatch)
	n.Quit = stdin.Close
	return n
}

// dispatch hands a line of the script's output to whom it concerns. A line that is no message is for people: it stays in the log.
func (n *node) dispatch(line string) {
	var m message
	if json.Unmarshal([]byte(line), &m) != nil {
		return
	}
	if m.Client != "" {
		n.feed(m.Client, m.Seen.Kind) <- m.Seen
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if waiting := n.replies[m.ID]; waiting != nil {
		waiting <- m
		delete(n.replies, m.ID)
	}
}

// feed is the queue of what a client reports of one kind.
func (n *node) feed(client, kind string) chan seen {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := feedKey{client, kind}
	if n.feeds[key] == nil {
		n.feeds[key] = make(chan seen, maxUnread)
	}
	return n.feeds[key]
}

// args are the named arguments of a call.
type args map[string]any

// call has the script carry out one function and decodes its result (nil to drop it). A failure ends the test.
func (n *node) call(t *testing.T, function string, arguments args, result any) {
	t.Helper()
	if err := n.try(function, arguments, result); err != nil {
		t.Fatal(err)
	}
}

// try is call for functions that may be meant to fail.
func (n *node) try(function string, arguments args, result any) error {
	answer, err := n.send(function, arguments)
	if err != nil {
		return err
	}
	return n.await(answer, fmt.Sprintf("%s(%v)", function, arguments), result)
}

// begin is call for a function that goes on while the test does something else. The result is to be asked for, once.
func (n *node) begin(t *testing.T, function string, arguments args) (result func(any)) {
	t.Helper()
	answer, err := n.send(function, arguments)
	if err != nil {
		t.Fatal(err)
	}
	return func(into any) {
		t.Helper()
		if err := n.await(answer, fmt.Sprintf("%s(%v)", function, arguments), into); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *node) await(answer <-chan message, what string, result any) error {
	select {
	case m := <-answer:
		if m.Failure != "" {
			return fmt.Errorf("%s: %s", what, m.Failure)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-n.Done:
		return fmt.Errorf("node ended during %s", what)
	case <-time.After(patience):
		return fmt.Errorf("%s has not come to an end within %v", what, patience)
	}
}

func (n *node) send(function string, arguments args) (<-chan message, error) {
	answer := make(chan message, 1)
	n.mu.Lock()
	n.lastID++
	id := n.lastID
	n.replies[id] = answer
	n.mu.Unlock()
	line, err := json.Marshal(map[string]any{"id": id, "call": function, "args": arguments})
	if err != nil {
		return nil, fmt.Errorf("cannot encode the arguments of %s: %w", function, err)
	}
	if _, err := n.stdin.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("cannot call %s: %w", function, err)
	}
	return answer, nil
}
