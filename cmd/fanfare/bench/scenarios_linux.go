package bench

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"time"

	"fanfare/cmd/fanfare/command"
)

// workloads lists the scenarios in the order of the help.
func workloads() []workload {
	return []workload{
		benchConnect(), benchIdle(), benchFanout(), benchMarket(), benchCamera(), benchRooms(), benchNotify(), benchAPI(), benchSlow(), benchUpgrade(),
	}
}

func benchScenarios() []*command.Command {
	var list []*command.Command
	for _, w := range workloads() {
		list = append(list, w.command())
	}
	return list
}

// parameters are the flags of a scenario, in the order of the help. Defaults
// stand here and not only in the scenario, so that the help and every result
// tell them.
type parameters struct {
	flags *flag.FlagSet
	names []string
}

const (
	frameDoc  = "`BYTES` of what each subscriber gets of a message, WebSocket header included"
	lengthDoc = "`TIME` to measure for"
)

func (p *parameters) inFlight(to *int) {
	p.number(to, "in-flight", 256, "`N` connections that may be on their way at once while they are opened")
}

func (p *parameters) frameBytes(to *int) { p.number(to, "frame-bytes", 200, frameDoc) }

func (p *parameters) seed(to *uint64) {
	add(p, to, "seed", 1, "`N` that the random choices grow from: the same seed, the same run", func(text string) (uint64, error) {
		return strconv.ParseUint(text, 10, 64)
	}, "a whole number such as 1")
}

func (p *parameters) number(to *int, name string, def int, doc string) {
	add(p, to, name, def, doc, strconv.Atoi, "a whole number such as 1000")
}

func (p *parameters) rate(to *float64, name string, def float64, doc string) {
	add(p, to, name, def, doc, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) }, "a number such as 20 or 0.5")
}

func (p *parameters) duration(to *time.Duration, name string, def time.Duration, doc string) {
	add(p, to, name, def, doc, time.ParseDuration, "a time with its unit, such as 10s or 500ms")
}

func (p *parameters) text(to *string, name, def, doc string) {
	add(p, to, name, def, doc, func(text string) (string, error) { return text, nil }, "a word")
}

// yes is a flag without a value.
func (p *parameters) yes(to *bool, name, doc string) {
	p.flags.BoolVar(to, name, false, doc)
	p.names = append(p.names, name)
}

func add[T comparable](p *parameters, to *T, name string, def T, doc string, parse func(string) (T, error), want string) {
	*to = def
	p.flags.Var(&parameter[T]{to, def, parse, want}, name, fmt.Sprintf("%s (default: %v)", doc, def))
	p.names = append(p.names, name)
}

// values are all of them as their flags take them.
func (p *parameters) values() map[string]string {
	list := make(map[string]string)
	for _, name := range p.names {
		list[name] = p.flags.Lookup(name).Value.String()
	}
	return list
}

// parameter is a flag.Value whose errors say what would be right.
type parameter[T comparable] struct {
	to    *T
	def   T
	parse func(string) (T, error)
	want  string
}

// String implements flag.Value.
func (p *parameter[T]) String() string {
	if p.to == nil {
		return ""
	}
	if v, ok := any(*p.to).(float64); ok {
		return strconv.FormatFloat(v, 'f', -1, 64) // never with an exponent
	}
	return fmt.Sprint(*p.to)
}

// Set implements flag.Value. Nothing at all is only taken where it is the
// default: a scenario would take its own instead, and the result lie.
func (p *parameter[T]) Set(text string) error {
	v, err := p.parse(text)
	if err != nil {
		return errors.New("want " + p.want)
	}
	var zero T
	if v == zero && p.def != zero {
		return errors.New("nothing would be done with it: want " + p.want)
	}
	*p.to = v
	return nil
}
