//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// together runs f for 0 to n-1 at the same time and gives the first error.
func together(n int, f func(i int) error) error {
	var (
		all   sync.WaitGroup
		first = make(chan error, 1)
	)
	for i := range n {
		all.Go(func() {
			if err := f(i); err != nil {
				select {
				case first <- fmt.Errorf("attacker %d: %w", i, err):
				default: // one is enough
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-first:
		return err
	default:
		return nil
	}
}

// rounds repeats f, so that it lasts long enough to be noticed.
func rounds(f func() error) error {
	for start := time.Now(); time.Since(start) < quietTime; {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// each runs f for every line of a table, in the order of their names, and ends with the first that fails: the next one would
// get answers that are not its own.
func each[T any](table map[string]T, f func(T) error) error {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if err := f(table[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// unlike makes an error of what was not as it must be, and of the error that came with it, if one did.
func unlike(err error, format string, args ...any) error {
	return errors.Join(fmt.Errorf(format, args...), err)
}
