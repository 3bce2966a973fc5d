package apps

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const overlap = 10 * time.Minute

func newDynamic(t *testing.T, list ...*App) *Dynamic {
	t.Helper()
	d, err := NewDynamic(list...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// replace replaces and writes each change as "before>now" by secrets.
func replace(t *testing.T, d *Dynamic, list ...*App) string {
	t.Helper()
	var told []Change
	d.Subscribe(func(before, now *App) {
		told = append(told, Change{before, now})
		if now != nil {
			if a, _ := d.ByID(now.ID); a != now {
				t.Errorf("app %s was told before the store knew it", now.ID)
			}
		}
	})
	changes, err := d.Replace(overlap, list...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(changes, told); diff != "" {
		t.Errorf("told otherwise than returned (-returned +told):\n%s", diff)
	}
	var words []string
	for _, c := range changes {
		words = append(words, secretOf(c.Before)+">"+secretOf(c.Now))
	}
	return strings.Join(words, " ")
}

func secretOf(a *App) string {
	if a == nil {
		return ""
	}
	return a.Secret
}

func TestDynamicTellsChanges(t *testing.T) {
	one, two, three := New("1", "k1", "s1"), New("2", "k2", "s2"), New("3", "k3", "s3")
	d := newDynamic(t, one, two)
	f := func(want string, list ...*App) {
		t.Helper()
		if got := replace(t, d, list...); got != want {
			t.Errorf("changes %q, want %q", got, want)
		}
		for _, a := range list {
			if diff := cmp.Diff(find(d.ByID(a.ID)), find(d.ByKey(a.Key))); diff != "" {
				t.Errorf("id and key find different records (-id +key):\n%s", diff)
			}
		}
		if d.Len() != len(list) {
			t.Errorf("%d apps, want %d", d.Len(), len(list))
		}
	}
	f("", one, two)
	f("", two, one)
	f(">s3", one, two, three)
	f("s2>", one, three)
	disabled := New("1", "k1", "s1")
	disabled.Enabled = false
	f("s1>s1", disabled, three)
	f("s1>s1 >s2 s3>", one, two)
	f("s1> s2>")
	if _, answer := d.ByKey("k1"); answer != Unknown {
		t.Errorf("an app that is gone is %v", answer)
	}
}

func find(a *App, _ Answer) *App { return a }

// Whatever changes in a record, the change is seen; and what did not change
// keeps its pointer.
func TestDynamicSeesEveryField(t *testing.T) {
	f := func(name string, change func(*App)) {
		t.Helper()
		base := New("1", "k", "s")
		base.Webhooks = []Webhook{{URL: "https://a.test", Events: []string{CacheMiss}, Headers: map[string]string{"A": "b"}}}
		base.AllowedOrigins = []string{"a.test"}
		d := newDynamic(t, base)
		before := find(d.ByID("1"))
		if got := replace(t, d, base.clone()); got != "" || find(d.ByID("1")) != before || find(d.ByKey("k")) != before {
			t.Errorf("%s: an equal record is a change", name)
		}
		next := base.clone()
		change(next)
		if got := replace(t, d, next); got != "s>s" {
			t.Errorf("%s: the change was not seen", name)
		}
	}
	f("key", func(a *App) { a.Key = "k2" })
	f("switch", func(a *App) { a.TLSOnly = true })
	f("limit", func(a *App) { a.Limits.EventName++ })
	f("origin", func(a *App) { a.AllowedOrigins[0] = "b.test" })
	f("slow", func(a *App) { a.SlowChannels = []SlowChannels{{Channels: "x"}} })
	f("webhook's event", func(a *App) { a.Webhooks[0].Events[0] = MemberAdded })
	f("webhook's header", func(a *App) { a.Webhooks[0].Headers["A"] = "c" })
	f("former secret", func(a *App) { a.Former = []FormerSecret{{"old", time.Now().Add(time.Hour)}} })
}

func TestDynamicRefusesAsAWhole(t *testing.T) {
	d := newDynamic(t, New("1", "k", "s"))
	before := find(d.ByID("1"))
	d.Subscribe(func(_, now *App) { t.Errorf("told of %v", now) })
	changes, err := d.Replace(overlap, New("2", "k2", "s"), New("3", "k2", ""))
	if err == nil || changes != nil || !strings.Contains(err.Error(), `app "2"'s already`) || !strings.Contains(err.Error(), "secret is empty") {
		t.Errorf("%v, %v", changes, err)
	}
	if find(d.ByID("1")) != before || d.Len() != 1 {
		t.Error("something changed")
	}
	if _, err := NewDynamic(New("1", "", "")); err == nil {
		t.Error("a bad app was taken")
	}
}

func TestDynamicOwnsItsApps(t *testing.T) {
	a := New("1", "k", "s")
	a.AllowedOrigins = []string{"https://a.test"}
	d := newDynamic(t, a)
	a.Enabled, a.AllowedOrigins[0] = false, "*"
	if got := find(d.ByID("1")); !got.Enabled || got.AllowedOrigins[0] != "https://a.test" {
		t.Errorf("changed from outside: %#v", *got)
	}
}

func TestFormerSecretsSurviveReplacements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDynamic(t, New("1", "k", "a"))
		f := func(secret, changes, former string) {
			t.Helper()
			if got := replace(t, d, New("1", "k", secret)); got != changes {
				t.Errorf("changes %q, want %q", got, changes)
			}
			var words []string
			for _, f := range find(d.ByID("1")).Former {
				words = append(words, fmt.Sprintf("%s/%.0f", f.Secret, time.Until(f.Until).Minutes()))
			}
			if got := strings.Join(words, " "); got != former {
				t.Errorf("former %q, want %q", got, former)
			}
		}
		f("b", "a>b", "a/10")
		<-time.After(4 * time.Minute)
		f("b", "", "a/6")
		f("c", "b>c", "b/10 a/6")
		<-time.After(6 * time.Minute)
		f("c", "", "b/4 a/0") // that a's time is over changes nothing that is worth telling
		f("b", "c>b", "c/10")
	})
}

// Readers see either all of a replacement or nothing of it.
func TestDynamicReplacesAtOnce(t *testing.T) {
	d := newDynamic(t, New("1", "k1", "s0"), New("2", "k2", "s0"))
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				var secrets []string
				for a := range d.All() {
					secrets = append(secrets, a.Secret)
				}
				if len(secrets) != 2 || secrets[0] != secrets[1] {
					t.Errorf("a mixture: %v", secrets)
				}
				if _, answer := d.ByKeyBytes([]byte("k1")); answer != Found {
					t.Error("an app was away for a moment")
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 200 {
		secret := fmt.Sprint("s", i)
		if _, err := d.Replace(0, New("1", "k1", secret), New("2", "k2", secret)); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
}

func TestDynamicLookupDoesNotAllocate(t *testing.T) {
	d := newDynamic(t, New("1", "k", "s"))
	key, id := []byte("k"), []byte("1")
	n := testing.AllocsPerRun(100, func() {
		if _, answer := d.ByKeyBytes(key); answer != Found {
			t.Error(answer)
		}
		if _, answer := d.ByIDBytes(id); answer != Found {
			t.Error(answer)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDynamicByKey(b *testing.B) {
	d, err := NewDynamic(Default(), New("1", "278d425bdf160c739803", "s"))
	if err != nil {
		b.Fatal(err)
	}
	key := []byte("278d425bdf160c739803")
	b.ReportAllocs()
	for b.Loop() {
		if _, answer := d.ByKeyBytes(key); answer != Found {
			b.Fatal(answer)
		}
	}
}
