package setting

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReader(t *testing.T) {
	f := func(table map[string]any, want string) {
		t.Helper()
		r := &Reader{Name: "file"}
		var shown []string
		for _, v := range r.Draft(table, "shops[0].", "shops", &shop{}) {
			shown = append(shown, v.Path+" | "+v.Label)
		}
		if err := r.Err(); err != nil {
			shown = append(shown, err.Error())
		}
		if diff := cmp.Diff(want, strings.Join(shown, "\n")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", table, diff)
		}
	}
	f(map[string]any{"name": "a", "till": map[string]any{"drawers": int64(3)}},
		"name | file: shops[0].name = \"a\"\ntill.drawers | file: shops[0].till.drawers = 3")
	f(map[string]any{"doors": []any{map[string]any{"width": 2.5, "lock": "geheim"}}},
		"doors[0].lock | file: shops[0].doors[0].lock = ********\ndoors[0].width | file: shops[0].doors[0].width = 2.5")
	f(map[string]any{"code": map[string]any{"geheim": "geheim"}}, "code | file: shops[0].code = ********")
	f(map[string]any{"till": true}, "file: shops[0].till is a table of keys, not a value")
	f(map[string]any{"till": map[string]any{}}, "")
	f(map[string]any{"till": map[string]any{"drawer": 1}}, "file: unknown key shops[0].till.drawer; the nearest known key is shops[0].till.drawers")
	f(map[string]any{"boxes": 1}, "file: unknown key shops[0].boxes; the nearest known key is shops[0].till.drawers")
	f(map[string]any{"xxxxxxxxxxxx": 1}, "file: unknown key shops[0].xxxxxxxxxxxx (`fanfare help config` lists all keys)")
	f(map[string]any{"doors": []any{1}}, "file: doors is not a list of tables: begin each one with a line [[shops.doors]]")
}
