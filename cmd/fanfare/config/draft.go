package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config/setting"
)

// editOrigin is where values come from that a command gives.
const editOrigin = "the command line"

// setKeys puts KEY=VALUE words into a draft.
func setKeys(draft setting.Draft, words []string) (setting.Draft, error) {
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok {
			return nil, Errorf("%s: want KEY=VALUE, such as max_connections=500", word)
		}
		values, err := appFromText(key, text)
		if err != nil {
			return nil, err
		}
		draft = append(draft.Without(key), values...)
	}
	return draft, nil
}

// appFromText is what KEY=VALUE says of an app.
func appFromText(key, text string) (setting.Draft, error) {
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

// keptFormer is how long the file tells of former secrets that no longer
// verify: a server that reads it late, or not at all for a while, must not
// think that it is to decide about them itself.
const keptFormer = 24 * time.Hour

// rotate gives a draft a new secret, and writes down until when the others
// verify: those that would end last, of more than an app may have.
func rotate(draft setting.Draft, secret string, until time.Time) (setting.Draft, error) {
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

	draft = draft.Without("secret").Without("former")
	draft = append(draft, setting.Value{Path: "secret", Text: secret, Origin: editOrigin})
	for j, f := range former {
		at := fmt.Sprintf("former[%d].", j)
		draft = append(draft,
			setting.Value{Path: at + "secret", Text: f.Secret, Origin: editOrigin},
			setting.Value{Path: at + "until", Text: f.Until.Format(time.RFC3339), Origin: editOrigin})
	}
	return draft, nil
}

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
