//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// program is a server that is measured: Fanfare, or the limit program.
type program struct {
	limit    int    // frames that the limit program puts into one send; 0 is Fanfare
	loops    int    // of Fanfare; 0 is 1
	spread   bool   // on both cores, the load's too, instead of the server's alone
	noRing   bool   // without io_uring
	activity int    // activity_timeout in seconds; 0 is 120
	slow     string // slow_policy; "" is the default
}

// Credentials of the app that is measured.
const (
	appID     = "bench"
	appKey    = "bench-key"
	appSecret = "bench-secret"
)

// standardActivity is the hosted service's activity_timeout: clients are asked
// for a ping after 120 s and not after 30.
const standardActivity = 120

func (p program) seconds() int {
	if p.activity == 0 {
		return standardActivity
	}
	return p.activity
}

// command is the command line without its port, the same everywhere, and what
// is set in its environment besides.
func (p program) command(b built) (args, env []string) {
	if p.limit > 0 {
		return []string{b.limit, "-k", strconv.Itoa(p.limit)}, nil
	}
	loops := strconv.Itoa(max(p.loops, 1))
	env = []string{
		"GOMAXPROCS=" + loops, "FANFARE_APP_ID=" + appID, "FANFARE_APP_KEY=" + appKey, "FANFARE_APP_SECRET=" + appSecret,
		fmt.Sprintf("FANFARE_APP_ACTIVITY_TIMEOUT=%d", p.seconds()),
	}
	if p.slow != "" {
		env = append(env, "FANFARE_APP_SLOW_POLICY="+p.slow)
	}
	if p.noRing {
		env = append(env, "FANFARE_IO_URING=false")
	}
	return []string{b.server, "serve", "--host", "127.0.0.1", "--metrics-port", "0", "--loops", loops}, env
}

// portFlag is how it takes its port.
func (p program) portFlag() string {
	if p.limit > 0 {
		return "-p"
	}
	return "--port"
}

// told is the command line for the page, without what only says who we are.
func (p program) told() string {
	args, env := p.command(built{server: "fanfare", limit: "limit"})
	args[0] = filepath.Base(args[0])
	var words []string
	for _, kv := range env {
		if !strings.HasPrefix(kv, "FANFARE_APP_ID") && !strings.HasPrefix(kv, "FANFARE_APP_KEY") && !strings.HasPrefix(kv, "FANFARE_APP_SECRET") {
			words = append(words, kv)
		}
	}
	return strings.Join(append(words, args...), " ")
}
