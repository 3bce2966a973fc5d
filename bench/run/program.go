//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"

	"fanfare/bench/serving"
)

// program is a server that is measured: Fanfare, or the limit program.
type program struct {
	limit    int    // frames that the limit program puts into one send; 0 is Fanfare
	loops    int    // of Fanfare; 0 is 1
	spread   bool   // on both cores, the load's too, instead of the server's alone
	noRing   bool   // without io_uring
	activity int    // activity_timeout in seconds; 0 is 120
	slow     string // slow_policy; "" is the default
	tls      string // key_exchange of TLS, which the load speaks then; "" is no TLS
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

// command is the command line, and what is set in its environment besides.
func (p program) command(b built) serving.Program {
	if p.limit > 0 {
		return serving.Program{Args: []string{b.limit, "-k", strconv.Itoa(p.limit)}}
	}
	loops := strconv.Itoa(max(p.loops, 1))
	fanfare := serving.Fanfare(b.server, "--loops", loops)
	fanfare.Env = []string{
		"GOMAXPROCS=" + loops, "FANFARE_APP_ID=" + appID, "FANFARE_APP_KEY=" + appKey, "FANFARE_APP_SECRET=" + appSecret,
		fmt.Sprintf("FANFARE_APP_ACTIVITY_TIMEOUT=%d", p.seconds()),
	}
	if p.slow != "" {
		fanfare.Env = append(fanfare.Env, "FANFARE_APP_SLOW_POLICY="+p.slow)
	}
	if p.noRing {
		fanfare.Env = append(fanfare.Env, "FANFARE_IO_URING=false")
	}
	if p.tls != "" {
		fanfare.Args = append(fanfare.Args, "--tls-enabled", "--tls-port", "0", "--tls-key-exchange", p.tls, "--tls-cert", b.certificate())
	}
	return fanfare
}

// told is the command line for the page, without what only says who we are.
func (p program) told() string {
	how := p.command(built{server: "fanfare", limit: "limit"})
	var words []string
	for _, kv := range how.Env {
		if !strings.HasPrefix(kv, "FANFARE_APP_ID") && !strings.HasPrefix(kv, "FANFARE_APP_KEY") && !strings.HasPrefix(kv, "FANFARE_APP_SECRET") {
			words = append(words, kv)
		}
	}
	return strings.Join(append(words, how.Args...), " ")
}
