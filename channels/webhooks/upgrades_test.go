package webhooks

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// history is hooks that are handed over again and again, and what has to be told
// of what happened on each channel.
type history struct {
	t    *testing.T
	cfg  Config
	h    *Hooks
	off  *switched
	want map[string][]string      // by channel
	ends map[string]time.Duration // since start, of channels that linger
	sent int
	dirs int

	start time.Time
}

func (y *history) tell(ch, format string, args ...any) {
	y.want[ch] = append(y.want[ch], fmt.Sprintf(format, args...))
}

func (y *history) send(ch string) {
	send(y.h, ch, y.sent, 1)
	y.tell(ch, "client_event %s client-x %d", ch, y.sent)
	y.sent++
}

func (y *history) vacate(ch string) {
	y.h.Witness(vacated(ch))
	if _, lingers := y.ends[ch]; !lingers {
		y.ends[ch] = time.Since(y.start) + 3*time.Second
	}
}

func (y *history) occupy(ch string) {
	y.h.Witness(occupied(ch))
	if _, lingers := y.ends[ch]; !lingers {
		y.tell(ch, "channel_occupied %s", ch)
	}
	delete(y.ends, ch)
}

func (y *history) pass(d time.Duration) {
	after(d)
	y.told()
}

// told notes the ends that are due.
func (y *history) told() {
	synctest.Wait()
	for ch, due := range y.ends {
		if due <= time.Since(y.start) {
			y.tell(ch, "channel_vacated %s", ch)
			delete(y.ends, ch)
		}
	}
}

// suspend has things happen while no request begins.
func (y *history) suspend(ch string) {
	must(y.t, y.h.Suspend(y.t.Context()))
	y.send(ch)
	y.vacate(ch)
	y.pass(time.Second)
	y.send(ch)
	must(y.t, y.h.Resume())
}

// heirConfig has the next process use the same folder, another, or none.
func (y *history) heirConfig(way int) Config {
	cfg := y.cfg
	switch way {
	case 0:
		cfg.Dir = ""
	case 1:
		y.dirs++
		cfg.Dir = filepath.Join(y.t.TempDir(), strconv.Itoa(y.dirs))
	}
	return cfg
}

func (y *history) handOver(way int) {
	y.cfg = y.heirConfig(way)
	y.h = handOver(y.t, y.h, y.cfg)
}

func (y *history) callOff(way int) {
	next := heir(y.t, y.heirConfig(way), writtenDown(y.t, y.h))
	after(time.Second)
	must(y.t, next.Close(y.t.Context()))
	must(y.t, y.h.Resume())
	y.told()
}

func (y *history) step(what, which int) {
	ch := fmt.Sprint("private-", which)
	switch what {
	case 0, 1, 2:
		y.send(ch)
	case 3:
		y.vacate(ch)
	case 4:
		y.occupy(ch)
	case 5, 6:
		y.pass(time.Duration(which+1) * 300 * time.Millisecond)
	case 7:
		y.off.on.Store(!y.off.on.Load())
	case 8:
		y.suspend(ch)
	case 9:
		y.callOff(which)
	default:
		y.handOver(which)
	}
}

// Whatever happens in whatever order, each endpoint is told all of it once, and
// in order for each channel.
func TestHandOversTellAllOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 11*4-1), 1, 60).Draw(rt, "steps")
		batching := rapid.Bool().Draw(rt, "batching")
		off := &switched{status: 500}
		box := newLetterbox(off.answer)
		app := hooked("app", "http://one", "http://two")
		app.WebhookBatching = batching
		cfg := Config{Apps: static(t, app), RetryFor: 24 * time.Hour}
		y := history{cfg: cfg, off: off, want: map[string][]string{}, ends: map[string]time.Duration{}}
		bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
			y.t, y.h, y.start = t, h, time.Now()
			for _, step := range steps {
				y.step(step/4, step%4)
			}
			off.on.Store(true)
			y.pass(time.Hour)
			end(y.h)
		})
		for _, u := range []string{"http://one", "http://two"} {
			if diff := cmp.Diff(y.want, box.byChannel(u)); diff != "" {
				rt.Fatalf("%s was told (-want +got):\n%s", u, diff)
			}
		}
	})
}

// byChannel returns what an URL's requests delivered, by channel.
func (b *letterbox) byChannel(url string) map[string][]string {
	told := map[string][]string{}
	for _, p := range b.all() {
		if p.url != url || p.status/100 != 2 {
			continue
		}
		for i := range p.Events {
			ch := p.Events[i].Channel
			told[ch] = append(told[ch], describe(&p.Events[i]))
		}
	}
	return told
}
