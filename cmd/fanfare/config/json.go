package config

import (
	"strings"
	"time"
)

// AppJSON is an app as an object with the keys of a file, and "from".
func (l *Loaded) AppJSON(i int, secrets bool) map[string]any {
	object := jsonOf(settingsOf(&l.Apps[i]), secrets)
	for _, t := range tablesOf(&l.Apps[i]) {
		list := make([]map[string]any, t.field.Len())
		for j := range list {
			list[j] = jsonOf(t.settings(j), secrets)
		}
		object[t.key] = list
	}
	object["from"] = l.From(i)
	return object
}

// jsonOf writes sizes as bytes and times as seconds.
func jsonOf(settings []setting, secrets bool) map[string]any {
	object := make(map[string]any)
	for _, s := range settings {
		table, key, nested := strings.Cut(s.path, ".")
		in := object
		if nested {
			if in, _ = object[table].(map[string]any); in == nil {
				in = make(map[string]any)
				object[table] = in
			}
		} else {
			key = s.path
		}
		if v := s.jsonValue(secrets); v != nil {
			in[key] = v
		}
	}
	return object
}

// jsonValue is nil for a secret that is not to be shown.
func (s setting) jsonValue(secrets bool) any {
	switch v := s.field.Interface().(type) {
	case time.Duration:
		return v.Seconds()
	case []string:
		return append([]string{}, v...)
	case map[string]string:
		if !secrets {
			return s.masked()
		}
		return v
	case string:
		if s.path == secretPath && !secrets {
			return nil
		}
		return v
	default:
		return v
	}
}
