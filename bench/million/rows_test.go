//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/report"
)

func TestMarkdown(t *testing.T) {
	f := sound()
	f.Opening, f.Silent[0].Closed = 12*time.Second, 152*time.Second
	f.Full.Slab, f.Full.Sockets, f.Full.CPU = 8_600_000, 2004, 1500*time.Millisecond
	f.Quiet.Resident, f.Left.Resident = 16<<20, 14<<20
	p := &page{
		findings: f, started: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC), took: 3 * time.Minute, conditions: []string{"One machine."},
		idle: &report.Document{Figures: []report.Figure{
			{Name: "reached by the broadcast", Value: 1000}, {Name: "and the last one after", Value: 16.7e3}, {Name: "pings answered", Value: 2000},
		}},
		fanout: &report.Document{Done: 3000, Unit: "deliveries", Messages: &report.Messages{Delivered: 4000}},
	}
	p.describeTrial()
	want, err := os.ReadFile("testdata/page.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), p.markdown()); diff != "" {
		t.Errorf("testdata/page.md differs (-want +got):\n%s", diff)
	}
	if table := p.table(); !strings.Contains(table, "subscribed at the same time   ") {
		t.Errorf("the table has no columns:\n%s", table)
	}
}
