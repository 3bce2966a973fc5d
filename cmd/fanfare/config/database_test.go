package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps/database"
	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/config/setting/settingtest"
)

const geheimURL = "postgres://soketi:geheim@db.internal:5432/soketi"

// bare is a store's configuration without the methods that hide it.
type bare database.Config

// The defaults of [database] are those of its package, and every key arrives
// there.
func TestDatabaseConfig(t *testing.T) {
	l, err := Load(Sources{Env: []string{"FANFARE_DATABASE_URL=" + geheimURL}})
	if err != nil {
		t.Fatal(err)
	}
	want := bare{
		URL: geheimURL, Table: "apps", Pool: 4, QueryTimeout: 3 * time.Second, TTL: time.Minute, UnknownTTL: 10 * time.Second,
		StaleLimit: 24 * time.Hour, MaxApps: 10_000, MaxUnknown: 10_000,
	}
	if diff := cmp.Diff(want, bare(l.Database.StoreConfig())); diff != "" {
		t.Errorf("(-package +here):\n%s", diff)
	}
	for _, s := range setting.Of(&l.Database) {
		before := bare(l.Database.StoreConfig())
		if err := s.Set(settingtest.Another(s)); err != nil {
			t.Fatal(err)
		}
		if cmp.Equal(before, bare(l.Database.StoreConfig())) {
			t.Errorf("%s has no effect on the store", s.Path)
		}
	}
	l.Database.StaleLimit = 0
	if got := l.Database.StoreConfig().StaleLimit; got >= 0 {
		t.Errorf("no limit became one of %v", got)
	}
}

// With a database nobody gets the app that everybody knows the secret of; apps of
// files and variables are there as ever.
func TestNoBuiltinAppBesideADatabase(t *testing.T) {
	f := func(env string, want ...string) {
		t.Helper()
		l, err := Load(Sources{Env: append(strings.Fields(env), EnvConfig+"=testdata/empty.txt", "FANFARE_DATABASE_URL="+geheimURL)})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, a := range l.Apps {
			ids = append(ids, a.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" || l.Builtin {
			t.Errorf("%s: built-in %v, apps (-want +got):\n%s", env, l.Builtin, diff)
		}
	}
	f("")
	f("FANFARE_APP_ID=1 FANFARE_APP_KEY=k FANFARE_APP_SECRET=s", "1")
}

// What --print-config and errors show is read by others; a URL has a password in
// it, wherever it comes from.
func TestNothingShowsTheDatabaseURL(t *testing.T) {
	f := func(src Sources) {
		t.Helper()
		src.Env = append(src.Env, EnvConfig+"=testdata/empty.txt")
		l, err := Load(src)
		if err != nil {
			if strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), "database.url") {
				t.Errorf("the error is %v", err)
			}
			return
		}
		var out strings.Builder
		if err := l.Print(&out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "geheim") || !strings.Contains(out.String(), `url = "********"`) {
			t.Errorf("--print-config shows:\n%s", out.String())
		}
	}
	for _, url := range []string{geheimURL, strings.Replace(geheimURL, "geheim", "geh%eim", 1), "geheim"} {
		f(Sources{Env: []string{"FANFARE_DATABASE_URL=" + url}})
		f(Sources{Flags: map[string]string{"database-url": url}})
	}
	for _, s := range setting.Of(&Config{}) {
		if label := s.Given("here", "geheim").Label; strings.Contains(label, "geheim") == s.IsSecret() {
			t.Errorf("%s: an error begins with %s", s.Path, label)
		}
	}
}
