package database

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The drivers, as a configuration spells them.
const (
	driverPostgres = "postgres"
	driverMySQL    = "mysql"
)

// Connections are replaced after connLife, so that they follow a host name that
// moved to another server, and closed when they were idle for connIdle.
const (
	connLife = 30 * time.Minute
	connIdle = 5 * time.Minute
)

// schemeDriver is the driver that a URL's scheme means, "" for none.
func schemeDriver(url string) string {
	scheme, _, _ := strings.Cut(url, "://")
	switch strings.ToLower(scheme) {
	case "postgres", "postgresql":
		return driverPostgres
	case "mysql", "mariadb":
		return driverMySQL
	}
	return ""
}

// dialect is what differs between the databases.
type dialect struct {
	// connector understands the URL. It also returns the passwords in it.
	connector func(c *Config) (driver.Connector, []string, error)
	// quote is around an identifier.
	quote string
	// text is a column's value as text. %s is the quoted column.
	text string
	// place is the nth placeholder, from 1.
	place func(n int) string
	// exact holds when the column is the placeholder to the byte: collations call
	// more than that equal. "" where = does it already.
	exact string
	// impossible tells that the database refused to compare with that name,
	// because nothing of the column's type looks so.
	impossible func(err error) bool
}

var dialects = map[string]*dialect{
	driverPostgres: &postgres,
	driverMySQL:    &mySQL,
}

// connect prepares a pool; it connects nowhere yet.
func connect(c *Config) (*table, error) {
	d := dialects[c.Driver]
	connector, passwords, err := d.connector(c)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(c.Pool)
	pool.SetMaxIdleConns(c.Pool)
	pool.SetConnMaxLifetime(connLife)
	pool.SetConnMaxIdleTime(connIdle)
	return newTable(pool, d, c.Table, passwords), nil
}

// concealed is an error whose text held a password.
type concealed struct {
	text string
	err  error
}

func (c *concealed) Error() string { return c.text }
func (c *concealed) Unwrap() error { return c.err }

// conceal takes passwords out of an error's text. No driver is known to put them
// there; this is for those of tomorrow.
func conceal(err error, passwords []string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, p := range passwords {
		if p != "" {
			text = strings.ReplaceAll(text, p, "xxxxx")
		}
	}
	if text == err.Error() {
		return err
	}
	return &concealed{text, err}
}

// unreadable is the error for a URL that can't be parsed. why must not be made of
// the URL: where it does not parse nobody knows where the password is.
func unreadable(driver, why string) error {
	right := map[string]string{
		driverPostgres: "postgres://USER:PASSWORD@HOST:5432/DATABASE",
		driverMySQL:    "mysql://USER:PASSWORD@HOST:3306/DATABASE",
	}
	text := "url cannot be read"
	if why != "" {
		text += ": " + why
	}
	return errors.New(text + fmt.Sprintf("; write it like %s, with %%XX for special characters in the password", right[driver]))
}
