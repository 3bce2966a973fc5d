package api

import (
	"strings"

	"fanfare/channels/apps"
	"fanfare/protocol/pusher/names"
)

// terminate is POST users/ID/terminate_connections. That nobody is signed in as
// the user is no error.
func (k *call) terminate() *refusal {
	if err := names.CheckUserID(k.name, k.App.Limits.ChannelName); err != nil {
		return refusef(400, apps.RefusedName, "%v", err)
	}
	if len(k.body) > 0 { // libraries send {}
		if _, no := k.object(); no != nil {
			return no
		}
	}
	p := k.pending(emptyObject)
	k.home.server.cfg.Terminate(k.App.ID, strings.Clone(k.name), p.complete)
	p.await(k.conn)
	return nil
}
