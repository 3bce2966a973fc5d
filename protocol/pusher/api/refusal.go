package api

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"fanfare/channels/apps"
)

// refusal is why a request is not done, and the answer that says so. Its text
// says what would be right.
type refusal struct {
	status int
	why    apps.Refusal // for the app's counters; not counted while no app is known
	text   string
	known  string // what of it says nothing of the request, for the log; "" is nothing
	allow  string // methods, with 405
}

// at says where in the body the fault is.
func (e *refusal) at(where string) *refusal {
	e.text = where + ": " + e.text
	return e
}

func refusef(status int, why apps.Refusal, format string, args ...any) *refusal {
	return &refusal{status: status, why: why, text: fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *refusal {
	return refusef(400, apps.RefusedMalformed, format, args...)
}

func unknownApp(id string) *refusal {
	return refusef(404, 0, "app id %q is not known here: check the id and the host", clip(id))
}

// Refusals for which the same request may succeed in a moment.
var (
	errOverloaded = &refusal{status: 503, why: apps.RefusedOverload, text: "the server is overloaded and nobody got the event: publish it again in a moment"}
	errWorkers    = &refusal{status: 503, why: apps.RefusedOverload, text: "the server has too many such questions to answer: ask again in a moment"}
	errSurplus    = &refusal{status: 503, why: apps.RefusedCapacity, text: "the server has as many connections as it can hold: try again in a moment"}
	errLookups    = &refusal{status: 503, text: "too many requests wait for their app's settings: try again in a moment"}
	errLookup     = &refusal{status: 503, text: "the app's settings could not be read in time: try again in a moment"}
	errWorkerLost = &refusal{status: 500, text: "the server failed to answer; its log says why"}
)

// clip copies what a client sent for a text that quotes it, up to a bound.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return strings.Clone(s)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
