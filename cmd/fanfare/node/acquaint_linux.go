package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/handover"
)

// The record of an app in a database may take a while to be looked up, or can't be just
// now. A new process is told of such apps while clients are served, and not when they
// wait for it.

// namesAtOnce is how many apps are named in a message, and lookUpsAtOnce how many are
// asked for at a time.
const (
	namesAtOnce   = 200
	lookUpsAtOnce = 16
)

// nameApps tells the new process of the apps that it will need. One that does not
// listen to that finds an empty list of connections.
func (d *donor) nameApps() error {
	for names := range slices.Chunk(d.main.appsInUse(), namesAtOnce) {
		if err := d.link.Send(&handover.Message{Loans: &handover.Loans{Apps: names}}, answerTime); err != nil {
			return err
		}
		if err := d.hearTaken(); err != nil {
			return err
		}
	}
	return nil
}

// appsInUse are those of the database that have connections, or have used up something
// of what they may do in a second.
func (m *Main) appsInUse() (ids []string) {
	if m.database == nil {
		return nil
	}
	for id, live := range m.tenants.All() {
		if live.Connections() > 0 {
			ids = append(ids, id)
		}
	}
	for _, r := range m.api.ExportRates() {
		ids = append(ids, r.App)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// acquaint has the apps looked up that are needed soon. Those that are no more are no
// error: their clients are told so.
func (m *Main) acquaint(ctx context.Context, ids []string) error {
	errs := make([]error, lookUpsAtOnce)
	var running sync.WaitGroup
	for n := range errs {
		running.Go(func() {
			for i := n; i < len(ids) && errs[n] == nil; i += len(errs) {
				_, errs[n] = m.lookUp(ctx, ids[i])
			}
		})
	}
	running.Wait()
	return cmp.Or(errs...) // one says enough
}

// lookUp finds an app, or nil where there is none. It may have to wait for a database.
func (m *Main) lookUp(ctx context.Context, id string) (*apps.App, error) {
	app, answer := m.apps.ByID(id)
	if answer != apps.Later {
		return app, nil
	}
	app, err := m.apps.FetchByID(ctx, id)
	if err != nil && !errors.Is(err, apps.ErrUnknown) {
		return nil, fmt.Errorf("cannot find out about app %q, which is in use: %w", id, err)
	}
	return app, nil
}
