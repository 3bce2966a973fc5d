//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The words of the log.
const (
	notReloaded = `"msg":"the configuration was not reloaded: the apps stay as they are"`
	reloaded    = `"msg":"apps reloaded"`
)

// TestConfig breaks the configuration file in every way while a crowd is at work. The server says what is wrong and goes on with
// the apps that it has; nobody notices.
func TestConfig(t *testing.T) {
	s := serve(t)
	c, err := gather(s)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(settings())
	for _, wrong := range []struct{ what, text string }{
		{"nothing", ""},
		{"half of it", whole[:len(whole)/2]},
		{"a key that is none", "[server]\nprot = 1\n" + whole},
		{"an app without its secret", strings.Replace(whole, fmt.Sprintf("secret = %q", victim.secret), "", 1)},
		{"what is no text", "\x00\xff\xfe[[apps"},
	} {
		if err := s.rewrite(wrong.text, notReloaded); err != nil {
			t.Fatalf("%s: %v", wrong.what, err)
		}
	}
	if err := s.tells(notReloaded, func() error { return s.Cmd.Process.Signal(syscall.SIGHUP) }); err != nil {
		t.Fatalf("SIGHUP while it is broken: %v", err)
	}
	if err := s.tells(notReloaded, func() error { return os.Remove(s.config) }); err != nil {
		t.Fatalf("removed: %v", err)
	}
	if err := s.rewrite(whole+"[[apps]]\nid = \"late\"\nkey = \"late-key\"\nsecret = \"late-secret\"\n", reloaded); err != nil {
		t.Fatalf("whole again, with an app more: %v", err)
	}
	if text := s.Log(); !strings.Contains(text, `"added":["late"],"changed":[],"removed":[]`) {
		t.Errorf("the log does not say that an app was added:\n%s", text)
	}
	if p, err := s.connect(newApp("late")); err != nil {
		t.Errorf("the new app: %v", err)
	} else {
		p.Close()
	}
	if err := s.dribbles(whole); err != nil {
		t.Fatal(err)
	}
	if err := c.dismiss(); err != nil {
		t.Error(err)
	}
	s.unharmed(t)
}

// rewrite replaces the file in one step, so that the server says one thing of it, and waits for that.
func (s *server) rewrite(text, want string) error {
	return s.tells(want, func() error {
		beside := s.config + ".new"
		if err := os.WriteFile(beside, []byte(text), 0o600); err != nil {
			return err
		}
		return os.Rename(beside, s.config)
	})
}

// dribbles writes the file in pieces, as a slow disk or an editor does it, with the pauses that make each of them look like all.
// In the end the whole counts.
func (s *server) dribbles(text string) error {
	file, err := os.Create(s.config)
	if err != nil {
		return err
	}
	defer file.Close()
	const pieces = 7
	return s.tells(`"added":[],"changed":[],"removed":["late"]`, func() error {
		for i := range pieces {
			if _, err := file.WriteString(text[i*len(text)/pieces : (i+1)*len(text)/pieces]); err != nil {
				return err
			}
			pause(300 * time.Millisecond)
		}
		return nil
	})
}

// tells does something and waits until the server has said so once more than before.
func (s *server) tells(words string, do func() error) error {
	said := strings.Count(s.Log(), words)
	if err := do(); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); strings.Count(s.Log(), words) == said; {
		select {
		case <-tick.C:
		case <-timeout:
			return errors.New("the log does not say " + words)
		}
	}
	return nil
}
