package issuer

import (
	"crypto"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mholt/acmez/v3/acme"
)

const day = 24 * time.Hour

// Names are ordered at once, each is renewed when a third of its life is left, with a
// new key, and what it replaces is named.
func TestOrdersAndRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		i, log := f.open(newFolder(t), "a.example.com", "b.example.com", "a.example.com")
		changes := 0
		i.cfg.Changed = func() { changes++ }
		begun := time.Now()
		stop := start(t, i)
		after(59 * day)
		synctest.Wait()
		if len(f.all()) != 2 || len(i.Certificates()) != 2 || !f.all()[1].at.Equal(begun) || changes != 2 {
			t.Fatalf("%d orders, %d certificates and %d changes, want two at once", len(f.all()), len(i.Certificates()), changes)
		}
		before := i.Certificates()[0]
		after(2 * day)
		synctest.Wait()
		stop()
		if len(f.all()) != 4 || changes != 4 || log.count("certificate obtained") != 4 {
			t.Fatalf("%d orders after two thirds of the life, want four:\n%s", len(f.all()), log)
		}
		keys := make(map[crypto.Signer]bool)
		for _, o := range f.all() {
			keys[o.key] = true
			if o.name == "a.example.com" && o.at.After(begun) && !o.replaces.Equal(before.Leaf) {
				t.Errorf("the renewal replaces %v, want what was there", o.replaces)
			}
		}
		if len(keys) != 4 || i.Certificates()[0] == before {
			t.Errorf("%d keys for four certificates, or the old one is still there", len(keys))
		}
	})
}

// A restart finds everything in the folder, and asks for nothing.
func TestRestartOrdersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, dir := newFake(t), newFolder(t)
		first, _ := f.open(dir, "example.com")
		stop := start(t, first)
		after(time.Minute)
		stop()
		second, _ := f.open(dir, "example.com")
		if got, want := second.Certificates(), first.Certificates(); len(got) != 1 || !got[0].Leaf.Equal(want[0].Leaf) {
			t.Fatalf("the folder has %d certificates, want the one that was got", len(got))
		}
		stop = start(t, second)
		after(day)
		stop()
		if len(f.all()) != 1 {
			t.Errorf("%d orders, want the first alone", len(f.all()))
		}
	})
}

// An authority that refuses is asked less and less, the reason and the next attempt
// are in the log, and a restart asks no sooner. SIGHUP does.
func TestPausesAfterFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, dir := newFake(t), newFolder(t)
		f.fails = errRefused
		begun := time.Now()
		i, log := f.open(dir, "example.com")
		stop := start(t, i)
		after(2 * time.Hour)
		stop()
		var minutes []int
		for _, o := range f.all() {
			minutes = append(minutes, int(o.at.Sub(begun).Minutes()))
		}
		if len(minutes) < 4 || len(minutes) > 5 || minutes[1] != 1 || minutes[2] < 6 || minutes[2] > 7 {
			t.Errorf("orders at minutes %v, want 0, 1, 6 or 7, then about 26 and 86", minutes)
		}
		if n := log.count(`level=ERROR msg="cannot get a certificate" name=example.com error="HTTP 403`); n != len(f.all()) || log.count("next_attempt=") != n {
			t.Errorf("%d lines tell of %d failures:\n%s", n, len(f.all()), log)
		}

		failed := len(f.all())
		i, log = f.open(dir, "example.com")
		if log.count("SIGHUP tries at once") != 1 {
			t.Errorf("the start does not tell of the pause:\n%s", log)
		}
		stop = start(t, i)
		after(time.Minute)
		synctest.Wait()
		if len(f.all()) != failed {
			t.Error("a restart ended the pause")
		}
		f.set(func() { f.fails = nil })
		i.Retry()
		synctest.Wait()
		if len(f.all()) != failed+1 || len(i.Certificates()) != 1 {
			t.Errorf("SIGHUP brought %d orders and %d certificates, want one", len(f.all())-failed, len(i.Certificates()))
		}
		stop()
		if _, err := os.Stat(i.folder.file("example.com.failure")); err == nil {
			t.Error("what failed once is still written down")
		}
	})
}

// One name's failures keep no other from being renewed, and a certificate that can't
// be renewed is served on.
func TestFailuresKeepToTheirName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		i, log := f.open(newFolder(t), "a.example.com", "b.example.com")
		stop := start(t, i)
		after(time.Minute)
		f.set(func() { f.fails = errRefused })
		after(61 * day)
		if len(i.Certificates()) != 2 || log.count("level=WARN") == 0 || log.count("level=ERROR") != 0 {
			t.Errorf("%d certificates while there is time to renew them, and\n%s", len(i.Certificates()), log)
		}
		after(20 * day)
		stop()
		if log.count("level=ERROR") == 0 {
			t.Errorf("no error near the end:\n%s", log)
		}
		if n := len(f.all()); n > 2+2*(21*4+6) {
			t.Errorf("%d orders in three weeks: more than four a day and name", n)
		}
	})
}

func TestRateLimitsAreHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.fails = acme.Problem{Type: acme.ProblemTypeRateLimited, Detail: "too many"}
		i, _ := f.open(newFolder(t), "example.com")
		stop := start(t, i)
		after(59 * time.Minute)
		stop()
		if len(f.all()) != 1 {
			t.Errorf("%d orders within the hour, want one", len(f.all()))
		}
	})
}

// An authority that does not answer is given up, which is told as such.
func TestOrdersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.hangs = true
		i, log := f.open(newFolder(t), "example.com")
		stop := start(t, i)
		after(orderPatience + time.Second)
		synctest.Wait()
		if log.count("it took longer than 3m0s") != 1 {
			t.Errorf("want a line that it took too long, got:\n%s", log)
		}
		stop()
	})
}

// Run ends at once, also amid an order, which counts as no failure.
func TestRunEndsAmidAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.hangs = true
		i, log := f.open(newFolder(t), "example.com")
		begun := time.Now()
		stop := start(t, i)
		synctest.Wait()
		stop()
		if time.Since(begun) > 0 || log.String() != "" {
			t.Errorf("it took %v, and told:\n%s", time.Since(begun), log)
		}
	})
}

// The authority's wish counts: also one that is for now, but not over and over.
func TestWishesOfTheAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		begun := time.Now()
		wish := window{begun.Add(10 * day), begun.Add(11 * day)}
		f.wish = func() window { return wish }
		i, _ := f.open(newFolder(t), "example.com")
		stop := start(t, i)
		after(9 * day)
		synctest.Wait()
		asked := 0
		f.set(func() { asked = f.asked })
		if len(f.all()) != 1 || asked < 4*9 || asked > 4*9+2 {
			t.Errorf("%d orders and %d questions in nine days, want one, and one every six hours", len(f.all()), asked)
		}
		f.set(func() { wish = window{begun, begun.Add(time.Second)} }) // revoked, say
		after(7 * time.Hour)
		synctest.Wait()
		if len(f.all()) < 2 {
			t.Error("the authority wanted a renewal now, and got none")
		}
		after(day)
		stop()
		if n := len(f.all()); n > 2+25 {
			t.Errorf("%d orders in a day, want at most one an hour", n)
		}
	})
}

// Lives of days or seconds are renewed in time, too.
func TestShortLives(t *testing.T) {
	f := func(life time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.life = life
			i, _ := f.open(newFolder(t), "example.com")
			stop := start(t, i)
			for range 60 {
				after(life / 10)
				synctest.Wait()
				if certs := i.Certificates(); len(certs) != 1 || time.Now().After(certs[0].Leaf.NotAfter) {
					t.Fatalf("life of %v: no valid certificate", life)
				}
			}
			stop()
			if n := len(f.all()); n < 6 || n > 12 {
				t.Errorf("life of %v: %d orders in six lives", life, n)
			}
		})
	}
	f(6 * day)
	f(time.Hour)
	f(10 * time.Second)
}

// Nodes that share the folder order once, and all take over what was got.
func TestSharedFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, dir := newFake(t), newFolder(t)
		first, _ := f.open(dir, "example.com")
		second, log := f.open(dir, "example.com")
		unlock, err := first.folder.lock() // as the first would, while it orders
		if err != nil {
			t.Fatal(err)
		}
		stop := start(t, second)
		after(time.Minute)
		synctest.Wait()
		if len(f.all()) != 0 || log.String() != "" {
			t.Fatalf("%d orders beside another process's:\n%s", len(f.all()), log)
		}
		unlock()
		stopFirst := start(t, first)
		after(time.Minute)
		synctest.Wait()
		if len(f.all()) != 1 || len(first.Certificates()) != 1 || len(second.Certificates()) != 1 {
			t.Errorf("%d orders for %d and %d certificates, want one for both", len(f.all()), len(first.Certificates()), len(second.Certificates()))
		}
		after(62 * day)
		stop()
		stopFirst()
		if len(f.all()) != 2 || !first.Certificates()[0].Leaf.Equal(second.Certificates()[0].Leaf) {
			t.Errorf("%d orders with the renewal, want two, and both to have the same", len(f.all()))
		}
	})
}

// Nobody else can read what is in the folder; a file that is damaged is replaced.
func TestFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, dir := newFake(t), newFolder(t)
		i, _ := f.open(dir, "example.com")
		stop := start(t, i)
		synctest.Wait()
		stop()
		var files []string
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			info, infoErr := d.Info()
			if err != nil || infoErr != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v (%v, %v)", path, info.Mode(), err, infoErr)
			}
			files = append(files, strings.TrimPrefix(path, dir))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const authority = "/acme-v02.api.letsencrypt.org-directory"
		want := []string{"", authority, authority + "/challenges", authority + "/example.com.pem"}
		if diff := cmp.Diff(want, files); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		if err := os.WriteFile(i.folder.file("example.com.pem"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		again, log := f.open(dir, "example.com")
		if log.count("can't be used") != 1 {
			t.Errorf("a damaged file is not told of:\n%s", log)
		}
		stop = start(t, again)
		synctest.Wait()
		stop()
		if len(again.Certificates()) != 1 || len(f.all()) != 2 {
			t.Errorf("%d certificates after %d orders, want one after two", len(again.Certificates()), len(f.all()))
		}
	})
}
