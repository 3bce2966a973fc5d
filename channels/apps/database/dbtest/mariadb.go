//go:build e2e && linux

package dbtest

import (
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
)

// MariaDB starts a MariaDB server, which ends with the test.
func MariaDB(t *testing.T) *Server {
	t.Helper()
	s := newServer(t)
	data, socket := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "socket")
	s.run(t, "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	first := s.write(t, "first.sql", "CREATE DATABASE IF NOT EXISTS fanfare;\n"+
		"CREATE USER IF NOT EXISTS "+userName+"@localhost IDENTIFIED BY '"+Password+"';\n"+
		"GRANT ALL ON fanfare.* TO "+userName+"@localhost;\n")
	s.command = func() *exec.Cmd {
		return s.prepare(t, "mariadbd", "--no-defaults", "--datadir="+data, "--socket="+socket, "--pid-file="+filepath.Join(s.dir, "pid"),
			"--skip-networking", "--init-file="+first, "--innodb-buffer-pool-size=8M", // What was committed has left the process, and so outlives its end.
			"--innodb-flush-log-at-trx-commit=2")
	}
	s.URL = withUser(url.URL{Scheme: "mysql", Host: "localhost", Path: "/fanfare", RawQuery: "socket=" + url.QueryEscape(socket)})
	s.driver, s.dsn = "mysql", userName+":"+Password+"@unix("+socket+")/fanfare"
	s.Start(t)
	return s
}
