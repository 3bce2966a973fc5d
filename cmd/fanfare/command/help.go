package command

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"fanfare/cmd/fanfare/config/reference"
	"fanfare/cmd/fanfare/term"
)

const helpHead = `Fanfare is a Pusher-compatible WebSocket server.

Usage: fanfare COMMAND [flags]

Commands:
`

const helpTail = `
Start with:
  fanfare serve                                    serve on this machine
  fanfare tail my-channel                          see what arrives
  fanfare publish my-channel my-event '{"a":1}'    make something arrive

Exit codes: 0 done, 1 tried and failed, 2 wrong flags, arguments or settings.
"fanfare help COMMAND" tells more; "fanfare help config" lists every setting.
`

func (c *Process) help(args []string) error {
	if len(args) == 0 {
		return c.helpAll()
	}
	if args[0] == "config" {
		return helpConfig(c.Stdout)
	}
	cmd, err := c.find(args[0])
	if err != nil {
		return err
	}
	return cmd.helpOf(c.Stdout, args[1:])
}

// helpOf prints the help of the command, or of the subcommand that the first
// word names.
func (cmd *Command) helpOf(w io.Writer, words []string) error {
	if len(words) == 0 || cmd.Subcommands == nil {
		return cmd.help(w)
	}
	sub, err := cmd.find(words[0])
	if err != nil {
		return err
	}
	return sub.help(w)
}

func (c *Process) helpAll() error {
	var b strings.Builder
	b.WriteString(helpHead)
	for _, cmd := range c.Commands {
		fmt.Fprintf(&b, "  %-26s  %s\n", strings.TrimSpace(cmd.Name+" "+cmd.Args), cmd.Short)
	}
	b.WriteString(helpTail)
	_, err := io.WriteString(c.Stdout, b.String())
	return err
}

func (cmd *Command) help(w io.Writer) error {
	var b strings.Builder
	usage := strings.TrimSpace("fanfare " + cmd.Name + " " + cmd.Args)
	if len(cmd.Groups) > 0 || cmd.Subcommands != nil {
		usage += " [flags]"
	}
	fmt.Fprintf(&b, "%s.\n\nUsage: %s\n", strings.ToUpper(cmd.Short[:1])+cmd.Short[1:], usage)
	if cmd.Long != "" {
		b.WriteByte('\n')
		term.Wrap(&b, "", cmd.Long)
	}
	if cmd.Subcommands != nil {
		fmt.Fprintf(&b, "\n%ss:\n", cmd.Args[:1]+strings.ToLower(cmd.Args[1:]))
	}
	for _, sub := range cmd.Subcommands {
		fmt.Fprintf(&b, "  %-10s %s\n", sub.Word(), sub.Short)
	}
	for _, g := range cmd.Groups {
		fmt.Fprintf(&b, "\n%s:\n", g.Title)
		for _, name := range g.Names {
			writeFlag(&b, cmd.Flags.Lookup(name))
		}
	}
	if len(cmd.Examples) > 0 {
		b.WriteString("\nExamples:\n")
		for _, e := range cmd.Examples {
			fmt.Fprintf(&b, "  fanfare %s\n", e)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// PlaceholderOnly follows a placeholder in a flag's usage that is not the
// first word of the sentence.
const PlaceholderOnly = "\t"

func writeFlag(b *strings.Builder, f *flag.Flag) {
	value, doc := flag.UnquoteUsage(f)
	if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
		value = ""
	}
	doc = strings.TrimPrefix(doc, value+PlaceholderOnly)
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
	term.Wrap(&b, "", "FANFARE_APP_* describe one app: with FANFARE_APP_ID the one of the files that has this id, or one more; without it the only app of fanfare.toml, or the built-in one if there is none.")
	for _, k := range reference.Keys() {
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
