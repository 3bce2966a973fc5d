package setting

import (
	"slices"
	"strings"

	"fanfare/cmd/fanfare/spelling"
)

// Nearest is the key that was most likely meant by a path that is none of the known
// settings' or of more; empty when nobody can tell. Names that other servers give to
// the same thing lead to ours.
func Nearest(path string, known []Setting, more ...string) string {
	theirs := path[strings.LastIndexByte(path, '.')+1:]
	for _, s := range known {
		if slices.Contains(strings.Fields(s.field.Tag.Get("elsewhere")), theirs) {
			return s.Path
		}
	}
	return spelling.Nearest(path, append(paths(known), more...))
}

func paths(list []Setting) []string {
	paths := make([]string, len(list))
	for i, s := range list {
		paths[i] = s.Path
	}
	return paths
}
