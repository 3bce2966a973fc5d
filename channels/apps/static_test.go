package apps

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStaticFinds(t *testing.T) {
	one, two := New("1", "k1", "s"), New("2", "k2", "s")
	s, err := NewStatic(one, two)
	if err != nil {
		t.Fatal(err)
	}
	// The four ways to ask must agree.
	f := func(id, key string, want *App) {
		t.Helper()
		ctx := context.Background()
		wantAnswer, wantErr := Found, error(nil)
		if want == nil {
			wantAnswer, wantErr = Unknown, ErrUnknown
		}
		check := func(a *App, answer Answer) {
			t.Helper()
			if diff := cmp.Diff(want, a); diff != "" || answer != wantAnswer {
				t.Errorf("%v (-want +got):\n%s", answer, diff)
			}
		}
		check(s.ByID(id))
		check(s.ByKey(key))
		check(s.ByIDBytes([]byte(id)))
		check(s.ByKeyBytes([]byte(key)))
		fetch := func(a *App, err error) {
			t.Helper()
			if diff := cmp.Diff(want, a); diff != "" || !errors.Is(err, wantErr) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
		fetch(s.FetchByID(ctx, id))
		fetch(s.FetchByKey(ctx, key))
	}
	f("1", "k1", one)
	f("2", "k2", two)
	f("k1", "1", nil)
	f("", "", nil)
	f("3", "k3", nil)

	if got := slices.Collect(s.All()); len(got) != 2 || got[0].ID != "1" || got[1].ID != "2" || s.Len() != 2 {
		t.Errorf("All = %v", got)
	}
}

func TestStaticOwnsItsApps(t *testing.T) {
	a := New("1", "k", "s")
	a.AllowedOrigins = []string{"https://a.test"}
	s, err := NewStatic(a)
	if err != nil {
		t.Fatal(err)
	}
	a.Enabled, a.AllowedOrigins[0] = false, "*"
	if got, _ := s.ByID("1"); !got.Enabled || got.AllowedOrigins[0] != "https://a.test" {
		t.Errorf("changed from outside: %#v", *got)
	}
}

func TestNewStaticRefuses(t *testing.T) {
	f := func(want string, list ...*App) {
		t.Helper()
		s, err := NewStatic(list...)
		if s != nil || err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(`app "1": id is used twice: give each app its own`, New("1", "a", "s"), New("1", "b", "s"))
	f(`app "2": key "a" is app "1"'s already: give each app its own`, New("1", "a", "s"), New("2", "a", "s"))
	f("app \"1\": secret is empty: use at least 20 random letters and digits\napp \"1\": id is used twice: give each app its own",
		New("1", "a", "s"), New("1", "b", ""))
}

func TestEmptyStaticKnowsNobody(t *testing.T) {
	s, err := NewStatic()
	if err != nil {
		t.Fatal(err)
	}
	if a, answer := s.ByKey(DefaultKey); a != nil || answer != Unknown {
		t.Errorf("%v, %v", a, answer)
	}
}

func TestAnswerNames(t *testing.T) {
	for a, want := range map[Answer]string{Unknown: "unknown", Found: "found", Later: "later", 9: "invalid answer"} {
		if a.String() != want {
			t.Errorf("%d is %q", a, a)
		}
	}
}

func BenchmarkStaticByKey(b *testing.B) {
	s, err := NewStatic(Default(), New("1", "278d425bdf160c739803", "s"))
	if err != nil {
		b.Fatal(err)
	}
	key := []byte("278d425bdf160c739803")
	b.ReportAllocs()
	for b.Loop() {
		if _, answer := s.ByKeyBytes(key); answer != Found {
			b.Fatal(answer)
		}
	}
}
