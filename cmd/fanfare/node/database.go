//go:build unix

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fanfare/channels/apps"
	"fanfare/channels/apps/database"
	"fanfare/cmd/fanfare/config"
	"fanfare/engine"
	"fanfare/protocol"
)

// openApps makes what finds apps: those of the files and, behind them, those of
// the database, if there is one.
func (m *Main) openApps(ctx context.Context) error {
	records, now := m.Config.Records(), time.Now()
	for _, a := range records {
		a.InheritSecrets(m.former[a.ID], now, m.Config.Server.SecretOverlap)
	}
	files, err := apps.NewDynamic(records...)
	if err != nil {
		return config.Errorf("%w", err)
	}
	m.files, m.apps = files, files
	if m.Config.Database.URL == "" {
		return nil
	}
	if err := m.openDatabase(ctx); err != nil {
		return err
	}
	m.apps = apps.NewChain(files, m.database)
	return nil
}

// openDatabase fails where the database refuses, or has no such table: that lasts
// until somebody mends it, and is best told at once. One that does not answer is
// waited for while serving. After a power cut all machines start together, in no
// order: then apps of files are served already, and clients of the others are told
// to come back (4100) until it is there.
func (m *Main) openDatabase(ctx context.Context) error {
	c := m.databaseConfig()
	store, err := database.Open(c)
	if err != nil {
		return config.Errorf("[database]: %w", err)
	}
	if err = store.Check(ctx); err != nil && (!errors.Is(err, database.ErrAway) || ctx.Err() != nil) {
		return errors.Join(fmt.Errorf("[database]: %w", err), store.Close())
	}
	if err == nil {
		m.Log.Info("apps are looked up in the database, too", "table", c.Table)
	}
	m.database = store
	return nil
}

func (m *Main) databaseConfig() database.Config {
	c := m.Config.Database.StoreConfig()
	c.SecretOverlap, c.Former, c.InUse, c.Refuse, c.Log = m.Config.Server.SecretOverlap, m.former, m.inUse, m.refuse, m.Log
	return c
}

// inUse tells whether an app has connections. It is not called before the node
// serves: until then no app is known, and there are no tenants.
func (m *Main) inUse(id string) bool {
	live, met := m.tenants.Find(id)
	return met && live.Connections() > 0
}

// refuse is checkExposure for apps of the database.
func (m *Main) refuse(a *apps.App) error {
	for _, host := range m.reachedAt() {
		if a.IsDefault() && !config.IsLoopback(host) {
			return fmt.Errorf("its secret is the one that everybody knows (%s), so %s is not served to other machines (server.host): give it a secret of its own", apps.DefaultSecret, host)
		}
	}
	return nil
}

// closeDatabase is called when nobody looks apps up any more.
func (m *Main) closeDatabase() error {
	if m.database == nil {
		return nil
	}
	return m.database.Close()
}

// setSecretOverlap is for changes from now on; those of files are told it with
// each.
func (m *Main) setSecretOverlap(overlap time.Duration) {
	if m.database != nil {
		m.database.SetSecretOverlap(overlap)
	}
}

// lookups bounds each of the two kinds of look-ups, upgrades and requests, so that
// half of the workers stay for signatures. Those that may wait for a database come
// on top, unless the configuration says how many workers there are.
func (m *Main) lookups(cfg *engine.Config) protocol.LookupLimits {
	const least, most, patience = 2, 4, 5 * time.Second
	limits := protocol.LookupLimits{Workers: max(1, cfg.Workers/4)}
	if m.database == nil {
		return limits
	}
	limits.Workers = min(limits.Workers, most)
	if m.Config.Server.Workers == 0 {
		limits.Workers = max(limits.Workers, least)
		cfg.Workers += 2 * limits.Workers
	}
	limits.Timeout = max(patience, m.Config.Database.QueryTimeout+time.Second)
	return limits
}
