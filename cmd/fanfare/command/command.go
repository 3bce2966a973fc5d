package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"fanfare/cmd/fanfare/spelling"
)

// Command is one subcommand. It is made anew for each run, so that its flags
// can point into it.
type Command struct {
	Name     string
	Args     string   // as usage shows them: "CHANNEL EVENT DATA"
	MinArgs  int      // arguments that it needs
	MaxArgs  int      // arguments that it takes; -1 = any number
	Short    string   // one line
	Long     string   // paragraphs, for its own help
	Examples []string // without the program's name
	Flags    *flag.FlagSet
	Groups   []Group // order of the flags in the help
	Run      func(ctx context.Context, c *Process, args []string) error

	// Subcommands take the place of args, flags and run. Their names begin
	// with the command's: "bench fanout" is one of "bench".
	Subcommands []*Command
}

// Word is the last one of the name: what a subcommand is called by.
func (cmd *Command) Word() string { return cmd.Name[strings.LastIndexByte(cmd.Name, ' ')+1:] }

// Group is a heading in the help, and the flags below it.
type Group struct {
	Title string
	Names []string
}

func wordsOf(list []*Command) []string {
	var words []string
	for _, cmd := range list {
		words = append(words, cmd.Word())
	}
	return words
}

// find is the command of that name.
func (c *Process) find(name string) (*Command, error) {
	if cmd := pick(c.Commands, name); cmd != nil {
		return cmd, nil
	}
	return nil, unknown("command", name, append([]string{"help"}, wordsOf(c.Commands)...), "help")
}

// find is the subcommand of that name.
func (cmd *Command) find(name string) (*Command, error) {
	if sub := pick(cmd.Subcommands, name); sub != nil {
		return sub, nil
	}
	return nil, unknown(strings.ToLower(cmd.Args), name, wordsOf(cmd.Subcommands), "help "+cmd.Name)
}

func pick(list []*Command, name string) *Command {
	i := slices.IndexFunc(list, func(cmd *Command) bool { return cmd.Word() == name })
	if i < 0 {
		return nil
	}
	return list[i]
}

func unknown(what, name string, known []string, see string) error {
	if near := spelling.Nearest(name, known); near != "" {
		return Usagef("unknown %s %q; the nearest known one is %q (see `fanfare %s`)", what, name, near, see)
	}
	return Usagef("unknown %s %q; there are %s (see `fanfare %s`)", what, name, strings.Join(known, ", "), see)
}

// NewFlags makes a silent flag set: errors and help are written by us.
func NewFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

func (cmd *Command) start(ctx context.Context, c *Process, args []string) error {
	if cmd.Subcommands != nil {
		return cmd.startSub(ctx, c, args)
	}
	args, err := cmd.parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return cmd.help(c.Stdout)
	}
	if err != nil {
		return err
	}
	return cmd.Run(ctx, c, args)
}

func articleOf(word string) string {
	if strings.ContainsRune("AEIOU", rune(word[0])) {
		return "an"
	}
	return "a"
}

// startSub starts the subcommand that the first argument names.
func (cmd *Command) startSub(ctx context.Context, c *Process, args []string) error {
	switch {
	case len(args) > 0 && slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]):
		return cmd.helpOf(c.Stdout, args[1:])
	case len(args) == 0 || strings.HasPrefix(args[0], "-"):
		return Usagef("%s needs %s %s first: %s (see `fanfare help %s`)",
			cmd.Name, articleOf(cmd.Args), cmd.Args, strings.Join(wordsOf(cmd.Subcommands), ", "), cmd.Name)
	}
	sub, err := cmd.find(args[0])
	if err != nil {
		return err
	}
	return sub.start(ctx, c, args[1:])
}

// parse takes flags from before, between and after the arguments; "--" ends
// them.
func (cmd *Command) parse(args []string) ([]string, error) {
	var operands []string
	for len(args) > 0 {
		if err := cmd.Flags.Parse(args); err != nil {
			return nil, cmd.flagError(err)
		}
		rest := cmd.Flags.Args()
		if taken := len(args) - len(rest); taken > 0 && args[taken-1] == "--" || len(rest) == 0 {
			operands, args = append(operands, rest...), nil
			continue
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
	return operands, cmd.checkArgs(operands)
}

func (cmd *Command) checkArgs(args []string) error {
	switch {
	case len(args) < cmd.MinArgs:
		return Usagef("%s needs %s (see `fanfare help %s`)", cmd.Name, cmd.Args, cmd.Name)
	case cmd.MaxArgs >= 0 && len(args) > cmd.MaxArgs:
		return Usagef("%s does not take the argument %q (see `fanfare help %s`)", cmd.Name, args[cmd.MaxArgs], cmd.Name)
	}
	return nil
}

// plainly says in our words what package flag says of a value.
func plainly(message string) string {
	if name, ok := strings.CutPrefix(message, "flag needs an argument: -"); ok {
		return fmt.Sprintf("--%s needs a value", name)
	}
	for _, words := range [][2]string{{"invalid value ", " for flag -"}, {"invalid boolean value ", " for -"}} {
		rest, ok := strings.CutPrefix(message, words[0])
		if !ok {
			continue
		}
		// The value comes first and may be anything, the flag's name and why come last.
		if i := strings.LastIndex(rest, words[1]); i >= 0 {
			name, why, _ := strings.Cut(rest[i+len(words[1]):], ": ")
			return fmt.Sprintf("--%s=%s: %s", name, rest[:i], why)
		}
	}
	return message
}

// flagError adds the nearest known flag to package flag's message.
func (cmd *Command) flagError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return Usagef("%s", plainly(err.Error()))
	}
	var known []string
	cmd.Flags.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
	if len(known) == 0 {
		return Usagef("unknown flag --%s: %s has no flags", name, cmd.Name)
	}
	near := spelling.Nearest(name, known)
	if near == "" {
		return Usagef("unknown flag --%s (`fanfare help %s` lists all flags)", name, cmd.Name)
	}
	return Usagef("unknown flag --%s; the nearest known one is --%s (see `fanfare help %s`)", name, near, cmd.Name)
}
