package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fanfare/channels/apps"
)

// keptFormer is how long the file tells of former secrets that no longer
// verify: a server that reads it late, or not at all for a while, must not
// think that it is to decide about them itself.
const keptFormer = 24 * time.Hour

// appRotating is one run of the app rotate command.
type appRotating struct {
	appFiles

	secret  string
	overlap string // empty: as the configuration says
	json    bool
}

func appRotateCommand() *command {
	r := &appRotating{}
	fs := newFlags("app rotate")
	r.register(fs)
	fs.StringVar(&r.secret, "secret", "", "new `SECRET` (default: random; others on this machine can see what is given here)")
	fs.StringVar(&r.overlap, "overlap", "", "`SECONDS` for which the replaced secret verifies on, or 1h30m; 0 ends it at once, "+
		"say when it has leaked (default: server.secret_overlap)")
	fs.BoolVar(&r.json, "json", false, "print the app as JSON, its secret included")
	return &command{
		name: "app rotate", args: "ID", minArgs: 1, maxArgs: 1,
		short: "give an app a new secret",
		long: "Makes a new secret and prints it. What is signed with the old one is accepted for a while longer, also " +
			"after a restart, so that the application's servers can change over one by one.",
		examples: []string{"app rotate shop", "app rotate shop --overlap 1h", "app rotate shop --overlap 0"},
		flags:    fs,
		groups:   []flagGroup{{"Secret", []string{"secret", "overlap", "json"}}, appFilesGroup},
		run:      r.run,
	}
}

func (r *appRotating) run(ctx context.Context, c *cli, args []string) error {
	overlap, err := r.duration(c)
	if err != nil {
		return err
	}
	if r.secret == "" {
		r.secret = randomHex(20)
	}
	id, until := args[0], time.Now().Add(overlap).UTC().Truncate(time.Second)
	name, err := editApps(ctx, r.sources(c), func(f *appsFile) error {
		i, err := f.find(id)
		if err != nil {
			return err
		}
		f.drafts[i], err = rotate(f.drafts[i], r.secret, until)
		return err
	})
	if err != nil {
		return err
	}
	if r.json {
		l, i, err := loadApp(r.sources(c), id)
		if err != nil {
			return err
		}
		return writeJSON(c.stdout, l.appJSON(i, true))
	}
	old := "the old one is refused from now on"
	if overlap > 0 {
		old = "the old one verifies until " + until.Format(time.RFC3339)
	}
	_, err = fmt.Fprintf(c.stdout, "rotated the secret of app %s in %s\nsecret  %s\n%s\n", id, name, r.secret, old)
	return err
}

func (r *appRotating) duration(c *cli) (time.Duration, error) {
	l, err := load(r.sources(c).lenient())
	if err != nil {
		return 0, usageError{err}
	}
	if r.overlap == "" {
		return l.Server.SecretOverlap, nil
	}
	var s Server
	for _, key := range settingsOf(&s) {
		if key.path == "secret_overlap" {
			err = key.set(r.overlap)
		}
	}
	if err != nil {
		return 0, usagef("--overlap=%s: want %w", r.overlap, err)
	}
	return s.SecretOverlap, nil
}

// rotate gives a draft a new secret, and writes down until when the others
// verify: those that would end last, of more than an app may have.
func rotate(draft []assignment, secret string, until time.Time) ([]assignment, error) {
	var app App
	if err := app.fill(draft, func(_, _ string) {}); err != nil {
		return nil, err
	}
	if secret == app.Secret {
		return nil, usagef("app %q has this secret already: give it another, or none for a random one", app.ID)
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
