package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/handover"
)

// A secret that was replaced before an upgrade, or with it, verifies for as long as after
// a reload, also when another upgrade comes.
func TestSecretsGoOn(t *testing.T) {
	const many = 2*secretsAtOnce + 1
	of := func(version string) func(*config.Config) {
		return func(c *config.Config) {
			c.Metrics.Enabled = false
			app := c.Apps[0]
			for i := range many {
				app.ID, app.Key, app.Secret = fmt.Sprint("id-", i), fmt.Sprint("key-", i), version+" secret of these tests"
				c.Apps = append(c.Apps, app)
			}
		}
	}
	s := donorNode(t, of("first"))
	for n, version := range []string{"second", "third", "third"} {
		s.heir = newNode(t, of(version))
		s.heir.Log = s.old.Log
		s.succeed(0)
		for i := range many {
			app, answer := s.old.apps.ByID(fmt.Sprint("id-", i))
			if answer != apps.Found || !strings.HasPrefix(app.Secret, version) || len(app.Former) != min(n+1, 2) {
				t.Fatalf("after %d upgrades: %v, %d former secrets", n+1, app, len(app.Former))
			}
			for _, f := range app.Former {
				if left := time.Until(f.Until); left > s.old.Config.Server.SecretOverlap || left < s.old.Config.Server.SecretOverlap-time.Minute {
					t.Fatalf("a former secret verifies for %v", left)
				}
			}
			if !slices.ContainsFunc(app.Former, func(f apps.FormerSecret) bool { return strings.HasPrefix(f.Secret, "first") }) {
				t.Fatal("the first secret does not verify")
			}
		}
	}
}

// What a message of the hand-over says of secrets may be printed.
func TestSecretsAreNotPrinted(t *testing.T) {
	m := handover.Offer{Secrets: []handover.AppSecrets{secretsOf(&apps.App{ID: "a", Secret: "hush", Former: []apps.FormerSecret{{Secret: "hush"}}}, time.Now())}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, m); strings.Contains(text, "hush") {
			t.Errorf("%s gives %s", verb, text)
		}
	}
}
