package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config/setting"
)

// addApps makes the apps of both files, and the one that FANFARE_APP_* describe.
// With an id those variables override the app of the files that has it, or add
// one. Without, they speak of the only app of the configuration itself, and
// otherwise of the built-in one where it is served; which app others add to the
// file of apps while the server runs makes no difference to them.
func (l *Loaded) addApps(file, own fileValues, env setting.Draft) error {
	drafts := slices.Concat(file.apps, own.apps)
	builtin := l.needsBuiltin(file, own, env)
	if builtin {
		l.Builtin = env.Text("secret") == ""
		drafts = append(drafts, builtinApp())
	}
	if len(env) > 0 {
		at, err := envTarget(drafts, file, env, builtin)
		if err != nil {
			return err
		}
		if at == len(drafts) {
			drafts = append(drafts, nil)
		}
		drafts[at] = append(slices.Clone(drafts[at]), env...)
	}
	return l.buildApps(drafts)
}

// needsBuiltin tells whether the built-in app is served: with a secret from the
// environment, and where there is no other. But not where a file of apps is there
// and empty: somebody removed them. Nor where apps are looked up in a database.
func (l *Loaded) needsBuiltin(file, own fileValues, env setting.Draft) bool {
	if len(file.apps) > 0 || env.Text("id") != "" {
		return false
	}
	return env.Text("secret") != "" || own.name == "" && l.Database.URL == ""
}

func builtinApp() setting.Draft {
	d := apps.Default()
	return setting.Draft{
		{Path: "id", Text: d.ID, Origin: originDefault},
		{Path: "key", Text: d.Key, Origin: originDefault},
		{Path: "secret", Text: d.Secret, Origin: originDefault},
	}
}

// envTarget is the index of the app that FANFARE_APP_* speak of; len(drafts)
// for a new one. The built-in app is the last.
func envTarget(drafts []setting.Draft, file fileValues, env setting.Draft, builtin bool) (int, error) {
	id := env.Text("id")
	i := slices.IndexFunc(drafts, func(d setting.Draft) bool { return d.Text("id") == id })
	switch {
	case id != "" && i >= 0:
		return i, nil
	case id != "":
		return len(drafts), nil
	case builtin:
		return len(drafts) - 1, nil
	case len(file.apps) == 1:
		return 0, nil
	}
	return 0, fmt.Errorf("%s is set, but not FANFARE_APP_ID, and %s has %d apps: set FANFARE_APP_ID to the one that is meant",
		env[0].Origin, cmp.Or(file.name, DefaultFile), len(file.apps))
}

func (l *Loaded) buildApps(drafts []setting.Draft) error {
	l.Apps = make([]App, len(drafts))
	var errs []error
	for i, draft := range drafts {
		at := AppPath(i)
		note := func(path, origin string) { l.origins[at+path] = origin }
		errs = append(errs, l.Apps[i].Fill(draft, note))
	}
	return errors.Join(errs...)
}

// Fill gives the app what the draft says, and its defaults for the rest. note is told
// the path of each value that was given, and its origin.
func (a *App) Fill(draft setting.Draft, note func(path, origin string)) error {
	preset := ""
	if draft.Text("limits") == apps.PresetPusher {
		preset = apps.PresetPusher
	}
	return draft.Fill(a, preset, note)
}

// AppPath is what precedes the keys of the i-th app in paths: "apps[0].".
func AppPath(i int) string { return "apps[" + strconv.Itoa(i) + "]." }

// record makes the record that the server keeps of the app.
func (a *App) record() *apps.App {
	r := apps.New(a.ID, a.Key, a.Secret)
	r.Enabled = a.Enabled
	r.ClientEvents = a.ClientEvents
	r.StrictProtocol = !a.LenientProtocol
	r.SubscriptionErrors = a.SubscriptionErrors
	r.SubscriptionCounts = a.SubscriptionCounts
	r.Watchlists = a.Watchlists
	r.TLSOnly = a.TLSOnly
	r.AuthorizedConnections = a.AuthorizedConnections
	r.AuthorizationTimeout = a.AuthorizationTimeout
	r.TerminatedReturn = a.TerminatedReturn
	r.WebhookBatching = a.WebhookBatching
	r.MaxConnections = a.MaxConnections
	r.ActivityTimeout = a.ActivityTimeout
	r.AllowedOrigins = a.AllowedOrigins
	a.Limit.copyTo(&r.Limits)
	r.Slow = slowRecord(a.SlowPolicy, a.SlowBytes, a.SlowFrames, a.SlowAge)
	for _, s := range a.Slow {
		r.SlowChannels = append(r.SlowChannels, apps.SlowChannels{
			Channels: s.Channels, Slow: slowRecord(s.Policy, s.Bytes, s.Frames, s.Age),
		})
	}
	for i := range a.Webhooks {
		r.Webhooks = append(r.Webhooks, a.Webhooks[i].record())
	}
	for _, f := range a.Former {
		r.Former = append(r.Former, apps.FormerSecret{Secret: f.Secret, Until: f.Until})
	}
	return r
}

func (m *Limit) copyTo(r *apps.Limits) {
	r.EventData = int(m.EventData)
	r.ClientEventData = int(m.ClientEventData)
	r.ClientEventsPerSecond = m.ClientEventsPerSecond
	r.EventsPerSecond = m.EventsPerSecond
	r.ReadsPerSecond = m.ReadsPerSecond
	r.ConnectionsPerUser = m.ConnectionsPerUser
	r.ChannelsPerPublish = m.ChannelsPerPublish
	r.EventsPerBatch = m.EventsPerBatch
	r.ChannelName = m.ChannelName
	r.EventName = m.EventName
	r.ChannelsPerConnection = m.ChannelsPerConnection
	r.PresenceMembers = m.PresenceMembers
	r.PresenceUserInfo = int(m.PresenceUserInfo)
	r.PresenceUserID = m.PresenceUserID
	r.Watchlist = m.Watchlist
	r.CachedEventLife = m.CachedEventLife
	r.MessageSize = int(m.MessageSize)
	r.RequestSize = int(m.RequestSize)
}

// Records are the apps as a store takes them.
func (c *Config) Records() []*apps.App {
	list := make([]*apps.App, len(c.Apps))
	for i := range c.Apps {
		list[i] = c.Apps[i].record()
	}
	return list
}
