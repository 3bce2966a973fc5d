package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
)

func initCommand() *command {
	return &command{
		name:    "init",
		args:    "[FILE]",
		maxArgs: 1,
		short:   "write a fanfare.toml with random credentials",
		long: "Writes FILE (fanfare.toml when none is named), readable by its owner only: one app with random " +
			"credentials, and every other setting as a comment with its default. It never overwrites a file.",
		examples: []string{"init", "init /etc/fanfare/fanfare.toml"},
		flags:    newFlags("init"),
		run:      runInit,
	}
}

func runInit(_ context.Context, c *cli, args []string) error {
	name := defaultFile
	if len(args) > 0 {
		name = args[0]
	}
	app, err := randomApp()
	if err != nil {
		return err
	}
	if err := writeNew(name, sampleFile(app)); err != nil {
		return err
	}
	serve := "fanfare serve"
	if filepath.Clean(name) != defaultFile {
		serve += " --config " + shellQuote(name)
	}
	_, err = fmt.Fprintf(c.stdout, "wrote %s: app %s, key %s, and its secret\nnow run: %s\n", name, app.ID, app.Key, serve)
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

// randomApp makes credentials in the form of the hosted service: a decimal id,
// and a key of 20 hexadecimal digits. The secret has 40: 160 bits.
func randomApp() (App, error) {
	id, err := rand.Int(rand.Reader, big.NewInt(9_000_000))
	if err != nil {
		return App{}, fmt.Errorf("cannot make random credentials: %w", err)
	}
	return App{ID: fmt.Sprint(id.Int64() + 1_000_000), Key: randomHex(10), Secret: randomHex(20)}, nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// sampleFile is a configuration with the app, and all defaults as comments.
func sampleFile(app App) string {
	var b strings.Builder
	b.WriteString("# Fanfare's configuration. Lines that begin with #: name = value show defaults.\n" +
		"# A flag or a FANFARE_* variable goes before this file: see `fanfare help config`.\n")
	given := map[string]string{"id": app.ID, "key": app.Key, "secret": app.Secret}
	for _, k := range namedKeys() {
		if k.heading != "" {
			fmt.Fprintf(&b, "\n%s\n", commentOut(k.heading))
		}
		comment(&b, strings.TrimSpace(k.doc+" "+k.allowed))
		if v, ok := given[k.name]; ok && k.def == "required" {
			fmt.Fprintf(&b, "%s = %s\n", k.name, quote(v))
			continue
		}
		value, _, _ := strings.Cut(k.def, " (")
		fmt.Fprintf(&b, "#: %s = %s\n", k.name, value)
	}
	b.WriteString(sampleLists)
	return b.String()
}

// sampleLists are examples, not defaults: there are none.
const sampleLists = `
# What becomes of messages for clients that read too slowly may differ by channel:
# [[apps.slow]]
# channels = "market-*"
# policy = "conflate"

# Addresses that are told what happens on the app's channels:
# [[apps.webhooks]]
# url = "https://example.com/pusher/webhook"
# events = ["channel_occupied", "channel_vacated"]
`

// commentOut leaves [apps.limit] a comment: as an empty table it would say
// nothing, and its place must stay below [[apps]].
func commentOut(heading string) string {
	if heading == "[apps.limit]" {
		return "#: " + heading
	}
	return heading
}

func comment(b *strings.Builder, text string) {
	var lines strings.Builder
	wrap(&lines, "# ", text)
	b.WriteString(lines.String())
}
