package engine

import "testing"

func TestLull(t *testing.T) {
	type second struct {
		open, opened uint64
		want         bool
	}
	for name, seconds := range map[string][]second{
		"a few connections are no storm": {{0, 0, true}, {10, 10, false}, {900, 900, false}, {900, 900, false}},
		"after a storm":                  {{0, 0, true}, {5000, 5000, false}, {15000, 15000, false}, {15000, 15000, true}, {15000, 15000, false}},
		"after a trickle that goes on":   {{5000, 5000, false}, {5040, 5040, true}, {5080, 5080, false}},
		"when all have left":             {{15000, 15000, false}, {15000, 15000, true}, {0, 15000, false}, {0, 15000, true}, {0, 15000, false}},
		"coming and going":               {{0, 0, true}, {1000, 2000, false}, {1000, 3000, false}, {1000, 3000, true}},
		"a tenth is none of many":        {{15000, 15000, false}, {15000, 15000, true}, {16500, 16500, false}, {16500, 16500, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var l lull
			for i, s := range seconds {
				if got := l.tick(s.open, s.opened); got != s.want {
					t.Errorf("second %d: %v, want %v", i, got, s.want)
				}
			}
		})
	}
}
