package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"fanfare/channels/apps"
)

// remoteApps have to be fetched. Of "gone" there is no record, and "away" can't be
// asked for.
type remoteApps struct {
	apps.Source
	fetched atomic.Int32
}

func (*remoteApps) ByID(string) (*apps.App, apps.Answer) { return nil, apps.Later }

func (r *remoteApps) FetchByID(_ context.Context, id string) (*apps.App, error) {
	r.fetched.Add(1)
	switch id {
	case "gone":
		return nil, apps.ErrUnknown
	case "away":
		return nil, errors.New("no such luck")
	}
	return apps.New(id, id, "a-secret"), nil
}

// All apps are asked for, as many as there are, and what can't be known is told.
func TestAcquaint(t *testing.T) {
	for _, n := range []int{0, 1, lookUpsAtOnce, 3*lookUpsAtOnce + 1} {
		r := &remoteApps{}
		ids := []string{"gone"}
		for i := range n {
			ids = append(ids, fmt.Sprint("app-", i))
		}
		m := &Main{apps: r}
		if err := m.acquaint(t.Context(), ids); err != nil || int(r.fetched.Load()) != len(ids) {
			t.Errorf("%d of %d apps were asked for: %v", r.fetched.Load(), len(ids), err)
		}
		if err := m.acquaint(t.Context(), append(ids, "away")); err == nil || !strings.Contains(err.Error(), `app "away", which is in use: no such luck`) {
			t.Errorf("an app that can't be known just now: %v", err)
		}
	}
}
