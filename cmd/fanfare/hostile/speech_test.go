//go:build e2e

package hostile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const ping, pong = `{"event":"pusher:ping","data":{}}`, "pusher:pong"

// subscription is the message that subscribes a socket to a channel, rightly signed by an app where needed. user is the
// channel_data on presence channels.
func subscription(a *app, socketID, channel, user string) string {
	data := map[string]string{"channel": channel}
	switch {
	case strings.HasPrefix(channel, "presence-"):
		data["auth"], data["channel_data"] = a.signer.Token(socketID, channel, user), user
	case strings.HasPrefix(channel, "private-"):
		data["auth"] = a.signer.Token(socketID, channel)
	}
	return subscribeWith(data)
}

// subscribeWith is a subscribe with any data.
func subscribeWith(data map[string]string) string {
	b, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": data})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// join subscribes and waits for the confirmation.
func (p *peer) join(a *app, channel, user string) error {
	if err := p.say(subscription(a, p.socketID, channel, user)); err != nil {
		return err
	}
	e, err := p.event()
	if err != nil {
		return err
	}
	if e.Event != "pusher_internal:subscription_succeeded" || e.Channel != channel {
		return fmt.Errorf("cannot subscribe to %s: %s %s", channel, e.Event, e.Data)
	}
	return nil
}

// A barrier is a command with an answer of its own. Commands take effect in order, so its answer comes after those of all
// commands before. A ping is none: pongs never wait.
const (
	barrier       = `{"event":"pusher:unsubscribe","data":{"channel":"barrier"}}`
	barrierAnswer = `"No current subscription to channel barrier, or subscription in progress"`
)

// refused sends a message and wants a pusher:error with code null and a text that holds words, and a connection that goes on.
func (p *peer) refused(message, words string) error {
	if err := p.say(message, barrier); err != nil {
		return err
	}
	e, err := p.event()
	if err != nil {
		return fmt.Errorf("instead of an error: %w", err)
	}
	var data struct {
		Code    *int
		Message string
	}
	if err := json.Unmarshal(e.Data, &data); e.Event != "pusher:error" || err != nil {
		return fmt.Errorf("instead of an error came %s %s", e.Event, e.Data)
	}
	if data.Code != nil || !strings.Contains(data.Message, words) {
		return fmt.Errorf("refused with %s, want code null and %q in the message", e.Data, words)
	}
	return p.reachesBarrier()
}

// reachesBarrier reads up to the barrier's answer. Nothing but further words on a refusal may come before.
func (p *peer) reachesBarrier() error {
	for {
		e, err := p.event()
		switch {
		case err != nil:
			return fmt.Errorf("instead of the last answer: %w", err)
		case e.Event == "pusher:error" && strings.Contains(string(e.Data), barrierAnswer):
			return nil
		case e.Event != "pusher:subscription_error":
			return fmt.Errorf("instead of the last answer came %s on %q: %s", e.Event, e.Channel, e.Data)
		}
	}
}

// getsOnly wants one event and nothing after it; none at all when name is empty.
func (p *peer) getsOnly(channel, name, userID string) error {
	if name != "" {
		e, err := p.event()
		if err != nil {
			return err
		}
		if e.Channel != channel || e.Event != name || e.UserID != userID {
			return fmt.Errorf("got %s on %s by %q: %s, want %s on %s by %q", e.Event, e.Channel, e.UserID, e.Data, name, channel, userID)
		}
	}
	return errors.Join(p.say(barrier), p.reachesBarrier())
}
