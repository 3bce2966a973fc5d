package apps

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// MaxFormer is the most former secrets that an app may have: each wrong
// signature is tried with all of them.
const MaxFormer = 4

// FormerSecret is a secret that was replaced and verifies until a moment.
type FormerSecret struct {
	Secret string
	Until  time.Time
}

// String hides the secret, so that a careless %v leaks nothing.
func (f FormerSecret) String() string {
	return "former secret, until " + f.Until.UTC().Format(time.RFC3339)
}

// GoString does the same for %#v.
func (f FormerSecret) GoString() string { return "apps.FormerSecret{" + f.String() + "}" }

// LogValue does the same for log/slog.
func (f FormerSecret) LogValue() slog.Value { return slog.StringValue(f.String()) }

// InheritSecrets has the secrets that the record before a accepted verify with
// a as well, so that a change of the secret interrupts nobody: the one that was
// current for overlap longer, those that were former already until their time is
// over. What a itself says of a secret counts, also that its time is over; a
// secret that is current again is none of the former. When there are more than
// [MaxFormer] those that would end first are left out.
//
// old may be nil. Nothing is inherited from one that had another key, which
// those who knew its secret sign with. a must not be in use yet.
func (a *App) InheritSecrets(old *App, now time.Time, overlap time.Duration) {
	if old != nil && old.Key == a.Key {
		for _, f := range append(slices.Clone(old.Former), FormerSecret{old.Secret, now.Add(overlap)}) {
			if !a.mentions(f.Secret) {
				a.Former = append(a.Former, f)
			}
		}
	}
	a.Former = slices.DeleteFunc(a.Former, func(f FormerSecret) bool { return f.Secret == a.Secret })
	a.Former = unexpired(a.Former, now)
	slices.SortStableFunc(a.Former, func(x, y FormerSecret) int { return y.Until.Compare(x.Until) })
	if len(a.Former) > MaxFormer {
		a.Former = a.Former[:MaxFormer]
	}
}

func (a *App) mentions(secret string) bool {
	return a.Secret == secret || slices.ContainsFunc(a.Former, func(f FormerSecret) bool { return f.Secret == secret })
}

// unexpired returns those that verify at the moment, nil for none.
func unexpired(list []FormerSecret, moment time.Time) []FormerSecret {
	var left []FormerSecret
	for _, f := range list {
		if f.Until.After(moment) {
			left = append(left, f)
		}
	}
	return left
}

func (a *App) checkFormer() error {
	if n := len(a.Former); n > MaxFormer {
		return fmt.Errorf("former has %d secrets: at most %d are kept", n, MaxFormer)
	}
	var errs []error
	for i := range a.Former {
		if err := checkSecret(a.Former[i].Secret); err != nil {
			errs = append(errs, fmt.Errorf("former[%d].%w", i, err))
		}
		if a.Former[i].Until.IsZero() {
			errs = append(errs, fmt.Errorf("former[%d].until is missing: write the moment from which it verifies no longer", i))
		}
	}
	return errors.Join(errs...)
}
