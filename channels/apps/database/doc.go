// Package database is a [fanfare/channels/apps.Store] of the applications in a
// PostgreSQL, MySQL or MariaDB table: soketi's table "apps" as it is, also with
// sockudo's and laravel-websockets' names of columns (columns.go lists them).
//
// The table is only ever read. What is known is kept in memory: apps that were
// asked for once, those in use for as long as they are and of the others
// [Config.MaxApps], and for a moment the names that nobody has, so that strangers
// who try keys neither fill the memory nor keep the database busy. A known app
// costs one lookup in a lock-free map, whatever the database does.
//
// # Refreshing
//
// All known apps are read again, a hundred with one query, before they are older
// than [Config.TTL], asked for or not: their connections are open whether or not
// anybody asks. A record that is the same keeps its pointer; what changed is told
// to the subscriber. A row that can't be right changes nothing and is logged, like
// a broken configuration file; where no good one was read before, that app is
// refused.
//
// # When the database is away
//
// Known apps are served as they were last read, for [Config.StaleLimit]. Those
// that are not known get [ErrAway] at once, which says "could not tell", not "no
// such app". A second is the longest that the return of the database goes
// unnoticed. An outage is logged once when it begins and once when it ends.
//
// # Why no cache library
//
// What they are good at, throwing away what is not asked for, is what must not
// happen here: an app with a million idle connections is asked for by nobody. Two
// names lead to one record, and records are refreshed by the hundred, which none
// of them does. So the records lie in package xsync's maps, which the channels
// have already.
//
// # Goroutines
//
// One per store, which refreshes, and one for each query that a Fetch method
// waits for: it ends with the query, not with whoever asked first, because others
// may wait for the same answer.
package database
