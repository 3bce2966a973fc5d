package config

import (
	"errors"
	"fmt"
	"strings"

	"fanfare/channels/apps/database"
)

// StoreConfig is the table as its package takes it.
func (d *Database) StoreConfig() database.Config {
	c := database.Config{
		URL:          d.URL,
		Table:        d.Table,
		Pool:         d.Pool,
		QueryTimeout: d.QueryTimeout,
		TTL:          d.TTL,
		UnknownTTL:   d.UnknownTTL,
		StaleLimit:   d.StaleLimit,
		MaxApps:      d.MaxApps,
		MaxUnknown:   d.MaxUnknown,
	}
	if c.StaleLimit == 0 {
		c.StaleLimit = -1 // zero is the default there
	}
	return c
}

// checkDatabase refuses what could not even be tried.
func (l *Loaded) checkDatabase() error {
	if l.Database.URL == "" {
		return nil
	}
	err := l.Database.StoreConfig().Validate()
	if err == nil {
		return nil
	}
	var errs []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		key, _, _ := strings.Cut(line, " ")
		if key == "driver" { // which has no key of its own here
			key, line = "url", "url does not tell the kind of database: begin it with postgres:// or mysql://"
		}
		errs = append(errs, fmt.Errorf("%s: database.%s", l.origin("database."+key), line))
	}
	return errors.Join(errs...)
}
