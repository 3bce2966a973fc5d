package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/reference"
	"fanfare/cmd/fanfare/term"
)

func initCommand() *command.Command {
	return &command.Command{
		Name:    "init",
		Args:    "[FILE]",
		MaxArgs: 1,
		Short:   "write a fanfare.toml with random credentials",
		Long: "Writes FILE (fanfare.toml when none is named), readable by its owner only: one app with random " +
			"credentials, and every other setting as a comment with its default. It never overwrites a file.",
		Examples: []string{"init", "init /etc/fanfare/fanfare.toml"},
		Flags:    command.NewFlags("init"),
		Run:      runInit,
	}
}

func runInit(_ context.Context, c *command.Process, args []string) error {
	name := config.DefaultFile
	if len(args) > 0 {
		name = args[0]
	}
	app, err := config.RandomApp()
	if err != nil {
		return err
	}
	if err := writeNew(name, reference.Sample(app)); err != nil {
		return err
	}
	serve := "fanfare serve"
	if filepath.Clean(name) != config.DefaultFile {
		serve += " --config " + term.ShellQuote(name)
	}
	_, err = fmt.Fprintf(c.Stdout, "wrote %s: app %s, key %s, and its secret\nnow run: %s\n", name, app.ID, app.Key, serve)
	return err
}

// writeNew makes the file with mode 0600, because it holds a secret. A file
// that is there already stays as it is.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and holds credentials that clients may use: remove it first, or name another file", name)
	}
	if err != nil {
		return fmt.Errorf("cannot write the configuration: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
