//go:build unix

package appfile

import (
	"os"
	"syscall"
	"testing"
)

// The server may run as another user than who edits its apps.
func TestEditKeepsTheOwner(t *testing.T) {
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 65534, 65534
	}
	dir := newFolder(t, "# none\n")
	chown := func(uid, gid int) {
		t.Helper()
		if err := os.Chown(dir+"/fanfare.toml", uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	chown(uid, gid)
	for _, what := range []string{"new", "edited"} {
		mustEdit(t, dir, adding(what))
		info, err := os.Stat(dir + "/apps.toml")
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := info.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != uid || int(s.Gid) != gid {
			t.Errorf("the %s file's owner is %d:%d, want %d:%d", what, s.Uid, s.Gid, uid, gid)
		}
		chown(os.Getuid(), os.Getgid()) // it counts no longer
	}
}
