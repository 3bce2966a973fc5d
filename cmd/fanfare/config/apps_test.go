package config

import (
	"os"
	"testing"
)

// Variables without an id mean the only app there is. Tables in which nothing stands
// are apps too.
func TestVariablesSayWhichAppTheyMean(t *testing.T) {
	f := func(file, appsFile, want string) {
		t.Helper()
		t.Chdir(t.TempDir())
		for name, text := range map[string]string{DefaultFile: file, DefaultAppsFile: appsFile} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Load(Sources{Env: []string{"FANFARE_APP_KEY=k"}})
		checkErrors(t, err, []string{"FANFARE_APP_KEY is set, but not FANFARE_APP_ID, and " + want + ": set FANFARE_APP_ID to the one that is meant"})
	}
	const one = "[[apps]]\nid = \"1\"\n"
	f(one+one, "", "fanfare.toml has 2 apps")
	f("", one+one+one, "apps.toml has 3 apps")
	f(one, one, "fanfare.toml has 2 apps")
	f("[[apps]]\n[[apps]]\n", "", "fanfare.toml has 2 apps")
	f("apps = []\n", "[[apps]]\n[[apps]]\n", "apps.toml has 2 apps")
}
