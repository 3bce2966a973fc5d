package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/channels/apps"
)

// editOrigin is where values come from that a command gives.
const editOrigin = "the command line"

// setKeys puts KEY=VALUE words into a draft.
func setKeys(draft []assignment, words []string) ([]assignment, error) {
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok {
			return nil, Errorf("%s: want KEY=VALUE, such as max_connections=500", word)
		}
		values, err := settingFromText(key, text)
		if err != nil {
			return nil, err
		}
		draft = append(without(draft, key), values...)
	}
	return draft, nil
}

func settingFromText(key, text string) ([]assignment, error) {
	known := pathsOf(settingsOf(&App{}))
	switch {
	case slices.Contains(listKeys, key):
		values, err := listFromText(key, key, text)
		if err != nil {
			return nil, Error{err}
		}
		return values, nil
	case !slices.Contains(known, key):
		if near := nearestKey(key, append(known, listKeys...)); near != "" {
			return nil, Errorf("unknown key %s; the nearest known key is %s", key, near)
		}
		return nil, Errorf("unknown key %s (`fanfare help config` lists all keys)", key)
	case text == "":
		return nil, nil
	}
	label := key + "=" + text
	if key == secretPath {
		label = key
	}
	return []assignment{{path: key, text: text, origin: editOrigin, label: label}}, nil
}

// without drops what a draft says of a key, be it a list.
func without(draft []assignment, key string) []assignment {
	return slices.DeleteFunc(slices.Clone(draft), func(a assignment) bool {
		return a.path == key || strings.HasPrefix(a.path, key+"[")
	})
}

// keptFormer is how long the file tells of former secrets that no longer
// verify: a server that reads it late, or not at all for a while, must not
// think that it is to decide about them itself.
const keptFormer = 24 * time.Hour

// rotate gives a draft a new secret, and writes down until when the others
// verify: those that would end last, of more than an app may have.
func rotate(draft []assignment, secret string, until time.Time) ([]assignment, error) {
	var app App
	if err := app.fill(draft, func(_, _ string) {}); err != nil {
		return nil, err
	}
	if secret == app.Secret {
		return nil, Errorf("app %q has this secret already: give it another, or none for a random one", app.ID)
	}
	former := slices.DeleteFunc(app.Former, func(f Former) bool {
		return f.Secret == secret || f.Secret == app.Secret || time.Since(f.Until) > keptFormer
	})
	former = append(former, Former{Secret: app.Secret, Until: until})
	slices.SortStableFunc(former, func(a, b Former) int { return b.Until.Compare(a.Until) })
	former = former[:min(len(former), apps.MaxFormer)]

	draft = without(without(draft, secretPath), "former")
	draft = append(draft, assignment{path: secretPath, text: secret, origin: editOrigin})
	for j, f := range former {
		at := fmt.Sprintf("former[%d].", j)
		draft = append(draft,
			assignment{path: at + "secret", text: f.Secret, origin: editOrigin},
			assignment{path: at + "until", text: f.Until.Format(time.RFC3339), origin: editOrigin})
	}
	return draft, nil
}

// ParseOverlap reads a value of server.secret_overlap. Its error says what would be
// right.
func ParseOverlap(text string) (time.Duration, error) {
	var s Server
	for _, key := range settingsOf(&s) {
		if key.path == "secret_overlap" {
			err := key.set(text)
			return s.SecretOverlap, err
		}
	}
	panic("config: server.secret_overlap is gone")
}
