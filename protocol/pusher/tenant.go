package pusher

import (
	"fanfare/channels/apps"
	"fanfare/protocol/pusher/auth"
)

// tenant is one app as one loop knows it: the record, and what is prepared
// from it. A changed record gets a new tenant; sessions keep the one that they
// came in with. Static.
type tenant struct {
	app      *apps.App
	live     *apps.Live
	counters *apps.Counters // this loop's
	signer   *auth.Signer
}

// tenantOf finds or makes the app's tenant. The map grows with the apps that
// were met, never with what strangers ask for.
func (h *home) tenantOf(app *apps.App) *tenant {
	if t := h.tenants[app.ID]; t != nil && t.app == app {
		return t
	}
	live := h.server.cfg.Tenants.Of(app)
	t := &tenant{
		app:      app,
		live:     live,
		counters: live.On(h.index),
		signer:   auth.NewSigner(app.Key, app.Secret),
	}
	h.tenants[app.ID] = t
	return t
}
