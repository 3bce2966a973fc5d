package setting

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shop has a key of each kind.
type shop struct {
	Name   string            `key:"name"`
	State  string            `key:"state" default:"open" oneof:"open shut"`
	Goods  []string          `key:"goods" default:""`
	Labels map[string]string `key:"labels" default:"" secret:"yes"`
	Code   string            `key:"code" default:"" secret:"yes"`
	Since  time.Time         `key:"since" default:"2026-11-23T12:00:00Z"`
	Till   till              `key:"till"`
	Doors  []door            `key:"doors"`
}

type till struct {
	Drawers int           `key:"drawers" default:"auto" big:"9" range:"1..10" elsewhere:"trays boxes"`
	Paper   Bytes         `key:"paper" default:"64KiB" range:"1..1MiB"`
	Pause   time.Duration `key:"pause" default:"30"`
	Loud    bool          `key:"loud" default:"true"`
}

type door struct {
	Width int    `key:"width" default:"1" range:"1..5"`
	Lock  string `key:"lock" default:"" secret:"yes"`
}

func ignore(_, _ string) {}

func TestFillTakesTheLastValueAndTheListsOfTheLastSource(t *testing.T) {
	var got shop
	origins := make(map[string]string)
	err := Draft{
		{Path: "name", Text: "first", Origin: "file"},
		{Path: "doors[0].width", TOML: int64(2), Origin: "file"},
		{Path: "doors[1].width", TOML: int64(3), Origin: "file"},
		{Path: "till.drawers", Text: "7", Origin: "file"},
		{Path: "labels", TOML: map[string]any{"a": "b"}, Origin: "file"},
		{Path: "name", Text: "last", Origin: "FANFARE_NAME"},
		{Path: "doors[0].lock", Text: "x", Origin: "FANFARE_DOORS"},
	}.Fill(&got, "", func(path, origin string) { origins[path] = origin })
	want := shop{
		Name: "last", State: "open", Labels: map[string]string{"a": "b"}, Since: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Till:  till{Drawers: 7, Paper: 64 << 10, Pause: 30 * time.Second, Loud: true},
		Doors: []door{{Width: 1, Lock: "x"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	wantOrigins := map[string]string{"name": "FANFARE_NAME", "till.drawers": "file", "labels": "file", "doors[0].lock": "FANFARE_DOORS"}
	if diff := cmp.Diff(wantOrigins, origins); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

func TestFillTellsEverythingThatIsWrong(t *testing.T) {
	f := func(path, text, want string) {
		t.Helper()
		err := Draft{{Path: path, Text: text, Label: "it"}, {Path: "till.loud", Text: "perhaps", Label: "and it"}}.Fill(&shop{}, "", ignore)
		if want = "it: want " + want + "\nand it: want true or false"; err == nil || err.Error() != want {
			t.Errorf("%s = %s: %v, want %s", path, text, err, want)
		}
	}
	f("state", "ajar", "one of open, shut")
	f("till.drawers", "11", `a number from 1 to 10, or "auto"`)
	f("till.drawers", "x", `a whole number, or "auto"`)
	f("till.paper", "2MiB", "bytes from 1 to 1MiB")
	f("till.pause", "auto", "a number of seconds, such as 30 or 1m30s")
	f("since", "now", "a moment such as 2026-11-23T12:00:00Z")
	f("labels", "geheim", `a table of texts, such as {Authorization = "Bearer ..."}`)
}

func TestPresets(t *testing.T) {
	f := func(preset string, want int) {
		t.Helper()
		var got shop
		if err := (Draft{}).Fill(&got, preset, ignore); err != nil || got.Till.Drawers != want {
			t.Errorf("with preset %q: %d drawers, %v; want %d", preset, got.Till.Drawers, err, want)
		}
	}
	f("", 0)
	f("big", 9)
	f("small", 0)
}
