package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestREADME holds the README's table, and the page, to the newest results.
// Without any there must be no table.
func TestREADME(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _, err := cut(string(b))
	if err != nil {
		t.Fatal(err)
	}
	newest, err := Newest(".")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newest.Brief(), table); diff != "" {
		t.Errorf("README.md is behind (go run ./bench/run -render bench/results/DATE.json mends it; -want +got):\n%s", diff)
	}
	if newest == nil {
		return
	}
	page, err := os.ReadFile(newest.Date + ".md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newest.Page(), string(page)); diff != "" {
		t.Errorf("%s.md is behind its JSON (-want +got):\n%s", newest.Date, diff)
	}
}

func sample() *Results {
	return &Results{
		Date: "2026-01-31", Commit: "0123456", Command: "go run ./bench/run", Machine: "2 x Abacus, Linux 7",
		Conditions: []string{"The sun shone."},
		Runs:       []Run{{ID: "fanout", Program: "limit", Server: "limit -k 1", Scenario: "fanfare bench fanout --connections=8", Rounds: 3}},
		Pictures:   []Picture{{File: "2026-01-31-fanout.svg", Caption: "fan-out", Brief: true}},
		Rows: []Row{
			{
				ID: "fanout", Group: "Fan-out", Name: "eight subscribers", Unit: "deliveries", Brief: "fan-out to eight", With: "the limit",
				Ours: []float64{90, 80, 85}, Against: []float64{100, 100, 100}, Bound: Bound{Kind: RatioAtLeast, Value: 0.9, Aim: 0.95},
			},
			{ID: "told", Group: "Fan-out", Name: "only told", Unit: "ms", Ours: []float64{1.5}, NoShare: "the limit is silent"},
			{ID: "lost", Group: "Lost", Name: "lost", Unit: "messages", Ours: []float64{0}, Bound: Bound{Kind: AtMost}, Brief: "lost", NoShare: "nothing is lost there"},
			{ID: "broken", Group: "Lost", Name: "broken", Unit: "messages", Failed: []string{"round 1:\n  the server\n  fell over"}, Bound: Bound{Kind: AtMost}, NoShare: "nothing is lost there"},
		},
	}
}

func TestSample(t *testing.T) {
	f := func(got, file string) {
		t.Helper()
		want, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	f(sample().Page(), "page.golden")
	f(sample().Brief(), "brief.golden")
	var text strings.Builder
	if err := sample().WriteText(&text); err != nil {
		t.Fatal(err)
	}
	f(text.String(), "text.golden")
}

func TestWriteAndRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"2026-01-30.json", "2026-01-31.json", "million-2026-02-01.json"} {
		r := sample()
		r.Commit = name
		if err := r.Write(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Newest(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	want.Commit, want.SchemaVersion = "2026-01-31.json", SchemaVersion
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if none, err := Newest(t.TempDir()); none != nil || err != nil {
		t.Errorf("of an empty folder: %v, %v", none, err)
	}
}

func TestReadRefuses(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f(`{"schema_version":99}`, "schema_version 99")
	f(`{`, "cannot read")
}

func TestMend(t *testing.T) {
	readme := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(readme, []byte("a\n"+Begin+"old\n"+End+"b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sample().Mend(readme); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(readme)
	if want := "a\n" + Begin + sample().Brief() + End + "b\n"; err != nil || string(b) != want {
		t.Errorf("%q, %v; want %q", b, err, want)
	}
	if err := Check(readme); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(readme, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if sample().Mend(readme) == nil || Check(readme) == nil {
		t.Error("a README without the lines is mended")
	}
}
