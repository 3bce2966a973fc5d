//go:build linux

package accident

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"fanfare/bench/soak/crowd"
)

// Accident is something that was made to go wrong.
type Accident struct {
	Kind   Kind          `json:"kind"`
	Detail string        `json:"detail,omitempty"`
	From   time.Duration `json:"from_ns"`            // on the machine's clock
	Until  time.Duration `json:"until_ns,omitempty"` // 0 while it lasts
}

// Consequence is what an accident may do to connections.
type Consequence struct {
	Crowds []string // nil is all
	Codes  []int    // of close frames; nil is any, 0 is none
	// After is how long after its end it explains something still.
	After time.Duration
}

// Record is the list of accidents. Its methods may be called by any goroutine.
type Record struct {
	// May is what kinds may do that end connections. Others end none.
	May map[Kind]Consequence

	mu   sync.Mutex
	list []*Accident // guarded by mu
}

// Begin declares an accident.
func (r *Record) Begin(k Kind) *Accident {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := &Accident{Kind: k, From: crowd.Now()}
	r.list = append(r.list, a)
	return a
}

// End declares that it is over.
func (r *Record) End(a *Accident) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Until = crowd.Now()
}

// Detail says more about an accident.
func (r *Record) Detail(a *Accident, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Detail = fmt.Sprintf(format, args...)
}

// Explains reports whether an accident explains that connections of a crowd
// ended so.
func (r *Record) Explains(who string, e crowd.Endings) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.list, func(a *Accident) bool {
		c, ends := r.May[a.Kind]
		return ends && a.From <= e.First && (a.Until == 0 || e.Last <= a.Until+c.After) &&
			(c.Crowds == nil || slices.Contains(c.Crowds, who)) && (c.Codes == nil || slices.Contains(c.Codes, e.Code))
	})
}

// During reports whether an accident of a kind lasted within a time.
func (r *Record) During(k Kind, from, until time.Duration) bool {
	return slices.ContainsFunc(r.All(), func(a Accident) bool { return a.Kind == k && a.From <= until && (a.Until == 0 || from <= a.Until) })
}

// All are the accidents so far.
func (r *Record) All() []Accident {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Accident, len(r.list))
	for i, a := range r.list {
		list[i] = *a
	}
	return list
}

// Times is how often there was an accident of a kind.
func (r *Record) Times(k Kind) (n int) {
	for _, a := range r.All() {
		if a.Kind == k {
			n++
		}
	}
	return n
}

// Lately reports whether an accident of a kind lasts, or has until so long ago.
func (r *Record) Lately(k Kind, ago time.Duration) bool {
	now := crowd.Now()
	return slices.ContainsFunc(r.All(), func(a Accident) bool { return a.Kind == k && (a.Until == 0 || now < a.Until+ago) })
}

// Lasting names the accidents that are not over.
func (r *Record) Lasting() string {
	var list []string
	for _, a := range r.All() {
		if a.Until == 0 {
			list = append(list, string(a.Kind))
		}
	}
	return strings.Join(list, ", ")
}
