//go:build e2e && linux

package hostile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/guest"
	"fanfare/cmd/fanfare/e2e/process"
)

const guestMemory = 512 * mib

// TestClock sets the clock back by an hour and ahead by two while the program runs. No machine that is used for anything else
// can have that done to it, so this very test goes on in a guest, which is a process.
func TestClock(t *testing.T) {
	t.Parallel()
	if guest.Inside() {
		t.Run("back", func(t *testing.T) { leap(t, -time.Hour) })
		t.Run("ahead", func(t *testing.T) { leap(t, 2*time.Hour) })
		return
	}
	m := &guest.Machine{Dir: t.TempDir(), Init: "/init", Memory: guestMemory}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "e2e", "-o", filepath.Join(m.Dir, "init"), ".")
	if text, err := build.CombinedOutput(); err != nil { // statically linked: TestMain has CGO_ENABLED=0
		t.Fatalf("cannot build the guest's program: %v\n%s", err, text)
	}
	if err := lay(process.Program, filepath.Join(m.Dir, "fanfare")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := m.Boot(t.Context(), &out); err != nil {
		text, _ := os.ReadFile(m.Console())
		t.Fatalf("%v\n%s", err, text)
	}
	t.Logf("in the guest:\n%s", &out)
	if !bytes.Contains(out.Bytes(), []byte(guestVerdict+"0\n")) {
		t.Error("it failed in the guest")
	}
}

// guestVerdict begins the last line that the guest prints; the code of its tests follows.
const guestVerdict = "the guest's tests ended with code "

// liveAsGuest is TestMain in the guest.
func liveAsGuest(m *testing.M) {
	code := 2
	if err := guest.Begin(); err != nil {
		fmt.Println(err)
	} else {
		process.Program = "/fanfare"
		os.Args = []string{os.Args[0], "-test.run=^TestClock$", "-test.v", "-test.timeout=2m"}
		code = m.Run()
	}
	fmt.Println(guestVerdict + fmt.Sprint(code))
	guest.PowerOff()
}

// lay copies a program.
func lay(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// setClock moves the time of day, as `date -s` does it. The time since the machine was started goes on as before.
func setClock(by time.Duration) error {
	now := time.Now()
	then := unix.NsecToTimeval(now.Add(by).UnixNano())
	if err := unix.Settimeofday(&then); err != nil {
		return os.NewSyscallError("settimeofday", err)
	}
	if moved := time.Now().Round(0).Sub(now.Round(0)); (moved - by).Abs() > time.Second {
		return fmt.Errorf("the clock has moved by %v, want %v", moved, by)
	}
	return nil
}
