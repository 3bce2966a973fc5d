package setting

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPrintMasksSecrets(t *testing.T) {
	s := shop{Name: "a", Code: "geheim", Labels: map[string]string{"b": "geheim"}, Doors: []door{{Width: 2, Lock: "geheim"}, {Width: 3}}}
	f := func(secrets bool, want string) {
		t.Helper()
		p := Printer{Secrets: secrets}
		for _, section := range Sections("shops", &s) {
			p.Print(section, func(path string) string { return section.At + path })
		}
		var b strings.Builder
		if _, err := p.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(b.String()) {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("secrets %v (-want +got):\n%s", secrets, diff)
		}
	}
	const text = `[[shops]]
name = "a" # name
state = "" # state
goods = [] # goods
labels = {"b" = "GEHEIM"} # labels
code = "GEHEIM" # code
since = 0001-01-01T00:00:00Z # since

[shops.till]
drawers = "auto" # till.drawers
paper = 0 # till.paper
pause = 0 # till.pause
loud = false # till.loud

[[shops.doors]]
width = 2 # doors[0].width
lock = "GEHEIM" # doors[0].lock

[[shops.doors]]
width = 3 # doors[1].width
lock = "" # doors[1].lock`
	f(false, strings.ReplaceAll(text, "GEHEIM", Mask))
	f(true, strings.ReplaceAll(text, "GEHEIM", "geheim"))
}

func TestJSONLeavesSecretsOut(t *testing.T) {
	s := shop{Name: "a", Code: "geheim", Labels: map[string]string{"b": "geheim"}, Till: till{Paper: 1024, Pause: time.Second / 2}, Doors: []door{{Lock: "geheim"}}}
	f := func(secrets bool, labels string, more map[string]any, doors map[string]any) {
		t.Helper()
		want := map[string]any{
			"name": "a", "state": "", "goods": []string{}, "labels": map[string]string{"b": labels}, "since": time.Time{},
			"till":  map[string]any{"drawers": 0, "paper": Bytes(1024), "pause": 0.5, "loud": false},
			"doors": []map[string]any{doors},
		}
		maps.Copy(want, more)
		if diff := cmp.Diff(want, JSON(&s, secrets)); diff != "" {
			t.Errorf("secrets %v (-want +got):\n%s", secrets, diff)
		}
	}
	f(false, Mask, nil, map[string]any{"width": 0})
	f(true, "geheim", map[string]any{"code": "geheim"}, map[string]any{"width": 0, "lock": "geheim"})
}
