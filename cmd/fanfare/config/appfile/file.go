package appfile

import (
	"slices"
	"strings"
	"time"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
)

// origin is where values come from that a command gives.
const origin = "the command line"

// File is the file of apps while it is edited.
type File struct {
	drafts []setting.Draft
	before *config.Loaded // all apps, those of other files too, as they were
}

// Before is the configuration that is to change.
func (f *File) Before() *config.Loaded { return f.before }

// Add adds an app with these credentials and what the KEY=VALUE words say. It
// returns the app's id, which the words may have changed.
func (f *File) Add(app config.App, words []string) (id string, err error) {
	draft, err := setKeys(setting.Draft{
		{Path: "id", Text: app.ID, Origin: origin},
		{Path: "key", Text: app.Key, Origin: origin},
		{Path: "secret", Text: app.Secret, Origin: origin},
	}, words)
	if err != nil {
		return "", err
	}
	id = draft.Text("id")
	if at, missing := f.before.Find(id); missing == nil && !f.before.Builtin {
		return "", config.Errorf("there is an app %q already, in %s: name another id", id, f.before.From(at))
	}
	f.drafts = append(f.drafts, draft)
	return id, nil
}

// Set puts KEY=VALUE words into the app with that id. KEY= alone takes the default
// again.
func (f *File) Set(id string, words []string) error {
	return f.change(id, func(draft setting.Draft) (setting.Draft, error) { return setKeys(draft, words) })
}

// Enable has the app served, or not. It reports whether that is a change.
func (f *File) Enable(id string, enabled bool) (changed bool, err error) {
	if at, missing := f.before.Find(id); missing == nil {
		changed = f.before.Apps[at].Enabled != enabled
	}
	err = f.change(id, func(draft setting.Draft) (setting.Draft, error) {
		draft = draft.Without("enabled")
		if !enabled {
			draft = append(draft, setting.Value{Path: "enabled", Text: "false", Origin: origin})
		}
		return draft, nil
	})
	return changed, err
}

// Rotate gives the app a new secret. What is signed with the old one verifies
// until then.
func (f *File) Rotate(id, secret string, until time.Time) error {
	return f.change(id, func(draft setting.Draft) (setting.Draft, error) { return rotate(draft, secret, until) })
}

// Remove takes the app out of the file.
func (f *File) Remove(id string) error {
	i, err := f.find(id)
	if err == nil {
		f.drafts = slices.Delete(f.drafts, i, i+1)
	}
	return err
}

func (f *File) change(id string, how func(draft setting.Draft) (setting.Draft, error)) error {
	i, err := f.find(id)
	if err != nil {
		return err
	}
	f.drafts[i], err = how(f.drafts[i])
	return err
}

// find gives the index of the app with that id.
func (f *File) find(id string) (int, error) {
	i := slices.IndexFunc(f.drafts, func(d setting.Draft) bool { return d.Text("id") == id })
	if i >= 0 {
		return i, nil
	}
	at, err := f.before.Find(id)
	if err != nil {
		return 0, err
	}
	return 0, config.Errorf("app %q is from %s, which is never written by `fanfare app`: change it there", id, f.before.From(at))
}

// setKeys puts KEY=VALUE words into a draft.
func setKeys(draft setting.Draft, words []string) (setting.Draft, error) {
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok {
			return nil, config.Errorf("%s: want KEY=VALUE, such as max_connections=500", word)
		}
		values, err := config.AppFromText(key, text)
		if err != nil {
			return nil, err
		}
		draft = append(draft.Without(key), values...)
	}
	return draft, nil
}
