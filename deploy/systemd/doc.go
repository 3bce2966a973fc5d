// Package systemd holds the units, and the test that does what docs/systemd.md
// says under a real systemd: that of this machine, booted once more in namespaces
// of its own, on a copy of this machine's files in memory.
//
// The test bears the build tag e2e, and has to run as root. `make deploy` brings
// what it needs.
package systemd
