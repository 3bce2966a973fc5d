package doctor

import (
	"fmt"
	"math"
)

// Ceiling is how many connections fit, and what ends them there.
type Ceiling struct {
	Connections int64  `json:"connections"`
	Check       string `json:"check"`
}

// ceilings are the machine as it stands, and with the files of --fix. What they
// raise ends no connections below the number that they are made for.
func ceilings(found []Finding, n *Need) (now, fixed Ceiling) {
	now, fixed = Ceiling{Connections: math.MaxInt64}, Ceiling{Connections: math.MaxInt64}
	for i := range found {
		f := &found[i]
		if f.Ends == 0 {
			continue
		}
		now.take(f.Check, f.Ends)
		if f.raised() {
			fixed.take(f.Check, max(f.Ends, n.Connections))
		} else {
			fixed.take(f.Check, f.Ends)
		}
	}
	return now, fixed
}

func (c *Ceiling) take(check string, ends int64) {
	if ends < c.Connections {
		*c = Ceiling{ends, check}
	}
}

// raised tells whether --fix can raise what ends connections here. The range of
// ports can't be made larger than it is, and memory not at all.
func (f *Finding) raised() bool {
	return f.Check == checkDescriptors || len(f.set) > 0 && f.Check != checkPorts
}

// strained is the check that is felt first under load, and where; "" is none.
func strained(found []Finding) (check string, from int64) {
	from = math.MaxInt64
	for i := range found {
		if s := found[i].Strains; s > 0 && s < from {
			check, from = found[i].Check, s
		}
	}
	return check, from
}

// sentences say it for a person.
func (r *Report) sentences() string {
	if r.Now.Check == "" {
		return "How many connections fit is not known: no limit could be read."
	}
	text := fmt.Sprintf("This machine as it stands carries %s connections: %s ends it.", number(r.Now.Connections), r.Now.Check)
	switch {
	case r.Fixed.Connections < r.Need.Connections:
		text += fmt.Sprintf(" No files of --fix bring it to %s: %s ends it at %s.", number(r.Need.Connections), r.Fixed.Check, number(r.Fixed.Connections))
	case r.Fixed.Connections > r.Now.Connections:
		text += fmt.Sprintf(" With the files of --fix it carries %s.", number(r.Fixed.Connections))
	}
	if r.Memory > 0 && r.Now.Check != checkMemory && r.Fixed.Check != checkMemory {
		text += fmt.Sprintf(" Its memory is enough for %s at rest.", number(round2(r.Memory)))
	}
	if check, from := strained(r.Findings); from < r.Now.Connections {
		text += fmt.Sprintf(" Under load %s is felt first, from %s on.", check, number(from))
	}
	return text
}

// round2 leaves two digits: what is counted from bytes per connection is no
// better known.
func round2(n int64) int64 {
	step := int64(1)
	for n/step >= 100 {
		step *= 10
	}
	return n / step * step
}
