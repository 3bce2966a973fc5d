package report

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

// upgraded is a run of four seconds with an upgrade that froze the server from 2.0 s
// to 2.2 s.
func upgraded() *Document {
	d := &Document{
		Scenario: "upgrade", Unit: "deliveries", Done: 1, Wall: 4 * time.Second,
		Upgrades: []Upgrade{{
			PID: 7, Connections: 10_000, State: 2 << 20, Frozen: 200 * time.Millisecond, Took: 900 * time.Millisecond,
			From: 1300 * time.Millisecond, To: 2230 * time.Millisecond, Worst: 201 * time.Millisecond, Silence: 215 * time.Millisecond,
		}},
	}
	for at := time.Duration(0); at < 4*time.Second; at += 10 * time.Millisecond {
		m := Moment{At: at, Count: 200, P50: time.Millisecond, P99: 2 * time.Millisecond, Max: 3 * time.Millisecond}
		if since := at - 2*time.Second; since >= 0 && since < 200*time.Millisecond {
			m.P50, m.P99, m.Max = 199*time.Millisecond-since, 200*time.Millisecond-since, 201*time.Millisecond-since
		}
		d.Course = append(d.Course, m)
	}
	return d
}

func TestUpgradePicture(t *testing.T) {
	var b bytes.Buffer
	if err := WritePicture(&b, Named{Name: "Fanfare", Document: upgraded()}); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b.Bytes(), &struct{}{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"by when a message was due", ">upgrade 1<", ">frozen<", ">worst<", ">median<",
		"Upgrade 1: 10,000 connections, frozen for 200 ms, longest silence 215 ms",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	if strings.Contains(b.String(), "Latency by percentile") {
		t.Error("there are panels that say nothing of upgrades")
	}
}

func TestFreezeOf(t *testing.T) {
	d := upgraded()
	if began := freezeOf(d.Course, d.Upgrades[0]); began != 2*time.Second {
		t.Errorf("the freeze began at %v", began)
	}
	if began := freezeOf(nil, d.Upgrades[0]); began != 2030*time.Millisecond {
		t.Errorf("without a course the freeze began at %v", began)
	}
}

// What does not fit is taken together by the worst of it, and nothing is lost.
func TestFewerMoments(t *testing.T) {
	all := upgraded().Course
	few := fewer(append(all, all...))
	count, most := 0, time.Duration(0)
	for _, m := range few {
		count, most = count+m.Count, max(most, m.Max)
	}
	if len(few) > mostMoments || count != 2*200*len(all) || most != 201*time.Millisecond {
		t.Errorf("%d moments with %d deliveries, the worst %v", len(few), count, most)
	}
	if len(fewer(all[:10])) != 10 {
		t.Error("few moments were made fewer")
	}
}

func TestUpgradeTable(t *testing.T) {
	d := upgraded()
	var b strings.Builder
	if err := d.WriteTable(&b, Paint{}); err != nil {
		t.Fatal(err)
	}
	want := `
upgrades                 state        took      frozen       worst     silence
  10,000 conns        2.00 MiB      900 ms      200 ms      201 ms      215 ms
`
	if !strings.Contains(b.String(), want) {
		t.Errorf("the table lacks %s:\n%s", want, b.String())
	}
	d.Upgrades[0].Cut = 3
	b.Reset()
	if err := d.WriteTable(&b, Paint{}); err != nil || !strings.Contains(b.String(), "3 connections were cut") {
		t.Errorf("%v:\n%s", err, b.String())
	}
}
