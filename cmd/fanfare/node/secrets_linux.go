package node

import (
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/handover"
)

// secretsAtOnce is how many apps' secrets go with a message: as long as they may be, they
// fill half of one.
const secretsAtOnce = 30

// secrets are those of all apps of files, and of those of the database that are known.
func (m *Main) secrets() (list []handover.AppSecrets) {
	now := time.Now()
	for a := range m.files.All() {
		list = append(list, secretsOf(a, now))
	}
	if m.database == nil {
		return list
	}
	for id := range m.tenants.All() {
		if _, there := m.files.ByID(id); there == apps.Found {
			continue
		}
		if a, known := m.apps.ByID(id); known == apps.Found {
			list = append(list, secretsOf(a, now))
		}
	}
	return list
}

func secretsOf(a *apps.App, now time.Time) handover.AppSecrets {
	s := handover.AppSecrets{App: a.ID, Key: a.Key, Secret: a.Secret}
	for _, f := range a.Former {
		s.Former = append(s.Former, handover.FormerSecret{Secret: f.Secret, Left: f.Until.Sub(now)})
	}
	return s
}

// keepSecrets keeps what another process verifies by until the apps are read.
func (m *Main) keepSecrets(list []handover.AppSecrets) {
	if m.former == nil {
		m.former = make(map[string]*apps.App, len(list))
	}
	now := time.Now()
	for _, s := range list {
		a := &apps.App{ID: s.App, Key: s.Key, Secret: s.Secret}
		for _, f := range s.Former {
			a.Former = append(a.Former, apps.FormerSecret{Secret: f.Secret, Until: now.Add(f.Left)})
		}
		m.former[s.App] = a
	}
}
