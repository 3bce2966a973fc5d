package api

import (
	"time"

	"fanfare/channels/apps"
)

// RateState is what an app has used up of its rates, written down for another
// process: how long each takes to be whole again. It travels by encoding/gob:
// fields keep their names and meanings, and zero is as before they existed.
type RateState struct {
	App    string
	Events time.Duration
	Reads  time.Duration
}

// ExportRates writes down the rates that are not whole. Any goroutine; what is
// taken meanwhile may be missing.
func (s *Server) ExportRates() []RateState {
	var all []RateState
	now := s.clock()
	for id, live := range s.cfg.Tenants.All() {
		if r := (RateState{id, live.Events.Debt(now), live.Reads.Debt(now)}); r.Events+r.Reads > 0 {
			all = append(all, r)
		}
	}
	return all
}

// ImportRates takes up what ExportRates wrote down, for the apps that are known
// here. It is called before anybody asks for anything.
func (s *Server) ImportRates(all []RateState) {
	now := s.clock()
	for _, r := range all {
		if app, answer := s.cfg.Apps.ByID(r.App); answer == apps.Found {
			live := s.cfg.Tenants.Of(app)
			live.Events.Owe(now, r.Events)
			live.Reads.Owe(now, r.Reads)
		}
	}
}
