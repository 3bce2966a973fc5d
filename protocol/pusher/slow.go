package pusher

import (
	"github.com/puzpuzpuz/xsync/v4"

	"fanfare/channels/apps"
	"fanfare/engine"
)

// slowRules makes the engine's rules for slow connections of what apps say,
// once for each record: a changed record gets new ones with the next message.
// Any goroutine.
type slowRules struct {
	apps  apps.Store
	byApp *xsync.Map[string, *appRules] // by id; of apps that exist and say something
}

// appRules are one record's. Static.
type appRules struct {
	app      *apps.App
	channels []*engine.Rule // as App.SlowChannels
	others   *engine.Rule
}

func newSlowRules(store apps.Store) *slowRules {
	return &slowRules{apps: store, byApp: xsync.NewMap[string, *appRules]()}
}

// of gives the rule of a channel's messages. It is asked once per message,
// however many get it. A store that does not know the app at hand any more, or
// yet, leaves it with the rule that it had last.
func (s *slowRules) of(app, channel string) *engine.Rule {
	record, answer := s.apps.ByID(app)
	if answer == apps.Found && record.Slow.IsDefault() && len(record.SlowChannels) == 0 {
		return engine.Event
	}
	rules, ok := s.byApp.Load(app)
	if answer == apps.Found && (!ok || rules.app != record) {
		rules, ok = newAppRules(record), true
		s.byApp.Store(app, rules)
	}
	if !ok {
		return engine.Event
	}
	if i := rules.app.SlowFor(channel); i >= 0 {
		return rules.channels[i]
	}
	return rules.others
}

// forget drops the rules of an app that is gone.
func (s *slowRules) forget(app string) { s.byApp.Delete(app) }

func newAppRules(app *apps.App) *appRules {
	rules := &appRules{app: app, others: newRule("", &app.Slow)}
	for i := range app.SlowChannels {
		s := &app.SlowChannels[i]
		rules.channels = append(rules.channels, newRule(s.Channels, &s.Slow))
	}
	return rules
}

var policies = map[apps.SlowPolicy]engine.Policy{
	apps.SlowDropOldest: engine.DropOldest,
	apps.SlowConflate:   engine.Conflate,
}

func newRule(name string, s *apps.Slow) *engine.Rule {
	return &engine.Rule{Name: name, Policy: policies[s.Policy], Bytes: s.Bytes, Frames: s.Frames, Age: s.Age}
}
