package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// auditor is a member of a presence channel that keeps account of the others by what it is told: nobody comes who is there,
// nobody leaves who is not, and when all have left nobody is there.
type auditor struct {
	*churner

	room    string
	members map[string]bool
	done    chan error
}

// audit puts an auditor into each presence channel.
func (c *churn) audit(t *testing.T) []*auditor {
	t.Helper()
	list := make([]*auditor, churnRooms)
	for i := range list {
		a := &auditor{room: fmt.Sprint("presence-churn-", i), members: map[string]bool{}, done: make(chan error, 1)}
		var err error
		if a.churner, err = c.connect(); err == nil {
			err = a.text(a.subscribe(a.room, "auditor"))
		}
		if err == nil {
			err = a.SetDeadline(time.Time{})
		}
		if err != nil {
			t.Fatalf("cannot audit %s: %v", a.room, err)
		}
		go func() { a.done <- a.watch() }()
		list[i] = a
	}
	return list
}

// watch takes everything up to the event "over".
func (a *auditor) watch() error {
	for {
		e, err := a.event()
		if err == nil && e.Event == "over" {
			return a.alone()
		}
		if err == nil {
			err = a.note(e)
		}
		if err != nil {
			return err
		}
	}
}

// note enters an event into the account.
func (a *auditor) note(e churnEvent) error {
	var data struct {
		UserID   string `json:"user_id"`
		Presence struct{ IDs []string }
	}
	if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
		return fmt.Errorf("%s has data %q: %w", e.Event, e.Data, err)
	}
	id := data.UserID
	switch e.Event {
	case "pusher_internal:subscription_succeeded":
		for _, id := range data.Presence.IDs {
			a.members[id] = true
		}
	case "pusher_internal:member_added":
		if a.members[id] {
			return fmt.Errorf("%s is said to have come, and was there", id)
		}
		a.members[id] = true
	case "pusher_internal:member_removed":
		if !a.members[id] {
			return fmt.Errorf("%s is said to have left, and was not there", id)
		}
		delete(a.members, id)
	case "churn", "client-churn":
	default:
		return fmt.Errorf("unexpected %s: %s", e.Event, e.Data)
	}
	return nil
}

func (a *auditor) alone() error {
	if len(a.members) != 1 || !a.members["auditor"] {
		return fmt.Errorf("members left: %v", a.members)
	}
	return nil
}

// finish ends the audit, once everybody else has left.
func (a *auditor) finish() error {
	defer a.Close()
	over := fmt.Sprintf(`{"name":"over","channel":%q,"data":"{}"}`, a.room)
	if err := a.churn.call(http.MethodPost, "/apps/app-id/events", []byte(over)); err != nil {
		return err
	}
	select {
	case err := <-a.done:
		return err
	case <-time.After(churnPatience):
		return fmt.Errorf("the last event did not come within %v", churnPatience)
	}
}
