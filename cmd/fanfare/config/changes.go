package config

import (
	"slices"
	"time"

	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/spelling"
)

// Add adds an app with these credentials and what the KEY=VALUE words say. It
// returns the app's id, which the words may have changed.
func (f *AppsFile) Add(app App, words []string) (id string, err error) {
	draft, err := setKeys(setting.Draft{
		{Path: "id", Text: app.ID, Origin: editOrigin},
		{Path: "key", Text: app.Key, Origin: editOrigin},
		{Path: "secret", Text: app.Secret, Origin: editOrigin},
	}, words)
	f.drafts = append(f.drafts, draft)
	return draft.Text("id"), err
}

// Set puts KEY=VALUE words into the app with that id. KEY= alone takes the default
// again.
func (f *AppsFile) Set(id string, words []string) error {
	return f.change(id, func(draft setting.Draft) (setting.Draft, error) { return setKeys(draft, words) })
}

// Enable has the app served, or not.
func (f *AppsFile) Enable(id string, enabled bool) error {
	return f.change(id, func(draft setting.Draft) (setting.Draft, error) {
		draft = draft.Without("enabled")
		if !enabled {
			draft = append(draft, setting.Value{Path: "enabled", Text: "false", Origin: editOrigin})
		}
		return draft, nil
	})
}

// Rotate gives the app a new secret. What is signed with the old one verifies
// until then.
func (f *AppsFile) Rotate(id, secret string, until time.Time) error {
	return f.change(id, func(draft setting.Draft) (setting.Draft, error) { return rotate(draft, secret, until) })
}

// Remove takes the app out of the file.
func (f *AppsFile) Remove(id string) error {
	i, err := f.find(id)
	if err == nil {
		f.drafts = slices.Delete(f.drafts, i, i+1)
	}
	return err
}

func (f *AppsFile) change(id string, how func(draft setting.Draft) (setting.Draft, error)) error {
	i, err := f.find(id)
	if err != nil {
		return err
	}
	f.drafts[i], err = how(f.drafts[i])
	return err
}

// find gives the index of the app with that id.
func (f *AppsFile) find(id string) (int, error) {
	i := slices.IndexFunc(f.drafts, func(d setting.Draft) bool { return d.Text("id") == id })
	if i >= 0 {
		return i, nil
	}
	if at := slices.Index(f.others.ids(), id); at >= 0 {
		return 0, Errorf("app %q is from %s, which is never written by `fanfare app`: change it there", id, f.others.From(at))
	}
	return f.others.Find(id) // whose error says what there is
}

// Find gives the index of the app with that id.
func (l *Loaded) Find(id string) (int, error) {
	ids := l.ids()
	if i := slices.Index(ids, id); i >= 0 {
		return i, nil
	}
	if near := spelling.Nearest(id, ids); near != "" {
		return 0, Errorf("there is no app %q; the nearest id is %q (`fanfare app list` lists all)", id, near)
	}
	return 0, Errorf("there is no app %q (`fanfare app list` lists all)", id)
}

func (l *Loaded) ids() []string {
	ids := make([]string, len(l.Apps))
	for i := range ids {
		ids[i] = l.Apps[i].ID
	}
	return ids
}
