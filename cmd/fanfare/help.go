package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/term"
)

const helpHead = `Fanfare is a Pusher-compatible WebSocket server.

Usage: fanfare COMMAND [flags]

Commands:
`

const helpTail = `
Start with:
  fanfare serve                                        serve on this machine
  fanfare tail my-channel                              see what arrives
  fanfare publish my-channel my-event '{"a":1}'        make something arrive

Exit codes: 0 done, 1 tried and failed, 2 wrong flags, arguments or configuration.
"fanfare help COMMAND" tells more; "fanfare help config" lists every setting.
`

func (c *cli) help(args []string) error {
	if len(args) == 0 {
		return c.helpAll()
	}
	if args[0] == "config" {
		return helpConfig(c.stdout)
	}
	cmd, err := findCommand(args[0])
	if err != nil {
		return err
	}
	return cmd.helpOf(c.stdout, args[1:])
}

// helpOf prints the help of the command, or of the subcommand that the first
// word names.
func (cmd *command) helpOf(w io.Writer, words []string) error {
	if len(words) == 0 || cmd.subcommands == nil {
		return cmd.help(w)
	}
	sub, err := cmd.find(words[0])
	if err != nil {
		return err
	}
	return sub.help(w)
}

func (c *cli) helpAll() error {
	var b strings.Builder
	b.WriteString(helpHead)
	for _, cmd := range commands() {
		fmt.Fprintf(&b, "  %-34s %s\n", strings.TrimSpace(cmd.name+" "+cmd.args), cmd.short)
	}
	b.WriteString(helpTail)
	_, err := io.WriteString(c.stdout, b.String())
	return err
}

func (cmd *command) help(w io.Writer) error {
	var b strings.Builder
	usage := strings.TrimSpace("fanfare " + cmd.name + " " + cmd.args)
	if len(cmd.groups) > 0 || cmd.subcommands != nil {
		usage += " [flags]"
	}
	fmt.Fprintf(&b, "%s.\n\nUsage: %s\n", strings.ToUpper(cmd.short[:1])+cmd.short[1:], usage)
	if cmd.long != "" {
		b.WriteByte('\n')
		term.Wrap(&b, "", cmd.long)
	}
	if cmd.subcommands != nil {
		fmt.Fprintf(&b, "\n%ss:\n", cmd.args[:1]+strings.ToLower(cmd.args[1:]))
	}
	for _, sub := range cmd.subcommands {
		fmt.Fprintf(&b, "  %-10s %s\n", sub.word(), sub.short)
	}
	for _, g := range cmd.groups {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		for _, name := range g.names {
			writeFlag(&b, cmd.flags.Lookup(name))
		}
	}
	if len(cmd.examples) > 0 {
		b.WriteString("\nExamples:\n")
		for _, e := range cmd.examples {
			fmt.Fprintf(&b, "  fanfare %s\n", e)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// placeholderOnly follows a placeholder in a flag's usage that is not the
// first word of the sentence.
const placeholderOnly = "\t"

func writeFlag(b *strings.Builder, f *flag.Flag) {
	value, doc := flag.UnquoteUsage(f)
	if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
		value = ""
	}
	doc = strings.TrimPrefix(doc, value+placeholderOnly)
	fmt.Fprintf(b, "  %s\n", strings.TrimSpace("--"+f.Name+" "+value))
	term.Wrap(b, "      ", doc)
}

// helpConfig prints every key with all its names, for a terminal.
func helpConfig(w io.Writer) error {
	var b strings.Builder
	term.Wrap(&b, "", "A value comes from its flag, else its variable, else the file (--config, FANFARE_CONFIG, "+
		"or fanfare.toml if there is one), else its default. More apps are in apps.toml beside it (--apps-file, FANFARE_APPS_FILE), which `fanfare app` writes. Sizes are bytes, or have a unit (64KiB); "+
		"times are seconds, or have a unit (1m30s). Lists are written with commas in variables. "+
		"Unknown keys, variables and flags are errors.")
	term.Wrap(&b, "", "FANFARE_APP_* describe one app: the one of the file that FANFARE_APP_ID names, else one more.")
	for _, k := range config.Keys() {
		if k.Heading != "" {
			fmt.Fprintf(&b, "\n%s\n", k.Heading)
			term.Wrap(&b, "  ", k.Intro)
		}
		fmt.Fprintf(&b, "\n  %s = %s\n", k.Name, k.Default)
		term.Wrap(&b, "      ", k.Doc+" "+k.Allowed)
		fmt.Fprintf(&b, "      %s\n", strings.Join(k.OtherNames(), "  "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
