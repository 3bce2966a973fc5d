// Package appfile changes the file of apps, apps.toml: the only file that commands
// write, and never fanfare.toml.
//
// Edit does it for one command at a time, by a lock that all processes heed, and such
// that a running server sees all of a change or nothing. Comments in the file are not
// kept. What the file may hold, and reading it, is package config's.
package appfile
