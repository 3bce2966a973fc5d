package database

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mySQL's collations call "a" and "A" equal by default, and its numbers are equal
// to texts that only begin like them. The first comparison is for the index.
var mySQL = dialect{
	connector:  mySQLConnector,
	quote:      "`",
	text:       "%s",
	place:      func(int) string { return "?" },
	exact:      "CAST(%s AS BINARY) = ?",
	impossible: func(error) bool { return false },
}

func mySQLConnector(c *Config) (driver.Connector, []string, error) {
	cfg, err := mySQLConfig(c.URL)
	if err != nil {
		return nil, nil, err
	}
	// A query that is given up by its context closes the connection, whatever
	// these say; they are for what no context covers.
	cfg.Timeout = cmp.Or(cfg.Timeout, c.QueryTimeout)
	cfg.ReadTimeout = cmp.Or(cfg.ReadTimeout, c.QueryTimeout)
	cfg.WriteTimeout = cmp.Or(cfg.WriteTimeout, c.QueryTimeout)
	cfg.Logger = driverLog{c.Log}
	boundLocks(cfg, c.QueryTimeout)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, nil, conceal(fmt.Errorf("url cannot be used: %w", err), []string{cfg.Passwd})
	}
	return connector, []string{cfg.Passwd}, nil
}

// boundLocks is for queries that wait for a table which somebody alters: one that
// was given up here goes on waiting on the server and holds a connection there.
func boundLocks(cfg *mysql.Config, limit time.Duration) {
	seconds := max(1, int(limit.Seconds()))
	params := map[string]string{"lock_wait_timeout": strconv.Itoa(seconds)}
	maps.Copy(params, cfg.Params)
	cfg.Params = params
}

// mySQLConfig reads a URL, or the driver's own form of one.
func mySQLConfig(text string) (*mysql.Config, error) {
	if !strings.Contains(text, "://") {
		cfg, err := mysql.ParseDSN(text)
		if err != nil {
			return nil, unreadable(driverMySQL, "")
		}
		return cfg, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, unreadable(driverMySQL, "") // the error would repeat the password
	}
	query := u.Query()
	network, address := "tcp", net.JoinHostPort(cmp.Or(u.Hostname(), "127.0.0.1"), cmp.Or(u.Port(), "3306"))
	if socket := query.Get("socket"); socket != "" {
		network, address = "unix", socket
		query.Del("socket")
	}
	cfg, err := mysql.ParseDSN(network + "(" + address + ")/" + strings.TrimPrefix(u.EscapedPath(), "/") + "?" + query.Encode())
	if err != nil {
		return nil, unreadable(driverMySQL, err.Error()) // neither user nor password were in there
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	return cfg, nil
}

// driverLog is where the driver complains about broken connections, which come
// back as errors as well.
type driverLog struct{ log *slog.Logger }

func (l driverLog) Print(v ...any) { l.log.Debug("mysql driver", "says", fmt.Sprint(v...)) }
