// Package spelling guesses what was meant by a word that nobody knows, for error
// messages that name it.
package spelling

import (
	"math"
	"strings"
)

// Nearest gives the candidate that is most likely meant by name: the one with
// the fewest edits between them. A candidate whose last part is name itself
// (server.port for port) counts as one edit away. When even the best would
// have to be changed for more than half, nobody can tell: then it is "".
func Nearest(name string, candidates []string) string {
	best, fewest := "", math.MaxInt
	for _, c := range candidates {
		d := edits(name, c)
		if name != "" && (strings.HasSuffix(c, "."+name) || strings.HasSuffix(c, "_"+name)) {
			d = min(d, 1)
		}
		if d < fewest && d <= max(len(name), len(c))/2 {
			best, fewest = c, d
		}
	}
	return best
}

// edits is the number of characters to insert, delete, replace or swap with
// their neighbour to turn a into b (optimal string alignment).
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}
