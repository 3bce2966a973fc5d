// Package settingtest has what tests of keys share.
package settingtest

import "fanfare/cmd/fanfare/config/setting"

// Another gives a value that the setting takes and that is not its own.
func Another(s setting.Setting) string {
	if choices := s.Choices(); choices != nil {
		return choices[len(choices)-1]
	}
	switch s.Kind() {
	case "bool":
		return map[string]string{"true": "false", "false": "true"}[s.Text()]
	case "number", "seconds":
		return "7"
	case "bytes":
		return "2000"
	case "list":
		return "x.test"
	case "table":
		return `{"A":"b"}`
	case "time":
		return "2026-11-23T12:00:00Z"
	}
	return "other"
}
