package account

import (
	"fmt"
	"maps"
	"slices"
)

// Roster is who is in a presence channel, as one member was told. Its zero value
// is of nobody.
type Roster struct{ here map[string]bool }

// Begin takes the list that came with the subscription.
func (r *Roster) Begin(ids []string) {
	r.here = make(map[string]bool, len(ids))
	for _, id := range ids {
		r.here[id] = true
	}
}

// Add takes a member_added. It fails when that is no news.
func (r *Roster) Add(id string) error {
	if r.here == nil || r.here[id] {
		return fmt.Errorf("member_added %q for somebody who is there", id)
	}
	r.here[id] = true
	return nil
}

// Remove takes a member_removed. It fails when that is no news.
func (r *Roster) Remove(id string) error {
	if !r.here[id] {
		return fmt.Errorf("member_removed %q for somebody who is not there", id)
	}
	delete(r.here, id)
	return nil
}

// IDs are those who are there, in order.
func (r *Roster) IDs() []string { return slices.Sorted(maps.Keys(r.here)) }
