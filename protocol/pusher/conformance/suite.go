package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
)

// suite runs the checks of some statements against one target.
type suite struct {
	target   *target
	selected []statement
	seed     uint64 // of the order; 0 keeps the order of the list
	parallel int    // checks at the same time
}

// lastID is judged over all that the other checks saw, so it runs after them.
const lastID = "CON-18"

func selectStatements(pattern string) ([]statement, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-run %q: %w", pattern, err)
	}
	var out []statement
	for _, s := range statements {
		if re.MatchString(s.id) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("-run %q matches none of the %d ids, e.g. CON-01", pattern, len(statements))
	}
	return out, nil
}

// run returns the result of each selected statement, in their order.
func (s *suite) run(ctx context.Context) []result {
	results := make([]result, len(s.selected))
	places := make(chan struct{}, s.parallel)
	var wg sync.WaitGroup
	last := -1
	for _, i := range s.order() {
		if s.selected[i].id == lastID {
			last = i
			continue
		}
		places <- struct{}{}
		wg.Go(func() {
			results[i] = s.runOne(ctx, s.selected[i])
			<-places
		})
	}
	wg.Wait()
	if last >= 0 {
		results[last] = s.runOne(ctx, s.selected[last])
	}
	return results
}

func (s *suite) order() []int {
	if s.seed == 0 {
		order := make([]int, len(s.selected))
		for i := range order {
			order[i] = i
		}
		return order
	}
	return rand.New(rand.NewPCG(s.seed, s.seed)).Perm(len(s.selected)) //nolint:gosec // an order, not a secret
}

func (s *suite) runOne(ctx context.Context, st statement) result {
	return runCheck(ctx, s.target, st.id, checks[st.id])
}

// report prints the results and returns an error when a statement failed.
func (s *suite) report(results []result, stdout, stderr io.Writer) error {
	count := map[verdict]int{}
	for i, st := range s.selected {
		r := results[i]
		count[r.verdict]++
		_, _ = fmt.Fprintf(stdout, "%s\t%s\t%s\n", st.id, r.verdict, st.text)
		if r.detail != "" {
			_, _ = fmt.Fprintf(stderr, "%s\t%s\n", st.id, indent(withGaps(r, st)))
		}
	}
	_, _ = fmt.Fprintf(stdout, "%d statements: %d passed, %d failed, %d later\n",
		len(results), count[pass], count[fail], count[later])
	if count[fail] > 0 {
		return fmt.Errorf("%d of %d statements do not hold", count[fail], len(results))
	}
	return nil
}

func withGaps(r result, st statement) string {
	if r.verdict != fail || st.gaps == "" {
		return r.detail
	}
	return r.detail + " (known gap of: " + st.gaps + ")"
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n\t") }
