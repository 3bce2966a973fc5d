// Package e2e holds the end-to-end tests: they start the real fanfare program on free ports and drive it with what people
// use it with, unchanged and pinned in package-lock.json. The clients are pusher-js and Laravel Echo, in Node and in Debian's
// headless Chromium, and for TLS openssl and curl; the publishers are the Pusher server libraries for Node and for Go, and Debian's Laravel. Debian's nginx,
// HAProxy and Caddy stand in front, as deploy/proxy has them configured, and PostgreSQL and MariaDB, which are killed meanwhile, behind.
// Pebble, Let's Encrypt's server for tests, issues certificates.
//
// The tests carry the build tag e2e, because they need Node, the npm modules, and the Debian packages that the Makefile names. `make e2e`
// brings these and runs them; `go test ./...` does not see them at all, instead of skipping them.
//
// The Go side decides and asserts. The scripts in node/ are puppets that carry out one call at a time, and page/ is the
// application that the browser opens. Its server side, with the auth endpoint, is played by app_test.go, and once more, for
// real, by the Laravel application in laravel/.
package e2e
