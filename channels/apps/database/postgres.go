package database

import (
	"database/sql/driver"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres casts every value to text: of types that it does not know (arrays,
// domains, enumerations) pgx would take the binary form.
var postgres = dialect{
	connector:  postgresConnector,
	quote:      `"`,
	text:       "CAST(%s AS text)",
	place:      func(n int) string { return "$" + strconv.Itoa(n) },
	impossible: isImpossible,
}

func postgresConnector(c *Config) (driver.Connector, []string, error) {
	if schemeDriver(c.URL) != "" {
		if _, err := url.Parse(c.URL); err != nil {
			return nil, nil, unreadable(driverPostgres, "")
		}
	}
	cfg, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, nil, unreadable(driverPostgres, inner(err))
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = c.QueryTimeout
	}
	if !strings.Contains(c.URL, "default_query_exec_mode") {
		// Statements that live in a connection get invalid when somebody alters the
		// table, and break behind poolers. What this costs is one more round trip.
		cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "fanfare"
	}
	return stdlib.GetConnector(*cfg), []string{cfg.Password}, nil
}

// inner is what pgx says without repeating the URL. It is about a parameter's
// value or a file; the password is not examined.
func inner(err error) string {
	if err = errors.Unwrap(err); err == nil {
		return ""
	}
	if _, isURL := errors.AsType[*url.Error](err); isURL {
		return ""
	}
	return err.Error()
}

// isImpossible tells the errors for a text that is no number or UUID, where the
// column is one (SQLSTATE 22P02), or is a number too large for it (22003).
func isImpossible(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "22P02" || e.Code == "22003")
}
