package channels

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestPRE04TheNewMemberIsInItsOwnList(t *testing.T) {
	w := newWorld(t, 1, 1)
	ann := w.join(here, "app", "presence-x", "ann")
	w.settle()
	w.expect(ann, "joined ann:1")
}

func TestPRE05MembersAreDistinctUsersInTheOrderOfTheirJoin(t *testing.T) {
	w := newWorld(t, 2, 1)
	w.join(here, "app", "presence-x", "zoe")
	w.join(there, "app", "presence-x", "ann")
	w.join(there, "app", "presence-x", "zoe")
	bob := w.join(here, "app", "presence-x", "bob")
	w.settle()
	w.expect(bob, "joined zoe:1 ann:2 bob:4")
	if n, ok := w.Users("app", "presence-x"); n != 3 || !ok {
		t.Errorf("users: %d, %v; want 3, true", n, ok)
	}
	if n := w.Subscribers("app", "presence-x"); n != 4 {
		t.Errorf("%d subscribers, want 4", n)
	}
}

func TestPRE08OthersGetMemberAddedOncePerUser(t *testing.T) {
	w := newWorld(t, 2, 1)
	ann := w.join(here, "app", "presence-x", "ann")
	dan := w.join(there, "app", "presence-x", "dan")
	bob := w.join(there, "app", "presence-x", "bob")
	w.join(here, "app", "presence-x", "bob")
	w.settle()
	w.expect(ann, "joined ann:1", "2 +dan:2", "3 +bob:3")
	w.expect(dan, "joined ann:1 dan:2", "3 +bob:3")
	w.expect(bob, "joined ann:1 dan:2 bob:3")
}

func TestPRE09ASecondConnectionTriggersNoMemberAdded(t *testing.T) {
	w := newWorld(t, 2, 1)
	ann := w.join(here, "app", "presence-x", "ann")
	first := w.join(here, "app", "presence-x", "bob")
	w.settle()
	second := w.join(there, "app", "presence-x", "bob")
	w.settle()
	w.expect(ann, "joined ann:1", "2 +bob:2")
	w.expect(first, "joined ann:1 bob:2")
	w.expect(second, "joined ann:1 bob:2") // The first connection's info stands.
	if second.Member() != first.Member() {
		t.Errorf("two connections of one user are two members: %+v and %+v", first.Member(), second.Member())
	}
}

func TestPRE10MemberRemovedWhenTheLastConnectionLeaves(t *testing.T) {
	for _, firstLeaves := range []bool{true, false} {
		w := newWorld(t, 2, 1)
		ann := w.join(here, "app", "presence-x", "ann")
		one, two := w.join(here, "app", "presence-x", "bob"), w.join(there, "app", "presence-x", "bob")
		w.settle()
		if !firstLeaves {
			one, two = two, one
		}
		w.Unsubscribe(one)
		w.settle()
		w.expect(ann, "joined ann:1", "2 +bob:2")
		w.Unsubscribe(two)
		w.settle()
		w.expect(ann, "joined ann:1", "2 +bob:2", "3 -bob")
	}
}

func TestPRE11TheCausingConnectionNeverGetsItsOwnMemberEvents(t *testing.T) {
	w := newWorld(t, 1, 1)
	ann := w.join(here, "app", "presence-x", "ann")
	bob := w.join(here, "app", "presence-x", "bob")
	w.settle()
	w.Unsubscribe(bob)
	w.settle()
	w.expect(bob, "joined ann:1 bob:2")
	w.expect(ann, "joined ann:1", "2 +bob:2", "3 -bob")
}

// A lost connection is an Unsubscribe at any moment, also before the marker.
func TestPRE12ALostConnectionTriggersMemberRemoved(t *testing.T) {
	w := newWorld(t, 2, 1)
	ann := w.join(here, "app", "presence-x", "ann")
	bob := w.join(there, "app", "presence-x", "bob")
	w.Unsubscribe(bob)
	w.settle()
	w.expect(ann, "joined ann:1", "2 +bob:2", "3 -bob")
	w.expect(bob, "joined ann:1 bob:2")
	if diff := cmp.Diff([]Member{{"ann", "1"}}, listOf(w.Members("app", "presence-x"))); diff != "" {
		t.Error(diff)
	}
}

func TestPRE13OneUserTooManyIsRefused(t *testing.T) {
	const limit = 100
	w := newWorld(t, 2, 1)
	for i := range limit {
		if _, err := w.tryJoin(here, "app", "presence-x", fmt.Sprint(i), limit); err != nil {
			t.Fatalf("user %d of %d: %v", i+1, limit, err)
		}
	}
	before := w.Stats()
	_, err := w.tryJoin(there, "app", "presence-x", "one more", limit)
	var full *MembersFullError
	if !errors.Is(err, ErrMembersFull) || !errors.As(err, &full) {
		t.Fatalf("user 101: %v, want ErrMembersFull", err)
	}
	if *full != (MembersFullError{Channel: "presence-x", Max: limit}) {
		t.Errorf("error says %+v", *full)
	}
	if after := w.Stats(); after != before {
		t.Errorf("a refused join changed %+v to %+v", before, after)
	}
	again, err := w.tryJoin(there, "app", "presence-x", "42", limit)
	if err != nil {
		t.Fatalf("second connection of a member: %v", err)
	}
	w.settle()
	if n, _ := w.Users("app", "presence-x"); n != limit {
		t.Errorf("%d users, want %d", n, limit)
	}
	w.Unsubscribe(again)
	if n, _ := w.Users("app", "presence-x"); n != limit {
		t.Errorf("%d users after a second connection left, want %d", n, limit)
	}
}

