//go:build linux

package press

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"fanfare/bench/loadgen"
	"fanfare/bench/soak/account"
	"fanfare/bench/soak/crowd"
)

func TestNumbering(t *testing.T) {
	p := New(Config{})
	events := []event{{source: 7, channels: []string{"a"}}}
	publish := func(status int, err error) account.Stamp {
		s := p.stamp(events)
		p.note(s, status, err, status == http.StatusRequestEntityTooLarge, nil)
		return s[0]
	}
	f := func(got account.Stamp, seq, certain uint32) {
		t.Helper()
		if got.Seq != seq || got.Certain != certain || certain > 0 && got.CertainSent >= got.Sent {
			t.Errorf("%+v, want number %d after %d", got, seq, certain)
		}
	}
	f(publish(http.StatusOK, nil), 0, 0)
	f(publish(0, errors.New("cut off")), 1, 1)
	f(publish(http.StatusRequestEntityTooLarge, nil), 2, 1)
	f(publish(http.StatusOK, nil), 3, 1)
	f(publish(http.StatusServiceUnavailable, nil), 4, 4)
	if last := p.Last()[7]; last.Seq != 3 {
		t.Errorf("the last certain one is %+v, want number 3", last)
	}
	for seq, want := range []bool{false, false, true, false, true, false} {
		if got := p.WasRefused(loadgen.Mark{Source: 7, Seq: uint32(seq)}); got != want {
			t.Errorf("number %d was refused: %v, want %v", seq, got, want)
		}
	}
	if p.WasRefused(loadgen.Mark{Source: 8}) {
		t.Error("nothing of source 8 was refused")
	}
	if got := p.Stats(); got.Accepted != 2 || got.Refused != 2 || got.Unanswered != 1 || got.Unexpected != 1 || !strings.Contains(got.First, "503") {
		t.Errorf("%+v, want the 503 to be unexpected", got)
	}
	p.note(p.stamp(events), http.StatusOK, nil, true, nil)
	if got := p.Stats(); got.Unexpected != 2 {
		t.Errorf("%+v: what had to be refused was accepted", got)
	}
}

// A request without an answer is a silence of the server's, unless a proxy was in between.
func TestSilences(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	p := New(Config{AppID: "app", Key: "key", Secret: "secret", Rooms: 3, Near: []int{1}, Far: []int{2}})
	p.near = gone.URL
	for _, d := range p.desks(gone.URL, gone.URL+"/proxy") {
		d.publish()
	}
	list := p.Silences()
	if len(list) != 6 {
		t.Errorf("%d silences, want those of the 6 publishers without a proxy", len(list))
	}
	for _, s := range list {
		if s.From > s.Until || !strings.Contains(s.Text, "refused") {
			t.Errorf("%+v", s)
		}
	}
}

func TestBodies(t *testing.T) {
	p := New(Config{EventData: 20 << 10, Rooms: 3, Near: []int{1, 2}, Far: []int{3}})
	for _, d := range p.desks("", "") {
		refused := 0
		for ; d.turn < 2*tooMuch; d.turn++ {
			endpoint, events := d.compose(d.turn)
			checkBody(t, p, events, body(endpoint, events, p.stamp(events)))
			if p.wantsRefusal(events) {
				refused++
			}
		}
		if refused != 0 && refused != 2 {
			t.Errorf("%d of %d requests of a desk are to be refused", refused, d.turn)
		}
	}
}

// checkBody looks for every event's stamp in a request.
func checkBody(t *testing.T, p *Press, events []event, text []byte) {
	t.Helper()
	type one struct {
		Name, Channel, Data string
		Channels            []string
	}
	var got struct {
		one
		Batch []one
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Batch == nil {
		got.Batch = []one{got.one}
	}
	if len(got.Batch) != len(events) {
		t.Fatalf("%d events in %.300s, want %d", len(got.Batch), text, len(events))
	}
	for i, e := range got.Batch {
		if s, ok := account.FindStamp([]byte(e.Data)); !ok || s.Source != events[i].source {
			t.Errorf("event %d bears %+v, want source %s", i, s, crowd.NameOf(events[i].source))
		}
		if channels := append(e.Channels, e.Channel); !slices.Equal(channels[:len(events[i].channels)], events[i].channels) {
			t.Errorf("event %d is for %q, want %q", i, channels, events[i].channels)
		}
		if large := len(e.Data) > p.EventData; large != (events[i].pad >= p.EventData) {
			t.Errorf("event %d has %d bytes", i, len(e.Data))
		}
	}
}
