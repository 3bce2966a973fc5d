package main

import (
	"encoding/json"
	"testing"

	"fanfare/cmd/fanfare/config"
)

// TestDoctorKnowsTheServersLimit compares the number of connections that doctor
// says the descriptor limit allows with the one at which a server refuses.
func TestDoctorKnowsTheServersLimit(t *testing.T) {
	m := startServing(t, func(c *config.Config) { c.Server.Host = "127.0.0.1" })
	_, text, notes := runLine(t, []string{"FANFARE_HOST=127.0.0.1", "FANFARE_LOOPS=2"}, "doctor", "--json")
	var r struct {
		Need struct{ Connections int }
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v: %s%s", err, text, notes)
	}
	if r.Need.Connections != m.MaxConnections() {
		t.Errorf("doctor says %d, the server %d", r.Need.Connections, m.MaxConnections())
	}
}
