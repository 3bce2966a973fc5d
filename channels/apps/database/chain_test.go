package database

import (
	"testing"
	"time"

	"fanfare/channels/apps"
)

// Behind the apps of files a store and they change at the same time, and each asks
// the other: nobody waits for ever, and what was told last is what is in force.
func TestBehindFiles(t *testing.T) {
	inWorld(t, func(c *Config) { c.TTL = time.Second }, func(t *testing.T, w *world) {
		files, err := apps.NewDynamic()
		if err != nil {
			t.Fatal(err)
		}
		chain := apps.NewChain(files, w.Store)
		var last *apps.App
		chain.Subscribe(func(_, now *apps.App) { last = now }) // never twice at a time
		w.table.put(named("a"))
		fetched(t, chain.FetchByID, "a")

		done := make(chan struct{})
		go func() {
			defer close(done)
			file := apps.New("a", "key-a", "file")
			for i := range 1000 {
				list := []*apps.App{file}
				if _, err := files.Replace(0, list[:i%2]...); err != nil {
					t.Error(err)
				}
				<-time.After(time.Millisecond)
			}
		}()
		for i := range 1000 {
			w.table.put(named("a").with("secret", "s"+time.Duration(i).String()))
			if err := w.reload([]string{"a"}); err != nil {
				t.Error(err)
			}
			<-time.After(time.Millisecond)
		}
		<-done
		after(time.Minute)
		if app, answer := chain.ByID("a"); answer != apps.Found || app != last {
			t.Errorf("in force is %v (%v), told last was %v", app, answer, last)
		}
		w.table.do(func() { delete(w.table.rows, "a") })
		if _, err := files.Replace(0); err != nil {
			t.Fatal(err)
		}
		after(time.Minute)
		if last != nil {
			t.Errorf("gone from both, but told last was %v", last)
		}
	})
}
