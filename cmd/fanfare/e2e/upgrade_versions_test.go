//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fanfare/cmd/fanfare/e2e/process"
	"fanfare/cmd/fanfare/handover"
)

// later is a version that knows more: each kind of thing that travels has a field that this version does not have, with something
// in it, and there is a stream more.
var later = variant("later",
	edit{"engine/state.go", "type ConnState struct {\n", "type ConnState struct {\n\tLater []string\n"},
	edit{"engine/state.go", "\ts = ConnState{\n", "\ts = ConnState{\n\t\tLater: []string{\"of a connection\"},\n"},
	edit{"protocol/session.go", "type Record struct {\n", "type Record struct {\n\tLater struct{ Name string }\n"},
	edit{"protocol/session.go", "\tr := Record{\n", "\tr := Record{\n\t\tLater: struct{ Name string }{\"of a session\"},\n"},
	edit{"cmd/fanfare/node/estate_linux.go", "type nodeState struct {\n", "type nodeState struct {\n\tLater map[string]int\n"},
	edit{"cmd/fanfare/node/writedown_linux.go", "\ts := nodeState{", "\ts := nodeState{Later: map[string]int{\"of the node\": 1}, "},
	edit{"cmd/fanfare/node/writedown_linux.go", "e.writeNode(ctx, r.main))", "e.writeNode(ctx, r.main), e.writeLater())"},
	edit{
		"cmd/fanfare/node/writedown_linux.go", "func (e *estate) writeNode(",
		"func (e *estate) writeLater() error {\n\tw, err := e.stream(\"later 0\")\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn w.Put(\"of a later version\")\n}\n\nfunc (e *estate) writeNode(",
	},
	edit{"cmd/fanfare/handover/message.go", "type Offer struct {\n", "type Offer struct {\n\tLater string\n"},
	edit{"cmd/fanfare/node/offer_linux.go", "\to := handover.Offer{\n", "\to := handover.Offer{\n\t\tLater: \"of an offer\",\n"},
	edit{"cmd/fanfare/handover/message.go", "type Hello struct {\n", "type Hello struct {\n\tLater string\n"},
	edit{"cmd/fanfare/node/inherit_linux.go", "handover.Hello{\n", "handover.Hello{\n\t\tLater: \"of a hello\",\n"},
	edit{"cmd/fanfare/handover/message.go", "\tServing  *Serving\n", "\tServing  *Serving\n\tLater    *Serving\n"},
)

// former is a version that knows less: it neither has these fields nor misses them.
var former = variant("former",
	edit{"protocol/session.go", "\tLeftPresence int `json:\"left_presence,omitempty\"`\n", ""},
	edit{"protocol/session.go", "\t\tLeftPresence:  int(s.Left),\n", ""},
	edit{"protocol/session.go", "\ts.Left = uint8(min(max(r.LeftPresence, 0), 255))\n", ""},
	edit{"cmd/fanfare/node/estate_linux.go", "\tRates []api.RateState\n", ""},
	edit{"cmd/fanfare/node/estate_linux.go", "\t\"fanfare/protocol/pusher/api\"\n", ""},
	edit{"cmd/fanfare/node/writedown_linux.go", ", Rates: m.api.ExportRates()", ""},
	edit{"cmd/fanfare/node/takeup_linux.go", "\tm.api.ImportRates(s.Rates)\n", ""},
	edit{"cmd/fanfare/handover/message.go", "\tVersion, Commit string\n\tPID             int\n\tLoops", "\tVersion         string\n\tPID             int\n\tLoops"},
	edit{"cmd/fanfare/node/inherit_linux.go", " Commit: h.main.Commit,", ""},
)

// strange is a version whose state is another one.
var strange = variant("strange",
	edit{"cmd/fanfare/handover/message.go", fmt.Sprintf("\tState = %d\n", handover.State), fmt.Sprintf("\tState = %d + 1\n", handover.State)})

// company are clients who have to notice nothing, whatever version serves.
type company struct {
	*tlsServer

	alice, bob *client
	torn, ann  *visitor
	slow       *visitor
	rounds     int
}

// gather connects pusher-js, Echo by TLS, one whose messages come half, one who is signed in and one who does not read.
func gather(t *testing.T) *company {
	t.Helper()
	c := &company{tlsServer: serveTLS(t, "[server]\nqueue_bytes = \"64MiB\"\nqueue_age = 300\n")}
	app := startApplicationWith(t, c.library(), stockOptions(t, c.addr))
	c.alice = connectPusher(t, startNode(t, "client"), "alice", c.addr, app)
	c.bob = connectEchoWith(t, c.node(t, "echo"), "bob", c.options(t), app)
	c.alice.subscribe(t, "presence-desk", "client-typing", "pusher:member_added", "pusher:member_removed")
	c.bob.listen(t, "join", "desk", ".client-typing")
	c.bob.next(t, "event", "who is here")
	c.alice.expectMember(t, "Bob")
	for _, client := range []*client{c.alice, c.bob} {
		client.expect(t, "state", seen{State: "connected"})
	}
	c.torn, c.ann, c.slow = c.visitor(t), c.visitor(t), c.visitor(t)
	c.ann.signsIn(t, c.server, "ann", "nobody")
	c.ann.isTold(t, "offline", "nobody")
	c.ann.joins(t, "#server-to-user-ann")
	c.slow.joins(t, "flood")
	library := c.library()
	library.OverrideMaxMessagePayloadKB = 100
	flood(t, library)
	if err := library.Trigger("cache-news", "headline", "kept"); err != nil {
		t.Fatal(err)
	}
	return c
}

