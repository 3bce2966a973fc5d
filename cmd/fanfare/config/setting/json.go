package setting

import (
	"strings"
	"time"
)

// JSON is the struct that ptr points to as an object with the keys of a file, sizes
// in bytes and times in seconds. Without secrets those are left out, and of tables
// of secrets the values are masked.
func JSON(ptr any, secrets bool) map[string]any {
	object := jsonOf(Of(ptr), secrets)
	for _, t := range tablesOf("", ptr) {
		list := make([]map[string]any, t.field.Len())
		for j := range list {
			list[j] = jsonOf(t.settings(j), secrets)
		}
		dot := strings.LastIndexByte(t.key, '.')
		tableIn(object, t.key[:max(0, dot)])[t.key[dot+1:]] = list
	}
	return object
}

func jsonOf(settings []Setting, secrets bool) map[string]any {
	object := make(map[string]any)
	for _, s := range settings {
		if v := s.jsonValue(secrets); v != nil {
			tableIn(object, s.Table())[s.Name()] = v
		}
	}
	return object
}

// tableIn gives the table of that name in the object, and makes it if need be; the
// object itself has no name.
func tableIn(object map[string]any, name string) map[string]any {
	if name == "" {
		return object
	}
	in, ok := object[name].(map[string]any)
	if !ok {
		in = make(map[string]any)
		object[name] = in
	}
	return in
}

// jsonValue is nil for a secret that is not to be shown.
func (s Setting) jsonValue(secrets bool) any {
	hidden := s.IsSecret() && !secrets
	switch v := s.value.Interface().(type) {
	case time.Duration:
		return v.Seconds()
	case []string:
		return append([]string{}, v...)
	case map[string]string:
		if hidden {
			return s.masked()
		}
		return v
	default:
		if hidden {
			return nil
		}
		if s.hasSecretQuery() && !secrets {
			return withoutQuery(s.Text())
		}
		return v
	}
}
