// Package apps says what an application is and where applications come from.
//
// An [App] is a plain record: credentials, switches and [Limits]. It never
// changes once a [Store] has handed it out, so that any goroutine may read it
// without a lock; a change makes a new record. What changes from second to
// second (open connections, counters) is the app's [Live] side, which
// [Tenants] keeps by app id and which outlives a change of the record.
//
// Records come from a list ([Static]), from files that are read again ([Dynamic]),
// from package database, and from files with a database behind them ([Chain]).
//
// The package owns no sockets and knows no wire format: whoever refuses
// somebody because of what is written here words the refusal.
package apps