// moves has a program take over, and everybody go on.
func (c *company) moves(t *testing.T, binary string) upgraded {
	t.Helper()
	torn := fmt.Sprint("torn-", c.rounds)
	half := c.torn.socket.tear()
	c.torn.says(t, "pusher:subscribe", args{"data": args{"channel": torn}})
	<-half
	c.alice.trigger(t, "presence-desk", "client-typing", args{"round": c.rounds})
	got := c.upgrade(t, "--binary", binary)
	c.bob.expect(t, "event", seen{Channel: "desk", Event: ".client-typing", Data: rawJSON(fmt.Sprintf(`{"round":%d}`, c.rounds))})
	if err := c.torn.socket.mend(); err != nil {
		t.Fatal(err)
	}
	c.torn.hears(t, "pusher_internal:subscription_succeeded")
	if err := c.library().SendToUser("ann", "nudge", c.rounds); err != nil {
		t.Fatal(err)
	}
	c.ann.hears(t, "nudge")
	fresh := c.visitor(t)
	fresh.joins(t, "cache-news")
	fresh.hears(t, "headline")
	fresh.CloseNow()
	c.rounds++
	return got
}

// parts wants nothing to have happened but what moves tells, and what waited to be whole.
func (c *company) parts(t *testing.T) {
	t.Helper()
	for n := range backlog {
		if got := c.slow.hears(t, "drop").text(); len(got) != backlogData || !strings.HasPrefix(got, fmt.Sprintf("%03d", n)) {
			t.Fatalf("%.3s of %d bytes came instead of %03d", got, len(got), n)
		}
	}
	for _, client := range []*client{c.alice, c.bob} {
		select {
		case got := <-client.node.feed(client.name, "event"):
			t.Errorf("%s has seen %+v", client.name, got)
		default:
		}
		client.staysQuiet(t, 0)
	}
}

// TestUpgradeVersions: this version and ones that know more and less take over from each other; one whose state is another one is
// refused, in both directions.
func TestUpgradeVersions(t *testing.T) {
	t.Parallel()
	other := must(strange())(t)
	binaries := []string{must(later())(t), must(former())(t)}
	c := gather(t)
	for _, binary := range binaries {
		for _, to := range []string{binary, process.Program} {
			if got := c.moves(t, to); got.ToVersion != filepath.Base(to) && to == binary {
				t.Errorf("the upgrade to %s was one to %s", filepath.Base(to), got.ToVersion)
			}
		}
	}
	c.refusesUpgrade(t, "hands over in another form", "--binary", other)
	c.moves(t, process.Program)
	c.parts(t)
}

// TestUpgradePrevious: the version of the commit before is upgraded to this one, and this one to that.
func TestUpgradePrevious(t *testing.T) {
	t.Parallel()
	source, commit, err := previous(t.TempDir())
	if err != nil && os.Getenv("FROM") != "" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("NOT TRIED, whether the commit before and this one take over from each other: %v", err)
	}
	binary, err := compile(source, "previous")
	if err != nil {
		t.Fatalf("commit %s: %v", commit, err)
	}
	c := gather(t)
	if was, is := form(t, source), form(t, root); was != is {
		t.Logf("commit %s hands over in another form (%s) than this one (%s)", commit, was, is)
		c.refusesUpgrade(t, "hands over in another form", "--binary", binary)
		return
	}
	for _, to := range []string{binary, process.Program, binary} {
		c.moves(t, to)
	}
	c.parts(t)
}

// form is what has to be the same for two versions to understand each other.
func form(t *testing.T, module string) string {
	t.Helper()
	source := string(must(os.ReadFile(filepath.Join(module, "cmd/fanfare/handover/message.go")))(t))
	return strings.Join(regexp.MustCompile(`(?m)^\t(?:Talk|State) += .*$`).FindAllString(source, -1), "")
}

// previous unpacks the sources of the commit FROM; without it, that of the last one whose Go files are not those that are tested.
func previous(into string) (folder, commit string, err error) {
	commit = os.Getenv("FROM")
	if commit == "" {
		if commit, err = lastOther(); err != nil {
			return "", "", err
		}
	}
	archive, err := git("archive", "--format=tar", commit)
	if err != nil {
		return "", commit, err
	}
	if err := unpack(archive, into); err != nil {
		return "", commit, err
	}
	if _, err := os.Stat(filepath.Join(into, "cmd/fanfare/handover/message.go")); err != nil {
		return "", commit, fmt.Errorf("commit %s hands nothing over yet", commit)
	}
	return into, commit, nil
}

// lastOther is HEAD where files were changed since, and the commit before it where none were.
func lastOther() (string, error) {
	changed, err := git("status", "--porcelain", "--", "*.go", "go.mod")
	switch {
	case err != nil:
		return "", err
	case len(changed) > 0:
		return "HEAD", nil
	}
	_, err = git("rev-parse", "--verify", "--quiet", "HEAD~1^{commit}")
	if err != nil {
		return "", fmt.Errorf("there is no commit before HEAD here (a shallow clone?): %w", err)
	}
	return "HEAD~1", nil
}

func git(args ...string) ([]byte, error) {
	cmd := exec.Command("git", append([]string{"-c", "safe.directory=*"}, args...)...)
	cmd.Dir = root
	output, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return output, nil
}

// unpack writes the Go files of an archive, and what they embed.
func unpack(archive []byte, into string) error {
	files := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case h.Typeflag != tar.TypeReg:
			continue
		}
		path := filepath.Join(into, h.Name) //nolint:gosec // git's names lead nowhere else
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		text, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
}
