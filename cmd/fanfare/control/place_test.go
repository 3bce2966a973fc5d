//go:build unix

package control

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlace(t *testing.T) {
	session := folder(t)
	own := fmt.Sprintf("/tmp/fanfare-%d/7001.sock", os.Geteuid())
	open := folder(t)
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	f := func(want string, env ...string) {
		t.Helper()
		got, err := Place(7001, env)
		if err != nil || got != want {
			t.Errorf("%v: %s, error %v; want %s", env, got, err, want)
		}
		if places := Places(7001, env); places[0] != want {
			t.Errorf("%v: one looks at %s first, want %s", env, places[0], want)
		}
	}
	f(own)
	f("/run/x/control.sock", "RUNTIME_DIRECTORY=/run/x", "XDG_RUNTIME_DIR="+session)
	f("/run/x/control.sock", "RUNTIME_DIRECTORY=/run/x:/run/y")
	f(session+"/fanfare-7001.sock", "XDG_RUNTIME_DIR="+session)
	f(session+"/fanfare-7001.sock", "RUNTIME_DIRECTORY=", "XDG_RUNTIME_DIR="+session)
	f(own, "RUNTIME_DIRECTORY=relative", "XDG_RUNTIME_DIR=relative")
	f(own, "XDG_RUNTIME_DIR="+open) // others could put a socket there
	f(own, "XDG_RUNTIME_DIR=/tmp")  // as after su: another's
	f(own, "XDG_RUNTIME_DIR=/no/such/folder")
	long := filepath.Join(session, strings.Repeat("l", 100))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	f(own, "XDG_RUNTIME_DIR="+long)
}

func TestPlaces(t *testing.T) {
	session := folder(t)
	if _, err := Place(7001, nil); err != nil { // makes the user's own folder
		t.Fatal(err)
	}
	want := []string{
		"/run/x/control.sock", session + "/fanfare-7001.sock", fmt.Sprintf("/tmp/fanfare-%d/7001.sock", os.Geteuid()), "/run/fanfare/control.sock",
	}
	if diff := cmp.Diff(want, Places(7001, []string{"RUNTIME_DIRECTORY=/run/x", "XDG_RUNTIME_DIR=" + session})); diff != "" {
		t.Error(diff)
	}
}

func TestFoldersOfOthersAreRefused(t *testing.T) {
	dir := folder(t)
	f := func(path, want string) {
		t.Helper()
		if err := checkFolder(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	f(link, "not a folder")
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f(file, "not a folder")
	if err := checkFolder(dir); err != nil {
		t.Error(err)
	}
	for _, mode := range []os.FileMode{0o710, 0o701, 0o777} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		f(dir, "open to other users")
	}
}

// Of another user's folder even root keeps away: who owns it can change what is
// in it.
func TestFolderOfAnotherUser(t *testing.T) {
	const others = "/" // root's; for root, the one below
	path := others
	if os.Geteuid() == 0 {
		path = folder(t)
		if err := os.Chown(path, 12345, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkFolder(path); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("%s: error %v, want that it is another user's", path, err)
	}
}
