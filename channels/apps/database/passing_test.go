package database

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"fanfare/channels/apps"
)

func TestIsPassing(t *testing.T) {
	f := func(err error, want bool) {
		t.Helper()
		for _, err := range []error{err, fmt.Errorf("cannot read table apps: %w", errors.Join(err))} {
			if got := isPassing(err); got != want {
				t.Errorf("%v: %v, want %v", err, got, want)
			}
		}
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	f(refused, true)
	f(&net.DNSError{Err: "no such host", IsNotFound: true}, true)
	f(context.DeadlineExceeded, true)
	f(mysql.ErrInvalidConn, true)
	f(&pgconn.PgError{Code: "57P03", Message: "the database system is starting up"}, true)
	f(&pgconn.PgError{Code: "53300", Message: "too many clients already"}, true)
	f(&mysql.MySQLError{Number: 1040, Message: "Too many connections"}, true)

	f(&pgconn.PgError{Code: "28P01", Message: "password authentication failed"}, false)
	f(&pgconn.PgError{Code: "42P01", Message: "relation does not exist"}, false)
	f(&pgconn.PgError{Code: "3D000", Message: "database does not exist"}, false)
	f(&pgconn.PgError{Code: "?"}, false)
	f(&mysql.MySQLError{Number: 1045, Message: "Access denied"}, false)
	f(&mysql.MySQLError{Number: 1146, Message: "Table doesn't exist"}, false)
	f(x509.UnknownAuthorityError{}, false)
	f(errors.New(`it has no column "secret"`), false)
	// Of several hosts one answers: waiting for the others does not help.
	f(errors.Join(refused, &pgconn.PgError{Code: "28P01"}), false)
}

func TestCheckTellsWhetherWaitingHelps(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		f := func(err error, away bool) {
			t.Helper()
			w.table.fail(err)
			got := w.Check(t.Context())
			if !errors.Is(got, err) || errors.Is(got, ErrAway) != away {
				t.Errorf("%v became %v, want it to be away: %v", err, got, away)
			}
		}
		f(nil, false)
		f(&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true)
		f(&pgconn.PgError{Code: "28P01"}, false)
	})
}

func TestRefuse(t *testing.T) {
	open := errors.New("everybody knows this secret")
	refuse := func(c *Config) {
		c.Refuse = func(a *apps.App) error {
			if a.Secret == "open" {
				return open
			}
			return nil
		}
	}
	inWorld(t, refuse, func(t *testing.T, w *world) {
		w.table.put(named("a"), named("b").with("secret", "open"))
		a := fetched(t, w.FetchByKey, "key-a")
		if _, err := w.FetchByKey(t.Context(), "key-b"); !errors.Is(err, open) || unknown(err) {
			t.Errorf("error %v", err)
		}
		w.table.put(named("a").with("secret", "open"))
		after(2 * time.Minute)
		if w.expect(t, "key-a", apps.Found) != a {
			t.Error("a record that is refused took the place of one that was not")
		}
		w.logged(t, `app \"a\": everybody knows this secret`, 1)
		if n := w.Stats().Refused; n < 2 {
			t.Errorf("%d rows refused", n)
		}
	})
}

func TestSetSecretOverlap(t *testing.T) {
	inWorld(t, func(c *Config) { c.SecretOverlap = time.Hour }, func(t *testing.T, w *world) {
		w.table.put(named("a"))
		old := fetched(t, w.FetchByKey, "key-a")
		w.SetSecretOverlap(2 * time.Hour)
		w.table.put(named("a").with("secret", "new"))
		changed := time.Now()
		after(time.Minute)
		app := w.expect(t, "key-a", apps.Found)
		if len(app.Former) != 1 || app.Former[0].Secret != old.Secret {
			t.Fatalf("former secrets %v", app.Former)
		}
		if left := app.Former[0].Until.Sub(changed); left < 2*time.Hour || left > 2*time.Hour+time.Minute {
			t.Errorf("the former secret verifies for %v, want 2h", left)
		}
	})
}

func TestValidate(t *testing.T) {
	f := func(c Config, want string) {
		t.Helper()
		err := c.Validate()
		if got := fmt.Sprint(err); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(Config{URL: "postgres://u:hush@localhost/apps"}, "<nil>")
	f(Config{URL: "mysql://u:hush@localhost/apps", Table: "a b"}, `table is "a b": use letters, digits and _, at most 63, if need be behind a schema's name and a dot`)
	f(Config{URL: "mysql://u:hu%sh@localhost/apps"}, "url cannot be read; write it like mysql://USER:PASSWORD@HOST:3306/DATABASE, with %XX for special characters in the password")
}
