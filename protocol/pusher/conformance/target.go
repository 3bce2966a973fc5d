package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// The apps that the checks need, by the role that each plays.
const (
	mainApp     = "main"     // hosted limits, client events on
	otherApp    = "other"    // a second tenant
	silentApp   = "silent"   // activity timeout as short as it goes
	disabledApp = "disabled" // switched off
	singleApp   = "single"   // one connection at most
	muteApp     = "mute"     // client events off
	tlsApp      = "tls"      // takes TLS connections only
	vectorApp   = "vector"   // credentials of the documentation's vectors
	emptyApp    = "empty"    // never has a subscriber
	briefApp    = "brief"    // cache channels keep an event for a second
	countsApp   = "counts"   // subscription counts on

	authorizedApp       = "authorized"        // closes anonymous connections soon
	authorizedSingleApp = "authorized single" // closes them late, and has one connection at most
)

// appVariables names, for each role, the environment variable that replaces
// its app (ID:KEY:SECRET), and the app of conformance.toml.
var appVariables = map[string]struct{ variable, fallback string }{
	mainApp:     {"APP", "1001:conformance-key:conformance-secret"},
	otherApp:    {"APP_OTHER", "1002:other-key:other-secret"},
	silentApp:   {"APP_SILENT", "1003:silent-key:silent-secret"},
	disabledApp: {"APP_DISABLED", "1004:disabled-key:disabled-secret"},
	singleApp:   {"APP_SINGLE", "1005:single-key:single-secret"},
	muteApp:     {"APP_MUTE", "1006:mute-key:mute-secret"},
	tlsApp:      {"APP_TLS", "1015:tls-key:tls-secret"},
	emptyApp:    {"APP_EMPTY", "1007:empty-key:empty-secret"},
	briefApp:    {"APP_BRIEF", "1008:brief-key:brief-secret"},
	countsApp:   {"APP_COUNTS", "1010:counts-key:counts-secret"},
	vectorApp:   {"APP_VECTOR", "3:278d425bdf160c739803:7ad3773142a6692b25b8"},

	authorizedApp:       {"APP_AUTHORIZED", "1011:authorized-key:authorized-secret"},
	authorizedSingleApp: {"APP_AUTHORIZED_SINGLE", "1012:authorized-single-key:authorized-single-secret"},
}

// target is the server under test.
type target struct {
	addr   string // host:port
	apps   map[string]wire.App
	binary string        // of our own server; empty when the server is someone else's
	limit  time.Duration // how long a check may take
	closes *closeLog

	settings []string // of our own servers: lines of the [server] table
}

// closeLog keeps every close code that any connection of the run received.
type closeLog struct {
	mu    sync.Mutex
	codes map[int]string // guarded by mu; code -> id of a check that saw it
}

func (l *closeLog) add(id string, code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codes[code] = id
}

// seen calls f for each code so far.
func (l *closeLog) seen(f func(code int, id string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for code, id := range l.codes {
		f(code, id)
	}
}

// own reports whether the suite started the server itself.
func (tg *target) own() bool { return tg.binary != "" }

// openTarget starts our own server with so many loops (0: as many as it likes),
// or names the one at rawURL. The returned function stops what was started; its
// error is a server that did not end well.
func openTarget(ctx context.Context, rawURL, binary string, loops int) (*target, func() error, error) {
	apps, err := appsFromEnv(os.Getenv)
	if err != nil {
		return nil, nil, err
	}
	tg := &target{apps: apps, limit: checkLimit, closes: &closeLog{codes: map[int]string{}}}
	if rawURL != "" {
		tg.addr, err = addrOf(rawURL)
		return tg, func() error { return nil }, err
	}
	if loops > 0 {
		tg.settings = []string{fmt.Sprintf("loops = %d", loops)}
	}
	srv, err := startServer(ctx, binary, "", tg.settings...)
	if err != nil {
		return nil, nil, err
	}
	tg.addr, tg.binary = srv.addr, binary
	return tg, srv.stop, nil
}

func appsFromEnv(getenv func(string) string) (map[string]wire.App, error) {
	apps := map[string]wire.App{}
	for role, v := range appVariables {
		value := getenv(v.variable)
		if value == "" {
			value = v.fallback
		}
		app, err := wire.ParseApp(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.variable, err)
		}
		apps[role] = app
	}
	return apps, nil
}

func addrOf(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", err
	}
	if u.Scheme != "ws" || u.Host == "" || (u.Path != "" && u.Path != "/") {
		return "", fmt.Errorf("URL %q must be ws://HOST:PORT", rawURL)
	}
	if u.Port() == "" {
		return u.Host + ":80", nil
	}
	return u.Host, nil
}
