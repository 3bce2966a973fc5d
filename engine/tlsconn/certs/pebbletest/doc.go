// Package pebbletest runs Pebble, Let's Encrypt's ACME server for tests, and the name
// server that it asks. What fails ends the test, so all of it is for the test's
// goroutine.
//
// It needs Linux, and bears the end-to-end tests' build tag.
package pebbletest
