//go:build e2e

package hostile

import (
	"encoding/json"
	"fmt"
	"strings"

	"fanfare/protocol/pusher/auth"
)

const (
	wantedChannels  = 100_000
	allowedChannels = 10_000 // the default of channels_per_connection
	channelsAtOnce  = 500
)

// manyChannels subscribes each of three connections to 100,000 channels: public, private and presence ones. Each gets as many
// as the app allows and an error for every other; when they hang up nothing is left of all that.
var manyChannels = attack{
	name:   "subscribe to 100,000 channels",
	growth: 64 * mib,
	why:    "30,000 subscriptions with channels of their own at 1 KiB each, and as much again for the garbage collector",
	run: func(s *server) error {
		err := together(3, func(i int) error {
			prefix := []string{"flood-", "private-flood-", "presence-flood-"}[i]
			p, err := s.connect(victim)
			if err != nil {
				return err
			}
			defer p.Close()
			for n := 0; n < wantedChannels; n += channelsAtOnce {
				if err := p.flood(prefix, n); err != nil {
					return fmt.Errorf("after %d channels: %w", n, err)
				}
			}
			return s.occupied(prefix, allowedChannels)
		})
		if err != nil {
			return err
		}
		return s.falls("fanfare_channels", 1) // the crowd's
	},
}

// flood subscribes to the next channels in one piece and checks every answer.
func (p *peer) flood(prefix string, from int) error {
	var messages []string
	for n := from; n < from+channelsAtOnce; n++ {
		messages = append(messages, subscription(victim, p.socketID, fmt.Sprint(prefix, n), `{"user_id":"1"}`))
	}
	if err := p.say(messages...); err != nil {
		return err
	}
	for n := from; n < from+channelsAtOnce; n++ {
		if err := p.answeredFlood(fmt.Sprint(prefix, n), n < allowedChannels); err != nil {
			return err
		}
	}
	return nil
}

func (p *peer) answeredFlood(channel string, allowed bool) error {
	e, err := p.event()
	switch {
	case err != nil:
		return err
	case allowed && e.Event == "pusher_internal:subscription_succeeded" && e.Channel == channel:
		return nil
	case allowed || e.Event != "pusher:error" || !strings.Contains(string(e.Data), "limit") || !strings.Contains(string(e.Data), channel):
		return fmt.Errorf("subscribing to %s was answered with %s %s", channel, e.Event, e.Data)
	}
	if e, err = p.event(); err != nil {
		return err
	}
	if e.Event != "pusher:subscription_error" || e.Channel != channel || !strings.Contains(string(e.Data), `"LimitReached"`) {
		return fmt.Errorf("subscribing to %s was answered with an error and then %s %s", channel, e.Event, e.Data)
	}
	return nil
}

// occupied asks the HTTP API how many channels there are.
func (s *server) occupied(prefix string, want int) error {
	client := kept(1)
	defer client.CloseIdleConnections()
	filter := []auth.Param{{Key: "filter_by_prefix", Value: prefix}}
	status, body, err := s.call(client, victim, "GET", "/apps/victim/channels", filter, nil)
	if err != nil {
		return err
	}
	var list struct{ Channels map[string]json.RawMessage }
	if err := json.Unmarshal(body, &list); err != nil || len(list.Channels) != want {
		return unlike(err, "status %d with %d channels that begin with %s, want %d", status, len(list.Channels), prefix, want)
	}
	return nil
}

// crowdedNode subscribes to more channels than the node has room for, on connections that are each within the app's limit. What
// is beyond is refused; the crowd keeps its subscriptions, and others find room when the attacker has gone.
var crowdedNode = attack{
	name:   "more subscriptions than the node takes",
	growth: 24 * mib,
	why:    "10,000 subscriptions with channels of their own at 700 bytes each, and as much again for the garbage collector",
	flags:  []string{"--loops", "1", "--max-subscriptions", "10000"},
	run: func(s *server) error {
		const batch = 100
		first, err := s.connect(victim)
		if err != nil {
			return err
		}
		defer first.Close()
		for n := 0; n < allowedChannels-crowdSize; n += batch {
			if err := first.crowd(n, batch); err != nil {
				return err
			}
		}
		second, err := s.connect(victim)
		if err != nil {
			return err
		}
		defer second.Close()
		if err := second.refused(subscribeWith(map[string]string{"channel": "crowded"}), "as many subscriptions as it can hold"); err != nil {
			return err
		}
		first.Close()
		if err := s.falls("fanfare_subscriptions", crowdSize); err != nil {
			return err
		}
		return second.join(victim, "crowded", "")
	},
}

// crowd subscribes to n channels and wants to be confirmed on each.
func (p *peer) crowd(from, n int) error {
	var messages []string
	for i := from; i < from+n; i++ {
		messages = append(messages, subscribeWith(map[string]string{"channel": fmt.Sprint("crowded-", i)}))
	}
	if err := p.say(messages...); err != nil {
		return err
	}
	for range n {
		if e, err := p.event(); err != nil || e.Event != "pusher_internal:subscription_succeeded" {
			return unlike(err, "subscribing was answered with %+v", e)
		}
	}
	return nil
}
