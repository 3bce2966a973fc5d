package app

import (
	"context"
	"fmt"
	"time"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/appfile"
)

// appRotating is one run of the app rotate command.
type appRotating struct {
	appFiles

	secret  string
	overlap string // empty: as the configuration says
	json    bool
}

func appRotateCommand() *command.Command {
	r := &appRotating{}
	fs := command.NewFlags("app rotate")
	r.register(fs)
	fs.StringVar(&r.secret, "secret", "", "new `SECRET` (default: random; others on this machine can see what is given here)")
	fs.StringVar(&r.overlap, "overlap", "", "`SECONDS` for which the replaced secret verifies on, or 1h30m; 0 ends it at once, "+
		"say when it has leaked (default: server.secret_overlap)")
	fs.BoolVar(&r.json, "json", false, "print the app as JSON, its secret included")
	return &command.Command{
		Name: "app rotate", Args: "ID", MinArgs: 1, MaxArgs: 1,
		Short: "give an app a new secret",
		Long: "Makes a new secret and prints it. What is signed with the old one is accepted for a while longer, also " +
			"after a restart, so that the application's servers can change over one by one.",
		Examples: []string{"app rotate shop", "app rotate shop --overlap 1h", "app rotate shop --overlap 0"},
		Flags:    fs,
		Groups:   []command.Group{{Title: "Secret", Names: []string{"secret", "overlap", "json"}}, appFilesGroup},
		Run:      r.run,
	}
}

func (r *appRotating) run(ctx context.Context, c *command.Process, args []string) error {
	overlap, err := r.duration(c)
	if err != nil {
		return err
	}
	if r.secret == "" {
		r.secret = config.RandomSecret()
	}
	id, until := args[0], time.Now().Add(overlap).UTC().Truncate(time.Second)
	name, err := appfile.Edit(ctx, r.sources(c), func(f *appfile.File) error {
		return f.Rotate(id, r.secret, until)
	})
	if err != nil {
		return err
	}
	if r.json {
		l, i, err := r.load(c, id)
		if err != nil {
			return err
		}
		return writeJSON(c.Stdout, l.AppJSON(i, true))
	}
	old := "the old one is refused from now on"
	if overlap > 0 {
		old = "the old one verifies until " + until.Format(time.RFC3339)
	}
	_, err = fmt.Fprintf(c.Stdout, "rotated the secret of app %s in %s\nsecret  %s\n%s\n", id, name, r.secret, old)
	return err
}

func (r *appRotating) duration(c *command.Process) (time.Duration, error) {
	l, err := config.Load(r.sources(c))
	if err != nil {
		return 0, err
	}
	if r.overlap == "" {
		return l.Server.SecretOverlap, nil
	}
	overlap, err := config.ParseOverlap(r.overlap)
	if err != nil {
		return 0, command.Usagef("--overlap=%s: want %w", r.overlap, err)
	}
	return overlap, nil
}
