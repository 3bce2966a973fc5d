package database

import (
	"strings"
	"testing"

	"fanfare/channels/apps"
)

func TestKeyTwice(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a"), named("b").with("key", "key-a"))
		if _, err := w.FetchByKey(t.Context(), "key-a"); err == nil || unknown(err) || !strings.Contains(err.Error(), "more than one app") {
			t.Errorf("error %v", err)
		}
		fetched(t, w.FetchByID, "a")
		b := fetched(t, w.FetchByID, "b")
		w.logged(t, "has the key of another", 1)
		if w.expect(t, "key-a", apps.Found) != b {
			t.Error("not the one that was read last")
		}
		w.table.do(func() { delete(w.table.rows, "a") })
		after(defaultTTL)
		if w.expect(t, "key-a", apps.Found) != b {
			t.Error("the end of one took the key from the other")
		}
	})
}

// TestKeyComesBack: another app has the key for a while, by mistake.
func TestKeyComesBack(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"given back": func(w *world) { w.table.put(named("b")) },
		"deleted":    func(w *world) { w.table.do(func() { delete(w.table.rows, "b") }) },
		"forgotten": func(w *world) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.forgetLocked(w.entries["b"])
		},
		"given back to a row that can't be right": func(w *world) {
			w.table.put(named("b"), named("a").with("enabled", "perhaps"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.table.put(named("a"), named("b"))
				a := fetched(t, w.FetchByID, "a")
				fetched(t, w.FetchByID, "b")
				w.table.put(named("b").with("key", "key-a"))
				after(defaultTTL)
				if app := w.expect(t, "key-a", apps.Found); app == a {
					t.Error("the other app did not get the key")
				}
				end(w)
				after(2 * defaultTTL) // the other may be read after this one
				if w.expect(t, "key-a", apps.Found) != a {
					t.Error("the key does not lead to its app again")
				}
			})
		})
	}
}

// TestKeysSwapped: two apps exchange their keys between two refreshes.
func TestKeysSwapped(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.table.put(named("a"), named("b"))
		fetched(t, w.FetchByID, "a")
		fetched(t, w.FetchByID, "b")
		w.table.put(named("a").with("key", "key-b"), named("b").with("key", "key-a"))
		after(defaultTTL)
		if a, b := w.expect(t, "key-b", apps.Found), w.expect(t, "key-a", apps.Found); a.ID != "a" || b.ID != "b" {
			t.Errorf("key-b leads to %v, key-a to %v", a, b)
		}
	})
}
