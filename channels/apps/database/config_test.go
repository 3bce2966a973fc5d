package database

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"fanfare/channels/apps"
)

func TestOpenRefuses(t *testing.T) {
	f := func(c Config, want string) {
		t.Helper()
		s, err := Open(c)
		if err == nil {
			s.Close()
			t.Errorf("accepted: want %s", want)
			return
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("the error has the password: %v", err)
		}
	}
	const url = "postgres://fanfare:hush@localhost/apps"
	f(Config{}, "driver is not set")
	f(Config{URL: "host=localhost password=hush"}, "driver is not set")
	f(Config{Driver: "oracle", URL: url}, `driver is "oracle": use "postgres" or "mysql"`)
	for _, table := range []string{"a b", "a;b", `a"b`, "a.b.c", ".a", "a.", "1a", "ä", strings.Repeat("a", 64)} {
		f(Config{URL: url, Table: table}, fmt.Sprintf("table is %q", table))
	}
	f(Config{URL: url, Pool: -1}, "pool is -1: use at least 1")
	f(Config{URL: url, TTL: time.Millisecond}, "ttl is 1ms: use at least 1s")
	f(Config{URL: url, UnknownTTL: -1}, "unknown_ttl is -1ns: use at least 1s")
	f(Config{URL: url, QueryTimeout: -1}, "query_timeout")
	f(Config{URL: url, MaxApps: -1}, "max_apps")
	f(Config{URL: url, MaxUnknown: 1}, "max_unknown")
	f(Config{URL: url, SecretOverlap: -1}, "secret_overlap")

	f(Config{URL: url, New: func(_, _, _ string) *apps.App { return &apps.App{} }}, "the defaults for apps are not valid: id is empty")

	const right = "write it like postgres://USER:PASSWORD@HOST:5432/DATABASE"
	f(Config{URL: "postgres://fanfare:hu%sh@localhost/apps"}, right)
	f(Config{URL: "postgres://fanfare:hush hush@local host/apps"}, right)
	f(Config{URL: "postgres://fanfare:hush@localhost:hush/apps"}, right)
	f(Config{URL: url + "?sslmode=sometimes"}, "sslmode is invalid")
	f(Config{Driver: "postgres", URL: "password=hush host"}, right)
	f(Config{URL: "mysql://fanfare:hu%sh@localhost/apps"}, "write it like mysql://USER:PASSWORD@HOST:3306/DATABASE")
	f(Config{URL: "mysql://fanfare:hush@localhost/apps?readTimeout=long"}, "url cannot be read")
	f(Config{URL: "mysql://fanfare:hush@localhost/apps?tls=hm"}, "hm")
	f(Config{Driver: "mysql", URL: "fanfare:hush@localhost"}, "url cannot be read")
}

func TestMySQLConfig(t *testing.T) {
	f := func(url, network, address, user, password, database string) {
		t.Helper()
		c, err := mySQLConfig(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			return
		}
		got, want := []string{c.Net, c.Addr, c.User, c.Passwd, c.DBName}, []string{network, address, user, password, database}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
	f("mysql://u:p%40%3A%2F@db.example:3307/apps?tls=skip-verify", "tcp", "db.example:3307", "u", "p@:/", "apps")
	f("mariadb://u@[::1]/a%2Fb", "tcp", "[::1]:3306", "u", "", "a/b")
	f("mysql:///apps", "tcp", "127.0.0.1:3306", "", "", "apps")
	f("mysql://u:p@localhost/apps?socket=/run/db.sock&charset=utf8mb4", "unix", "/run/db.sock", "u", "p", "apps")
	f("u:p@tcp(db:1)/apps", "tcp", "db:1", "u", "p", "apps")

	c, err := mySQLConfig("mysql://u:p@db.example/apps?tls=true")
	if err != nil || c.TLS.ServerName != "db.example" {
		t.Errorf("TLS is for %v, %v", c, err)
	}
}

func TestConceal(t *testing.T) {
	cause := errors.New("access denied for fanfare:hush")
	err := conceal(cause, []string{"", "hush"})
	if err.Error() != "access denied for fanfare:xxxxx" || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if got := conceal(errors.New("away"), []string{"hush"}); got.Error() != "away" {
		t.Errorf("an error without a password became %v", got)
	}
}

func TestConfigLeaksNothing(t *testing.T) {
	c := Config{URL: "postgres://fanfare:hush@localhost/apps"}.withDefaults()
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%v", &c), log.String()} {
		if strings.Contains(text, "hush") {
			t.Errorf("the password is in %s", text)
		}
	}
}
