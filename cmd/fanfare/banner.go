package main

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/term"
)

// banner is what a newcomer can copy once the server listens.
type banner struct {
	program string     // path of the binary as it was started
	flags   string     // that publish and tail need to find this server
	base    *url.URL   // of the server, for a client on this machine
	app     config.App // its secret as it is shown
	masked  bool       // the secret isn't shown
	style   term.Style
}

// newBanner is for a server that listens on port. It is false when there is
// no app to show. A secret is masked, for a terminal is shown to others and
// recorded, unless asked for or known to everybody anyway.
func newBanner(c *cli, l *config.Loaded, port int, secrets bool) (banner, bool) {
	i := slices.IndexFunc(l.Apps, func(a config.App) bool { return a.Enabled })
	if i < 0 {
		return banner{}, false
	}
	b := banner{
		program: c.program,
		base:    clientURL(&l.Server, port),
		app:     l.Apps[i],
		style:   term.StyleOf(c.stdout, c.getenv),
	}
	if b.masked = !secrets && b.app.Secret != apps.Default().Secret; b.masked {
		b.app.Secret = config.Mask
	}
	b.flags = b.clientFlags(l, i, port)
	return b, true
}

// clientFlags are the flags without which publish and tail, started in
// another terminal, would speak to another server or app.
func (b *banner) clientFlags(l *config.Loaded, app, port int) string {
	var flags []string
	if filepath.Clean(l.File) != config.DefaultFile && l.File != "" {
		flags = append(flags, "--config "+term.ShellQuote(l.File))
	}
	if beside := filepath.Join(filepath.Dir(l.File), config.DefaultAppsFile); l.AppsFile != "" && filepath.Clean(l.AppsFile) != beside {
		flags = append(flags, "--apps-file "+term.ShellQuote(l.AppsFile))
	}
	if port != l.Server.Port || l.IsForeign("server.host", "server.port", "server.path_prefix") {
		flags = append(flags, "--url "+term.ShellQuote(b.base.String()))
	}
	at := config.AppPath(app)
	if l.IsForeign(at+"id", at+"key", at+"secret") {
		flags = append(flags, "--app-id "+term.ShellQuote(b.app.ID), "--key "+term.ShellQuote(b.app.Key), "--secret "+term.ShellQuote(b.app.Secret))
	}
	return strings.Join(flags, " ")
}

func (b *banner) write(w io.Writer) error {
	text := strings.Join([]string{
		b.block("#", "See an event arrive: the first line in a second terminal, then the other in a third", b.commands()),
		b.block("#", ".env of Laravel, driver pusher", b.env("PUSHER")),
		b.block("#", ".env of Laravel, driver reverb", b.env("REVERB")),
		b.block("//", "pusher-js (and Laravel Echo, with broadcaster: \"pusher\")", b.pusherJS()),
	}, "\n")
	if b.masked {
		text = b.style.Bold("# The app's secret is masked: serve --banner shows it") + "\n\n" + text
	}
	_, err := fmt.Fprintf(w, "\n%s\n", text)
	return err
}

// block is a heading, as a comment of whatever the lines are pasted into, and
// the lines, which begin at the margin for the same reason.
func (b *banner) block(mark, title string, lines []string) string {
	return b.style.Bold(mark+" "+title) + "\n" + strings.Join(lines, "\n") + "\n"
}

func (b *banner) commands() []string {
	command := func(words ...string) string {
		if b.flags != "" {
			words = append(words, b.flags)
		}
		return b.style.Green(term.ShellQuote(b.program)) + " " + strings.Join(words, " ")
	}
	return []string{
		command("tail", "my-channel"),
		command("publish", "my-channel", "my-event", `'{"hello":"world"}'`),
	}
}

// env is the .env block of a Laravel driver, whose variables begin with its
// name, and of its Vite front end.
func (b *banner) env(driver string) []string {
	values := [][2]string{
		{"APP_ID", b.app.ID},
		{"APP_KEY", b.app.Key},
		{"APP_SECRET", b.app.Secret},
		{"HOST", b.base.Hostname()},
		{"PORT", b.base.Port()},
		{"SCHEME", b.base.Scheme},
	}
	front := []string{"APP_KEY", "HOST", "PORT", "SCHEME"}
	if driver == "PUSHER" {
		// The client library wants a cluster even where it makes no host of it.
		values = append(values, [2]string{"APP_CLUSTER", "mt1"})
		front = append(front, "APP_CLUSTER")
	}
	lines := []string{b.assign("BROADCAST_CONNECTION", strings.ToLower(driver))}
	for _, v := range values {
		lines = append(lines, b.assign(driver+"_"+v[0], dotenvQuote(v[1])))
	}
	for _, name := range front {
		name = driver + "_" + name
		lines = append(lines, b.assign("VITE_"+name, `"${`+name+`}"`))
	}
	return lines
}

func (b *banner) assign(name, value string) string { return b.style.Cyan(name) + "=" + value }

// dotenvQuote quotes what a .env file would take for something else.
func dotenvQuote(value string) string {
	if term.ShellQuote(value) == value && !strings.ContainsRune(value, '#') {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(value) + `"`
}

// pusherJS leaves TLS and the HTTP transports out: neither is served on this
// port, and the client would try them.
func (b *banner) pusherJS() []string {
	options := [][2]string{
		{"cluster", `""`},
		{"wsHost", config.Quote(b.base.Hostname())},
		{"wsPort", b.base.Port()},
		{"forceTLS", "false"},
		{"enabledTransports", `["ws"]`},
	}
	if b.base.Path != "" {
		options = append(options, [2]string{"wsPath", config.Quote(b.base.Path)})
	}
	lines := []string{"new Pusher(" + config.Quote(b.app.Key) + ", {"}
	for _, o := range options {
		lines = append(lines, fmt.Sprintf("  %s %s,", b.style.Cyan(o[0])+":", o[1]))
	}
	return append(lines, "});")
}
