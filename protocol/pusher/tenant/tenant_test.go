package tenant

import (
	"testing"
	"testing/synctest"
	"time"

	"fanfare/channels/apps"
	"fanfare/protocol/pusher/auth"
)

func TestCache(t *testing.T) {
	all := apps.NewTenants(2)
	first, second := NewCache(all, 0), NewCache(all, 1)
	app := apps.New("3", "key", "secret")
	a := first.Of(app)
	if a.App != app || a.Live != all.Of(app) || a.Counters != a.Live.On(0) || a.Keys.Signer().Key() != "key" {
		t.Errorf("tenant %+v", a)
	}
	if first.Of(app) != a || first.Find("3") != a {
		t.Error("the second look made another tenant")
	}
	if b := second.Of(app); b.Live != a.Live || b.Counters != a.Live.On(1) {
		t.Errorf("the other loop has %+v", b)
	}
	keys, changed := a.Keys, apps.New("3", "key", "new secret")
	if first.Of(changed) != a || a.App != changed || a.Keys == keys {
		t.Errorf("after a change: %+v", a)
	}
	first.Forget("3")
	if first.Find("3") != nil || a.App != changed {
		t.Error("forgetting an app has to leave alone who holds it, and nothing else")
	}
}

func TestFormerSecretsHoldForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := apps.New("3", "key", "new")
		app.Former = []apps.FormerSecret{{Secret: "older", Until: time.Now()}, {Secret: "old", Until: time.Now().Add(time.Minute)}}
		k := NewKeys(app)
		f := func(secret string, want bool) {
			t.Helper()
			signer := auth.NewSigner("key", secret)
			path, params := "/apps/3/channels", []auth.Param(nil)
			query := signer.SignRequest("GET", path, nil, nil, time.Now())
			params, err := auth.AppendQuery(params, query)
			if err != nil {
				t.Fatal(err)
			}
			request := &auth.Request{Method: "GET", Paths: []string{path}, Params: params}
			for what, err := range map[string]error{
				"channel": k.CheckChannel("1.1", "private-x", "", false, signer.Token("1.1", "private-x")),
				"user":    k.CheckUser("1.1", `{"id":"1"}`, signer.UserToken("1.1", `{"id":"1"}`)),
				"request": k.CheckRequest(request, time.Now()),
			} {
				if (err == nil) != want {
					t.Errorf("%s signed with %s: %v", what, secret, err)
				}
			}
		}
		f("new", true)
		f("old", true)
		f("older", false)
		f("other", false)
		<-time.After(time.Minute)
		f("new", true)
		f("old", false)
	})
}
