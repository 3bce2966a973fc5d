package appfile

import (
	"fmt"
	"slices"
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
)

// keptFormer is how long the file tells of former secrets that no longer
// verify: a server that reads it late, or not at all for a while, must not
// think that it is to decide about them itself.
const keptFormer = 24 * time.Hour

// rotate gives a draft a new secret, and writes down until when the others
// verify: those that would end last, of more than an app may have.
func rotate(draft setting.Draft, secret string, until time.Time) (setting.Draft, error) {
	var app config.App
	if err := app.Fill(draft, func(_, _ string) {}); err != nil {
		return nil, err
	}
	if secret == app.Secret {
		return nil, config.Errorf("app %q has this secret already: give it another, or none for a random one", app.ID)
	}
	former := slices.DeleteFunc(app.Former, func(f config.Former) bool {
		return f.Secret == secret || f.Secret == app.Secret || time.Since(f.Until) > keptFormer
	})
	former = append(former, config.Former{Secret: app.Secret, Until: until})
	slices.SortStableFunc(former, func(a, b config.Former) int { return b.Until.Compare(a.Until) })
	former = former[:min(len(former), apps.MaxFormer)]

	draft = draft.Without("secret").Without("former")
	draft = append(draft, setting.Value{Path: "secret", Text: secret, Origin: origin})
	for j, f := range former {
		at := fmt.Sprintf("former[%d].", j)
		draft = append(draft,
			setting.Value{Path: at + "secret", Text: f.Secret, Origin: origin},
			setting.Value{Path: at + "until", Text: f.Until.Format(time.RFC3339), Origin: origin})
	}
	return draft, nil
}
