package config

import (
	"slices"
	"time"

	"fanfare/cmd/fanfare/config/setting"
)

// AppFromText is what KEY=VALUE says of an app, of one key or of a whole list. The
// empty text says nothing. Its error is an Error.
func AppFromText(key, text string) (setting.Draft, error) {
	known := setting.Of(&App{})
	s, ok := setting.Find(known, key)
	switch {
	case slices.Contains(listKeys, key):
		draft, err := listFromText(key, key, text)
		if err != nil {
			return nil, Error{err}
		}
		return draft, nil
	case !ok:
		if near := setting.Nearest(key, known, listKeys...); near != "" {
			return nil, Errorf("unknown key %s; the nearest known key is %s", key, near)
		}
		return nil, Errorf("unknown key %s (`fanfare help config` lists all keys)", key)
	case text == "":
		return nil, nil
	}
	return setting.Draft{s.Given(key, text)}, nil
}

// listKeys are the lists of tables that have a variable.
var listKeys = []string{"slow", "webhooks"}

// listFromText reads what a variable or a word says of a whole list, one of listKeys.
func listFromText(key, name, text string) (setting.Draft, error) {
	if key == "slow" {
		return slowFromText(name, text)
	}
	return webhooksFromText(name, text)
}

// listByEnv is the key of the list that a variable describes, "" for none.
func listByEnv(name string) string {
	i := slices.IndexFunc(listKeys, func(key string) bool { return envList(key) == name })
	if i < 0 {
		return ""
	}
	return listKeys[i]
}

func envList(key string) string { return EnvName("app." + key) }

// ParseOverlap reads a value of server.secret_overlap. Its error says what would be
// right.
func ParseOverlap(text string) (time.Duration, error) {
	var server Server
	s, ok := setting.Find(setting.Of(&server), "secret_overlap")
	if !ok {
		panic("config: server.secret_overlap is gone")
	}
	err := s.Set(text)
	return server.SecretOverlap, err
}