func TestInfoChangesOnlyWhenTheMemberComesAnew(t *testing.T) {
	w := newWorld(t, 1, 1)
	first := w.join(here, "app", "presence-x", "ann")
	second := w.join(here, "app", "presence-x", "ann")
	w.Unsubscribe(first)
	third := w.join(here, "app", "presence-x", "ann")
	if second.Member().Info != "1" || third.Member().Info != "1" {
		t.Errorf("info %q and %q, want the first connection's", second.Member().Info, third.Member().Info)
	}
	w.Unsubscribe(second)
	w.Unsubscribe(third)
	if fourth := w.join(here, "app", "presence-x", "ann"); fourth.Member().Info != "4" {
		t.Errorf("info %q after the member came anew, want 4", fourth.Member().Info)
	}
}

func TestMemberEventsAreNeverRefused(t *testing.T) {
	w := newWorld(t, 2, 1)
	ann := w.join(here, "app", "presence-x", "ann")
	w.settle()
	w.boxes[0].fill(true)
	w.boxes[1].fill(true)
	bob := w.join(there, "app", "presence-x", "bob")
	if err := w.say("app", "presence-x", "refused"); !errors.Is(err, ErrBusy) {
		t.Errorf("publish to full mailboxes: %v, want ErrBusy", err)
	}
	w.settle()
	w.Unsubscribe(bob)
	w.settle()
	w.expect(ann, "joined ann:1", "2 +bob:2", "3 -bob")
	w.expectNothingReserved()
}

func TestASnapshotIsNotChangedByWhatFollows(t *testing.T) {
	w := newWorld(t, 1, 1)
	var subs []*Subscription
	for i := range 40 {
		subs = append(subs, w.join(here, "app", "presence-x", fmt.Sprint(i)))
	}
	before := w.Members("app", "presence-x")
	want := listOf(before)
	for i := range 30 {
		w.Unsubscribe(subs[i])
		w.join(here, "app", "presence-x", fmt.Sprint("new", i))
	}
	if diff := cmp.Diff(want, listOf(before)); diff != "" {
		t.Errorf("the snapshot changed (-before +after):\n%s", diff)
	}
}

// TestLargeAndSmallRoomsAreAlike grows and shrinks a room across the sizes at
// which its index comes and goes.
func TestLargeAndSmallRoomsAreAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, want := &presence{formats: 1}, &room{}
		for range rapid.IntRange(0, 600).Draw(t, "steps") {
			id := fmt.Sprint(rapid.IntRange(0, rapid.SampledFrom([]int{10, 300}).Draw(t, "crowd")).Draw(t, "user"))
			i := p.find(id)
			if here, want := i >= 0, want.find(id) >= 0; here != want {
				t.Fatalf("user %s is there: %v, want %v", id, here, want)
			}
			switch {
			case i < 0:
				p.enter(&Member{UserID: id})
				want.enter(id, "")
			case rapid.IntRange(0, 2).Draw(t, "join again") == 0:
				p.join(i)
				want.enter(id, "")
			default:
				last := p.leave(id)
				want.exit(id)
				if gone := want.find(id) < 0; last != gone {
					t.Fatalf("user %s left for good: %v, want %v", id, last, gone)
				}
			}
			if diff := cmp.Diff(want.list(), listOf(p.members), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("members (-want +got):\n%s", diff)
			}
		}
	})
}

func TestTenThousandMembers(t *testing.T) {
	const users = 10_000
	w := newWorld(t, 1, 1)
	subs := make([]*Subscription, users)
	for i := range subs {
		subs[i] = w.join(here, "app", "presence-x", fmt.Sprint(i))
		w.boxes[0].queue = nil // The events would be 50 million deliveries.
	}
	for i := 0; i < users; i += 2 {
		w.Unsubscribe(subs[i])
		w.boxes[0].queue = nil
	}
	members := listOf(w.Members("app", "presence-x"))
	if len(members) != users/2 {
		t.Fatalf("%d members, want %d", len(members), users/2)
	}
	for i, m := range members {
		if want := fmt.Sprint(2*i + 1); m.UserID != want {
			t.Fatalf("member %d is %q, want %q", i, m.UserID, want)
		}
	}
	for i := 1; i < users; i += 2 {
		w.Unsubscribe(subs[i])
		w.boxes[0].queue = nil
	}
	w.expectEmpty()
}
