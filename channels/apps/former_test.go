package apps

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInheritSecrets(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	// Secrets are written secret/minutes, the current one without.
	f := func(name, old, given, want string) {
		t.Helper()
		build := func(text string) *App {
			if text == "" {
				return nil
			}
			words := strings.Fields(text)
			a := New("1", "k", words[0])
			for _, w := range words[1:] {
				secret, minutes, _ := strings.Cut(w, "/")
				var n int
				if _, err := fmt.Sscan(minutes, &n); err != nil {
					t.Fatal(err)
				}
				a.Former = append(a.Former, FormerSecret{secret, at(n)})
			}
			return a
		}
		got, expected := build(given), build(want)
		got.InheritSecrets(build(old), now, 10*time.Minute)
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	f("new app", "", "a", "a")
	f("unchanged", "a", "a", "a")
	f("changed", "a", "b", "b a/10")
	f("changed twice", "b a/7", "c", "c b/10 a/7")
	f("changed back", "b a/7", "a", "a b/10")
	f("unexpired survive", "b a/7", "b", "b a/7")
	f("expired go", "b a/0 z/-1", "b", "b")
	f("of too many the first to end goes", "e d/9 c/8 b/7 a/6", "f", "f e/10 d/9 c/8 b/7")
	f("what the record says itself counts", "a", "b a/3", "b a/3")
	f("also that the time is over", "a", "b a/-1", "b")
	f("and its current secret is none of the former", "", "b b/5 a/5", "b a/5")
}

func TestInheritSecretsOfAnotherKey(t *testing.T) {
	a := New("1", "new key", "b")
	a.InheritSecrets(New("1", "key", "a"), time.Now(), time.Minute)
	if a.Former != nil {
		t.Errorf("inherited %v", a.Former)
	}
}

func TestFormerSecretsAreNeverShown(t *testing.T) {
	f := FormerSecret{Secret: "geheim", Until: time.Unix(0, 0)}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, f); strings.Contains(text, "geheim") || !strings.Contains(text, "1970") {
			t.Errorf("%s shows %s", format, text)
		}
	}
	if text := f.LogValue().String(); strings.Contains(text, "geheim") {
		t.Errorf("the log shows %s", text)
	}
}

func TestValidateFormer(t *testing.T) {
	a := New("1", "k", "s")
	a.Former = []FormerSecret{{Secret: "fine", Until: time.Unix(1, 0)}, {Secret: " geheim"}}
	want := `app "1": former[1].secret begins or ends with white space: remove it
former[1].until is missing: write the moment from which it verifies no longer`
	if err := a.Validate(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	a.Former = make([]FormerSecret, MaxFormer+1)
	want = `app "1": former has 5 secrets: at most 4 are kept`
	if err := a.Validate(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
