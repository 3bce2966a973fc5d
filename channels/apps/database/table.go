package database

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// source is where rows come from: a table, or a test's fake.
type source interface {
	// check finds out whether the table can be read, and how. It returns the
	// columns that mean nothing here.
	check(ctx context.Context) (ignored []string, err error)
	// find returns the rows whose key or id is the name to the byte: none, one, or
	// two when more have it.
	find(ctx context.Context, by by, name string) ([]row, error)
	// load returns the rows that have one of the ids, and perhaps others.
	load(ctx context.Context, ids []string) ([]row, error)
	close() error
}

// by is the column that a row is found by.
type by string

const (
	byID  by = "id"
	byKey by = "key"
)

// row is one row's values by column as this package names them. What is NULL or
// empty is not in it: the two are the same to soketi.
type row map[string]string

// table is the source that is a database. All goroutines may use it.
type table struct {
	// Static.
	pool      *sql.DB
	dialect   *dialect
	name      string
	from      string // the name, quoted
	passwords []string

	// Atomic. nil until the first look at the table, and when it may have changed.
	layout atomic.Pointer[layout]
}

// layout is what the table has of the columns that are known here, in its own
// spelling. Columns that are not known are never read: they may be large, or of
// types that nobody can read.
type layout struct {
	columns  []string // as this package names them
	spelling map[string]string
	list     string // for SELECT
	ignored  []string
}

func newTable(pool *sql.DB, d *dialect, name string, passwords []string) *table {
	t := &table{pool: pool, dialect: d, name: name, passwords: passwords}
	parts := strings.Split(name, ".")
	for i, part := range parts {
		parts[i] = t.quoted(part)
	}
	t.from = strings.Join(parts, ".")
	return t
}

func (t *table) check(ctx context.Context) ([]string, error) {
	l, err := t.examine(ctx)
	if err != nil {
		return nil, t.failed(err)
	}
	return l.ignored, nil
}

func (t *table) examine(ctx context.Context) (*layout, error) {
	rows, err := t.pool.QueryContext(ctx, "SELECT * FROM "+t.from+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err has what counts
	names, err := rows.Columns()
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return nil, err
	}
	l, err := t.layoutOf(names)
	if err != nil {
		return nil, err
	}
	t.layout.Store(l)
	return l, nil
}

func (t *table) layoutOf(names []string) (*layout, error) {
	l := &layout{spelling: make(map[string]string)}
	for _, name := range names {
		column := columnNamed(name)
		if column == "" || l.spelling[column] != "" && name != column {
			l.ignored = append(l.ignored, name)
			continue
		}
		if former := l.spelling[column]; former != "" {
			l.ignored = append(l.ignored, former)
		}
		l.spelling[column] = name
	}
	for column := range l.spelling {
		l.columns = append(l.columns, column)
	}
	slices.Sort(l.columns) // the same text each time, so that it is prepared once
	for i := range columns {
		if c := &columns[i]; c.needed && l.spelling[c.name] == "" {
			return nil, fmt.Errorf("it has no column %q: it needs id, key and secret", c.name)
		}
	}
	l.list = t.selected(l)
	return l, nil
}

func (t *table) selected(l *layout) string {
	list := make([]string, len(l.columns))
	for i, column := range l.columns {
		list[i] = fmt.Sprintf(t.dialect.text, t.quoted(l.spelling[column]))
	}
	return strings.Join(list, ", ")
}

func (t *table) quoted(name string) string {
	q := t.dialect.quote
	return q + strings.ReplaceAll(name, q, q+q) + q
}

func (t *table) find(ctx context.Context, by by, name string) ([]row, error) {
	return t.query(ctx, func(l *layout) (string, []any) {
		column := t.quoted(l.spelling[string(by)])
		where, args := column+" = "+t.dialect.place(1), []any{name}
		if t.dialect.exact != "" {
			where, args = where+" AND "+fmt.Sprintf(t.dialect.exact, column), append(args, name)
		}
		return where + " LIMIT 2", args
	})
}

func (t *table) load(ctx context.Context, ids []string) ([]row, error) {
	return t.query(ctx, func(l *layout) (string, []any) {
		places, args := make([]string, len(ids)), make([]any, len(ids))
		for i, id := range ids {
			places[i], args[i] = t.dialect.place(i+1), id
		}
		return t.quoted(l.spelling["id"]) + " IN (" + strings.Join(places, ", ") + ")", args
	})
}

// query selects rows. A second attempt, with a new look at the table, is for
// connections of the pool that broke unseen, and for columns that are gone: reading
// twice does no harm.
func (t *table) query(ctx context.Context, where func(l *layout) (string, []any)) ([]row, error) {
	rows, err := t.attempt(ctx, where)
	if err != nil && ctx.Err() == nil && !t.dialect.impossible(err) {
		t.layout.Store(nil)
		rows, err = t.attempt(ctx, where)
	}
	if err != nil && t.dialect.impossible(err) {
		return nil, nil
	}
	return rows, t.failed(err)
}

func (t *table) attempt(ctx context.Context, where func(l *layout) (string, []any)) ([]row, error) {
	l, err := t.layout.Load(), error(nil)
	if l == nil {
		if l, err = t.examine(ctx); err != nil {
			return nil, err
		}
	}
	condition, args := where(l)
	// What is no placeholder in it are the table's own names, quoted.
	found, err := t.pool.QueryContext(ctx, "SELECT "+l.list+" FROM "+t.from+" WHERE "+condition, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }() // found.Err has what counts
	var rows []row
	for found.Next() {
		r, err := scan(found, l)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

func scan(found *sql.Rows, l *layout) (row, error) {
	values, into := make([]sql.NullString, len(l.columns)), make([]any, len(l.columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := found.Scan(into...); err != nil {
		return nil, err
	}
	r := make(row, len(values))
	for i, v := range values {
		if v.String != "" {
			r[l.columns[i]] = v.String
		}
	}
	return r, nil
}

func (t *table) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot read table %s: %w", t.name, conceal(err, t.passwords))
}

func (t *table) close() error { return t.pool.Close() }
