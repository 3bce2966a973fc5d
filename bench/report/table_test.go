package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/bench/scenario"
)

func tableOf(t *testing.T, d *Document, p Paint) string {
	t.Helper()
	var b strings.Builder
	if err := d.WriteTable(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	got := tableOf(t, sampleDocument(1), Paint{})
	wantGolden(t, "fanout.golden", got)
	for line := range strings.Lines(got) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > tableWidth {
			t.Errorf("%d columns, want at most %d: %s", n, tableWidth, line)
		}
	}
}

func TestTableOfWhatIsHeldHasNoRate(t *testing.T) {
	r := sampleResult(1)
	d := New(&scenario.Result{Scenario: "idle", Unit: "connections", Done: 1000, Wall: r.Wall, Servers: r.Servers}, 1000)
	got := tableOf(t, d, Paint{})
	if !strings.Contains(got, "1,000 connections for 9.20 s") || strings.Contains(got, "per second") || d.PerSecond != 0 {
		t.Errorf("table of idle connections, %v a second:\n%s", d.PerSecond, got)
	}
}

func TestTableTellsWhatIsWrong(t *testing.T) {
	f := func(want string, change func(*Document)) {
		t.Helper()
		d := sampleDocument(1)
		change(d)
		bad := func(text string) string { return "<" + text + ">" }
		if got := tableOf(t, d, Paint{Bad: bad}); !strings.Contains(got, want) {
			t.Errorf("table lacks %q:\n%s", want, got)
		}
	}
	f("<3 lost, 2 twice, 1 out of order>\n", func(d *Document) {
		d.Messages.Lost, d.Messages.Duplicated, d.Messages.Reordered = 3, 2, 1
	})
	f("<4 subscribers saw another order than the others>", func(d *Document) { d.Messages.Disagreed = 4 })
	f("<5 came to somebody who was not subscribed>", func(d *Document) { d.Messages.Stray = 5 })
	f("<  (stopped: what was measured until then)>", func(d *Document) { d.Interrupted = true })
	f("<  (failed: what was measured until then)>", func(d *Document) { d.Error = "no" })
	f("<It was as busy as one thread can be, so the server may be faster than this.>", func(d *Document) { d.LoadCPU = d.Wall * 95 / 100 })
}

func TestTableMarksNothingBadOnAGoodRun(t *testing.T) {
	bad := func(text string) string { t.Errorf("marked as bad: %s", text); return text }
	tableOf(t, sampleDocument(1), Paint{Bad: bad})
}

func TestTableOfARunThatWasStopped(t *testing.T) {
	d := sampleDocument(1)
	d.Messages.Lost, d.Messages.Disagreed = 7, 3
	d.Stop()
	got := tableOf(t, d, Paint{})
	if !strings.Contains(got, "none lost, none twice, all in order; 7 still under way\n") || !strings.Contains(got, "(stopped") {
		t.Errorf("table of a run that was stopped:\n%s", got)
	}
}
