//go:build e2e && linux

// Package dbtest starts real database servers for tests: each in a temporary
// folder, on a Unix socket of its own and with a password, not reachable from
// anywhere else. They can be killed and started again. It is for tests alone.
//
// The programs are those of the Debian packages postgresql and mariadb-server.
// Both refuse to run as root: they run as nobody then.
package dbtest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	// Both drivers, for Exec.
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// Password is that of the one user, with all that a URL might trip over.
const Password = "s3cret:@/%?# word"

const userName = "fanfare"

// patience bounds a start. It is never waited for when all is well.
const patience = 60 * time.Second

// Server is a database server that a test owns.
type Server struct {
	// URL is for database.Config, with the password.
	URL string

	dir     string
	driver  string // of package database/sql
	dsn     string // for it
	command func() *exec.Cmd

	running *exec.Cmd
	output  *bytes.Buffer
	ended   chan struct{}
}

// newServer makes the folder. It is not t.TempDir, whose parents nobody else may
// enter, and whose name may be too long for a socket.
func newServer(t *testing.T) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "dbtest-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{dir: dir}
	t.Cleanup(func() {
		s.Kill(t)
		_ = os.RemoveAll(dir)
	})
	if who := credential(t); who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// credential is that of nobody for root, nil for anybody else.
func credential(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatalf("database servers refuse to run as root, and there is no user nobody: %v", err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// prepare makes a command that runs as whom the servers take, and ends with the
// test, however that ends.
func (s *Server) prepare(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(find(t, program), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin", "HOME=" + s.dir, "TMPDIR=" + s.dir, "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential(t), Pdeathsig: syscall.SIGKILL}
	return cmd
}

// find looks where Debian puts what is not for everybody's PATH.
func find(t *testing.T, program string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, pattern := range []string{"/usr/sbin/", "/usr/lib/postgresql/*/bin/"} {
		if found, _ := filepath.Glob(pattern + program); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	t.Fatalf("%s is not here: the tests need the Debian packages postgresql and mariadb-server", program)
	return ""
}

func (s *Server) run(t *testing.T, program string, args ...string) {
	t.Helper()
	if output, err := s.prepare(t, program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, output)
	}
}

// write makes a file that the server may read.
func (s *Server) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Start starts the server and waits until it answers. After a Kill it has to make
// up for that, and may refuse to start until the last of its processes is gone.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	limit := time.After(patience)
	for {
		s.launch(t)
		err := s.ready(limit)
		if err == nil {
			return
		}
		s.Kill(t)
		select {
		case <-limit:
			t.Fatalf("%v\n%s", err, s.output)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Server) launch(t *testing.T) {
	t.Helper()
	s.running, s.output, s.ended = s.command(), new(bytes.Buffer), make(chan struct{})
	s.running.Stdout, s.running.Stderr = s.output, s.output
	if err := s.running.Start(); err != nil {
		t.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		defer close(ended)
		_ = cmd.Wait()
	}(s.running, s.ended)
}

// ready waits until the server answers, or ends.
func (s *Server) ready(limit <-chan time.Time) error {
	db, err := sql.Open(s.driver, s.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := db.PingContext(ctx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("%s ended: %w", s.running.Path, err)
		case <-limit:
			return fmt.Errorf("%s does not answer: %w", s.running.Path, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Kill ends the server as a power cut would (SIGKILL), if it runs.
func (s *Server) Kill(t *testing.T) {
	t.Helper()
	if s.running == nil {
		return
	}
	_ = s.running.Process.Kill()
	<-s.ended
	s.running = nil
}

// Exec runs statements one after the other.
func (s *Server) Exec(t *testing.T, statements ...string) {
	t.Helper()
	db, err := sql.Open(s.driver, s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
}

// Lock keeps everybody else from reading a table until the test or release ends
// it, as changing its columns would.
func (s *Server) Lock(t *testing.T, table string) (release func()) {
	t.Helper()
	db, err := sql.Open(s.driver, s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // so that it is one session which ends with it
	statements := []string{"LOCK TABLES " + table + " WRITE"}
	if s.driver == "pgx" {
		statements = []string{"BEGIN", "LOCK TABLE " + table}
	}
	session, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := session.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	release = sync.OnceFunc(func() {
		_ = session.Close()
		_ = db.Close()
	})
	t.Cleanup(release)
	return release
}

// withUser is the user's part of a URL.
func withUser(u url.URL) string {
	u.User = url.UserPassword(userName, Password)
	return u.String()
}
