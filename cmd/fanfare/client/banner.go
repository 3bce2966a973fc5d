package client

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/term"
)

// Banner is what a newcomer can copy once the server listens.
type Banner struct {
	Program string     // path of the binary as it was started
	Flags   string     // that publish and tail need to find this server
	Base    *url.URL   // of the server, for whoever copies the lines
	App     config.App // its secret as it is shown
	masked  bool       // the secret isn't shown
	Style   term.Style
}

// NewBanner is for a server that listens on port. It is false when there is
// no app to show. A secret is masked, for a terminal is shown to others and
// recorded, unless asked for or known to everybody anyway.
func NewBanner(c *command.Process, l *config.Loaded, port int, secrets bool) (Banner, bool) {
	i := slices.IndexFunc(l.Apps, func(a config.App) bool { return a.Enabled })
	if i < 0 {
		return Banner{}, false
	}
	b := Banner{
		Program: c.Program,
		Base:    FrontURL(&l.Config, port),
		App:     l.Apps[i],
		Style:   term.StyleOf(c.Stdout, c.Getenv),
	}
	if b.masked = !secrets && b.App.Secret != apps.Default().Secret; b.masked {
		b.App.Secret = setting.Mask
	}
	b.Flags = b.clientFlags(l, i, port)
	return b, true
}

// clientFlags are the flags without which publish and tail, started in
// another terminal, would speak to another server or app.
func (b *Banner) clientFlags(l *config.Loaded, app, port int) string {
	var flags []string
	if filepath.Clean(l.File) != config.DefaultFile && l.File != "" {
		flags = append(flags, "--config "+term.ShellQuote(l.File))
	}
	if beside := filepath.Join(filepath.Dir(l.File), config.DefaultAppsFile); l.AppsFile != "" && filepath.Clean(l.AppsFile) != beside {
		flags = append(flags, "--apps-file "+term.ShellQuote(l.AppsFile))
	}
	if port != l.Server.Port || l.IsForeign("server.host", "server.port", "server.path_prefix") {
		flags = append(flags, "--url "+term.ShellQuote(b.Base.String()))
	}
	at := config.AppPath(app)
	if l.IsForeign(at+"id", at+"key", at+"secret") {
		flags = append(flags, "--app-id "+term.ShellQuote(b.App.ID), "--key "+term.ShellQuote(b.App.Key), "--secret "+term.ShellQuote(b.App.Secret))
	}
	return strings.Join(flags, " ")
}

func (b *Banner) Write(w io.Writer) error {
	text := strings.Join([]string{
		b.block("#", "See an event arrive: the first line in a second terminal, then the other in a third", b.commands()),
		b.block("#", ".env of Laravel, driver pusher", b.env("PUSHER")),
		b.block("#", ".env of Laravel, driver reverb", b.env("REVERB")),
		b.block("//", "pusher-js (and Laravel Echo, with broadcaster: \"pusher\")", b.pusherJS()),
	}, "\n")
	if b.masked {
		text = b.Style.Bold("# The app's secret is masked: serve --banner shows it") + "\n\n" + text
	}
	_, err := fmt.Fprintf(w, "\n%s\n", text)
	return err
}

// block is a heading, as a comment of whatever the lines are pasted into, and
// the lines, which begin at the margin for the same reason.
func (b *Banner) block(mark, title string, lines []string) string {
	return b.Style.Bold(mark+" "+title) + "\n" + strings.Join(lines, "\n") + "\n"
}

func (b *Banner) commands() []string {
	command := func(words ...string) string {
		if b.Flags != "" {
			words = append(words, b.Flags)
		}
		return b.Style.Green(term.ShellQuote(b.Program)) + " " + strings.Join(words, " ")
	}
	return []string{
		command("tail", "my-channel"),
		command("publish", "my-channel", "my-event", `'{"hello":"world"}'`),
	}
}

// env is the .env block of a Laravel driver, whose variables begin with its
// name, and of its Vite front end.
func (b *Banner) env(driver string) []string {
	values := [][2]string{
		{"APP_ID", b.App.ID},
		{"APP_KEY", b.App.Key},
		{"APP_SECRET", b.App.Secret},
		{"HOST", b.Base.Hostname()},
		{"PORT", b.Base.Port()},
		{"SCHEME", b.Base.Scheme},
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

func (b *Banner) assign(name, value string) string { return b.Style.Cyan(name) + "=" + value }

// dotenvQuote quotes what a .env file would take for something else.
func dotenvQuote(value string) string {
	if term.ShellQuote(value) == value && !strings.ContainsRune(value, '#') {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(value) + `"`
}

// pusherJS leaves out what is not served on this port, the HTTP transports and
// either TLS or all else: the client would try it.
func (b *Banner) pusherJS() []string {
	port, tls := "wsPort", "false"
	if b.Base.Scheme == "https" {
		port, tls = "wssPort", "true"
	}
	options := [][2]string{
		{"cluster", `""`},
		{"wsHost", setting.Quote(b.Base.Hostname())},
		{port, b.Base.Port()},
		{"forceTLS", tls},
		{"enabledTransports", `["ws"]`},
	}
	if b.Base.Path != "" {
		options = append(options, [2]string{"wsPath", setting.Quote(b.Base.Path)})
	}
	lines := []string{"new Pusher(" + setting.Quote(b.App.Key) + ", {"}
	for _, o := range options {
		lines = append(lines, fmt.Sprintf("  %s %s,", b.Style.Cyan(o[0])+":", o[1]))
	}
	return append(lines, "});")
}
