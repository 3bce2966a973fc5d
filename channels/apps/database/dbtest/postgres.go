//go:build e2e && linux

package dbtest

import (
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
)

// Postgres starts a PostgreSQL server, which ends with the test.
func Postgres(t *testing.T) *Server {
	t.Helper()
	s := newServer(t)
	data := filepath.Join(s.dir, "data")
	s.run(t, "initdb", "--pgdata", data, "--username", userName, "--pwfile", s.write(t, "password", Password),
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync")
	s.command = func() *exec.Cmd {
		return s.prepare(t, "postgres", "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off",
			"-c", "shared_buffers=8MB", "-c", "max_connections=20")
	}
	s.URL = withUser(url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: "host=" + url.QueryEscape(s.dir)})
	s.driver, s.dsn = "pgx", s.URL
	s.Start(t)
	return s
}
