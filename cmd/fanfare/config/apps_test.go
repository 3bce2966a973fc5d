package config

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inFiles makes a folder with these files the current one. Empty is none.
func inFiles(t *testing.T, file, appsFile string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{DefaultFile: file, DefaultAppsFile: appsFile} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What others add to the file of apps makes no difference to variables without an
// id: they mean the only app of the configuration itself, or the built-in one.
func TestVariablesWithoutID(t *testing.T) {
	f := func(file, appsFile, env string, want ...string) {
		t.Helper()
		inFiles(t, file, appsFile)
		l, err := Load(Sources{Env: strings.Fields(env)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range l.Apps {
			got = append(got, a.ID+" "+a.Key+" "+a.Secret)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", env, diff)
		}
	}
	app := func(id string) string {
		return fmt.Sprintf("[[apps]]\nid = %q\nkey = \"key-%s\"\nsecret = \"s\"\n", id, id)
	}
	f(app("1"), "", "FANFARE_APP_SECRET=x", "1 key-1 x")
	f(app("1"), app("2"), "FANFARE_APP_SECRET=x", "1 key-1 x", "2 key-2 s")
	f("", "", "FANFARE_APP_SECRET=x", "app-id app-key x")
	f("", app("2"), "FANFARE_APP_SECRET=x", "2 key-2 s", "app-id app-key x")
	f("", "# none\n", "FANFARE_APP_SECRET=x", "app-id app-key x")
	f("", "", "FANFARE_APP_KEY=k", "app-id k app-secret")
}

// Tables in which nothing stands are apps too.
func TestVariablesSayWhichAppTheyMean(t *testing.T) {
	f := func(file, appsFile, want string) {
		t.Helper()
		inFiles(t, file, appsFile)
		_, err := Load(Sources{Env: []string{"FANFARE_APP_KEY=k"}})
		checkErrors(t, err, []string{"FANFARE_APP_KEY is set, but not FANFARE_APP_ID, and " + want + ": set FANFARE_APP_ID to the one that is meant"})
	}
	const one = "[[apps]]\nid = \"1\"\n"
	f(one+one, "", "fanfare.toml has 2 apps")
	f("", one, "fanfare.toml has 0 apps")
	f("", one+one+one, "fanfare.toml has 0 apps")
	f("[[apps]]\n[[apps]]\n", "", "fanfare.toml has 2 apps")
	f("apps = []\n", "[[apps]]\n[[apps]]\n", "fanfare.toml has 0 apps")
}
