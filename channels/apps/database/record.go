package database

import (
	"errors"
	"fmt"
	"strconv"

	"fanfare/channels/apps"
)

// draft is a record in the making.
type draft struct {
	app *apps.App
	// left are parts of the row that were left out, and why.
	left []string
}

func (d *draft) leave(format string, args ...any) {
	d.left = append(d.left, fmt.Sprintf(format, args...))
}

// maker makes an app with the defaults: [Config.New].
type maker func(id, key, secret string) *apps.App

// sample is an app with nothing but defaults.
func sample(make maker) *apps.App { return make("app-id", "app-key", "app-secret") }

// record makes the record that a row is served as.
func (s *Store) record(r row) (*apps.App, []string, error) {
	app, left, err := r.record(s.config.New)
	if err == nil && s.config.Refuse != nil {
		if err = s.config.Refuse(app); err != nil {
			err = fmt.Errorf("app %q: %w", app.ID, err)
		}
	}
	return app, left, err
}

// record makes a row's record. An error names the app, and for everything that is
// wrong the column, the value (never a secret) and what is right.
func (r row) record(make maker) (*apps.App, []string, error) {
	d := &draft{app: make(r["id"], r["key"], r["secret"])}
	var errs []error
	for i := range columns {
		if text, there := r[columns[i].name]; there {
			errs = append(errs, columns[i].write(d, text))
		}
	}
	fit(&d.app.Limits)
	err := errors.Join(errs...)
	if err == nil && d.app.Validate() != nil {
		err = r.blame(make, errors.Unwrap(d.app.Validate()))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("app %q: %w", r["id"], err)
	}
	return d.app, d.left, nil
}

func (c *column) write(d *draft, text string) error {
	err := c.set(d, text)
	if err == nil {
		return nil
	}
	return c.wrong(text, err)
}

func (c *column) wrong(text string, err error) error {
	const enough = 100 // bytes of a value that are worth showing
	switch {
	case c.private:
		return fmt.Errorf("column %s: %w", c.name, err)
	case len(text) > enough:
		return fmt.Errorf("column %s is %s... (%d bytes): %w", c.name, strconv.Quote(text[:enough]), len(text), err)
	}
	return fmt.Errorf("column %s is %s: %w", c.name, strconv.Quote(text), err)
}

// blame finds the columns that a record is not valid for: those which alone, with
// defaults for all others, make an invalid one.
func (r row) blame(make maker, whole error) error {
	var errs []error
	for i := range columns {
		c, d := &columns[i], &draft{app: sample(make)}
		text, there := r[c.name]
		switch {
		case there:
			_ = c.set(d, text) // it went well before
		case c.needed:
			errs = append(errs, fmt.Errorf("column %s is NULL or empty", c.name))
		}
		fit(&d.app.Limits)
		if err := d.app.Validate(); err != nil {
			errs = append(errs, c.wrong(text, errors.Unwrap(err)))
		}
	}
	if len(errs) == 0 {
		return whole
	}
	return errors.Join(errs...)
}

// The ends of what fit makes of sizes on the wire: apps.Limits allows no more.
const largest = 64 << 20

// fit makes room around the sizes that a table can raise: of a message for one
// event, escaped, and of a request for a batch of them. The factors are those of
// the defaults.
func fit(l *apps.Limits) {
	inner := max(l.ClientEventData, l.PresenceUserInfo)
	l.MessageSize = min(max(l.MessageSize, inner+inner/2+inner), max(largest, l.MessageSize))
	batch := l.EventData
	if l.EventsPerBatch > 0 && batch <= largest/l.EventsPerBatch {
		batch *= l.EventsPerBatch
	} else {
		batch = largest
	}
	l.RequestSize = min(max(l.RequestSize, 4*batch), max(largest, l.RequestSize))
}
