package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"slices"
	"strings"

	"fanfare/cmd/fanfare/spelling"
)

// command is one subcommand. It is made anew for each run, so that its flags
// can point into it.
type command struct {
	name     string
	args     string   // as usage shows them: "CHANNEL EVENT DATA"
	minArgs  int      // arguments that it needs
	maxArgs  int      // arguments that it takes; -1 = any number
	short    string   // one line
	long     string   // paragraphs, for its own help
	examples []string // without the program's name
	flags    *flag.FlagSet
	groups   []flagGroup // order of the flags in the help
	run      func(ctx context.Context, c *cli, args []string) error

	// subcommands take the place of args, flags and run. Their names begin
	// with the command's: "bench fanout" is one of "bench".
	subcommands []*command
}

// word is the last one of the name: what a subcommand is called by.
func (cmd *command) word() string { return cmd.name[strings.LastIndexByte(cmd.name, ' ')+1:] }

// flagGroup is a heading in the help, and the flags below it.
type flagGroup struct {
	title string
	names []string
}

// commands lists all commands in the order of the help.
func commands() []*command {
	return []*command{
		serveCommand(), initCommand(), appCommand(), publishCommand(), tailCommand(), benchCommand(), versionCommand(),
	}
}

func wordsOf(list []*command) []string {
	var words []string
	for _, cmd := range list {
		words = append(words, cmd.word())
	}
	return words
}

func findCommand(name string) (*command, error) {
	list := commands()
	if cmd := pick(list, name); cmd != nil {
		return cmd, nil
	}
	return nil, unknown("command", name, append([]string{"help"}, wordsOf(list)...), "help")
}

// find is the subcommand of that name.
func (cmd *command) find(name string) (*command, error) {
	if sub := pick(cmd.subcommands, name); sub != nil {
		return sub, nil
	}
	return nil, unknown(strings.ToLower(cmd.args), name, wordsOf(cmd.subcommands), "help "+cmd.name)
}

func pick(list []*command, name string) *command {
	i := slices.IndexFunc(list, func(cmd *command) bool { return cmd.word() == name })
	if i < 0 {
		return nil
	}
	return list[i]
}

func unknown(what, name string, known []string, see string) error {
	if near := spelling.Nearest(name, known); near != "" {
		return usagef("unknown %s %q; the nearest known one is %q (see `fanfare %s`)", what, name, near, see)
	}
	return usagef("unknown %s %q; there are %s (see `fanfare %s`)", what, name, strings.Join(known, ", "), see)
}

// newFlags makes a silent flag set: errors and help are written by us.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

func (cmd *command) start(ctx context.Context, c *cli, args []string) error {
	if cmd.subcommands != nil {
		return cmd.startSub(ctx, c, args)
	}
	args, err := cmd.parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return cmd.help(c.stdout)
	}
	if err != nil {
		return err
	}
	return cmd.run(ctx, c, args)
}

func articleOf(word string) string {
	if strings.ContainsRune("AEIOU", rune(word[0])) {
		return "an"
	}
	return "a"
}

// startSub starts the subcommand that the first argument names.
func (cmd *command) startSub(ctx context.Context, c *cli, args []string) error {
	switch {
	case len(args) > 0 && slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]):
		return cmd.helpOf(c.stdout, args[1:])
	case len(args) == 0 || strings.HasPrefix(args[0], "-"):
		return usagef("%s needs %s %s first: %s (see `fanfare help %s`)",
			cmd.name, articleOf(cmd.args), cmd.args, strings.Join(wordsOf(cmd.subcommands), ", "), cmd.name)
	}
	sub, err := cmd.find(args[0])
	if err != nil {
		return err
	}
	return sub.start(ctx, c, args[1:])
}

// parse takes flags from before, between and after the arguments; "--" ends
// them.
func (cmd *command) parse(args []string) ([]string, error) {
	var operands []string
	for len(args) > 0 {
		if err := cmd.flags.Parse(args); err != nil {
			return nil, cmd.flagError(err)
		}
		rest := cmd.flags.Args()
		if taken := len(args) - len(rest); taken > 0 && args[taken-1] == "--" || len(rest) == 0 {
			operands, args = append(operands, rest...), nil
			continue
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
	return operands, cmd.checkArgs(operands)
}

func (cmd *command) checkArgs(args []string) error {
	switch {
	case len(args) < cmd.minArgs:
		return usagef("%s needs %s (see `fanfare help %s`)", cmd.name, cmd.args, cmd.name)
	case cmd.maxArgs >= 0 && len(args) > cmd.maxArgs:
		return usagef("%s does not take the argument %q (see `fanfare help %s`)", cmd.name, args[cmd.maxArgs], cmd.name)
	}
	return nil
}

// flagError adds the nearest known flag to package flag's message.
func (cmd *command) flagError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return usageError{err}
	}
	var known []string
	cmd.flags.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
	if len(known) == 0 {
		return usagef("unknown flag --%s: %s has no flags", name, cmd.name)
	}
	near := spelling.Nearest(name, known)
	if near == "" {
		return usagef("unknown flag --%s (`fanfare help %s` lists all flags)", name, cmd.name)
	}
	return usagef("unknown flag --%s; the nearest known one is --%s (see `fanfare help %s`)", name, near, cmd.name)
}
