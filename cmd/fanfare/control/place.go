//go:build unix

package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"fanfare/cmd/fanfare/config"
)

// Auto is the setting that has the place chosen: control.socket's default.
const Auto = "auto"

// serviceSocket is where the systemd unit that comes with fanfare has it.
const serviceSocket = "/run/fanfare/control.sock"

// Place is where a server that listens on port has its socket when nobody has
// said where, given its environment. The folder is there when it returns.
func Place(port int, env []string) (string, error) {
	if dir := runtimeDirectory(env); dir != "" {
		return filepath.Join(dir, "control.sock"), nil
	}
	if path := sessionPlace(port, env); path != "" {
		return path, nil
	}
	path := ownPlace(port)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return path, checkFolder(filepath.Dir(path))
}

// Places is where to look for the socket of a server that listens on port: first
// where one with the same environment and user has it.
func Places(port int, env []string) (list []string) {
	if dir := runtimeDirectory(env); dir != "" {
		list = append(list, filepath.Join(dir, "control.sock"))
	}
	if path := sessionPlace(port, env); path != "" {
		list = append(list, path)
	}
	if path := ownPlace(port); checkFolder(filepath.Dir(path)) == nil {
		list = append(list, path)
	}
	return append(list, serviceSocket)
}

// runtimeDirectory is the first of those that systemd has made for the unit.
func runtimeDirectory(env []string) string {
	first, _, _ := strings.Cut(config.LookupEnv(env, "RUNTIME_DIRECTORY"), ":")
	return absolute(first)
}

// sessionPlace is in the folder of the user's session. After su it may be
// another user's.
func sessionPlace(port int, env []string) string {
	dir := absolute(config.LookupEnv(env, "XDG_RUNTIME_DIR"))
	if dir == "" || checkFolder(dir) != nil {
		return ""
	}
	path := filepath.Join(dir, fmt.Sprintf("fanfare-%d.sock", port))
	if checkLength(path) != nil {
		return ""
	}
	return path
}

// ownPlace is in a folder of the user's under /tmp, whatever TMPDIR says: the
// other end may have another one.
func ownPlace(port int) string {
	return filepath.Join(fmt.Sprintf("/tmp/fanfare-%d", os.Geteuid()), strconv.Itoa(port)+".sock")
}

func absolute(dir string) string {
	if !filepath.IsAbs(dir) {
		return ""
	}
	return dir
}

// checkFolder refuses a folder in which anybody else could put a socket, or that
// is somebody else's way of having us write elsewhere.
func checkFolder(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder: remove it, or set control.socket", dir)
	case !ok || int(owner.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to another user: have it removed, or set control.socket", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s is open to other users (mode %#o): chmod 700 it, or set control.socket", dir, info.Mode().Perm())
	}
	return nil
}

// suffixLength is what bind's temporary name has more than the path.
const suffixLength = len(".4194304")

// checkLength refuses paths that the system can't bind.
func checkLength(path string) error {
	if most := len(syscall.RawSockaddrUnix{}.Path) - 1 - suffixLength; len(path) > most {
		return fmt.Errorf("%s has %d bytes, and the path of a socket may have %d: set control.socket to a shorter one", path, len(path), most)
	}
	return nil
}
