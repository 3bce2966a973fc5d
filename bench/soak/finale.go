//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"fanfare/bench/fault"
	"fanfare/bench/report"
	"fanfare/bench/soak/accident"
	"fanfare/bench/soak/crowd"
	"fanfare/bench/soak/press"
)

// question asks the HTTP API who is there, now and then, while the soak goes on.
func (s *stage) question(ctx context.Context) {
	web := &http.Client{Timeout: press.Patience}
	defer web.CloseIdleConnections()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		path := []string{
			"/channels", "/channels/" + crowd.Market.Channel(i%crowd.MarketChannels),
			"/channels/" + crowd.Room.Channel(i%s.cast.rooms) + "/users",
		}[i%3]
		status, text, err := s.press.Ask(ctx, web, path)
		if s.record.Lately(accident.Drain, press.Patience) {
			continue
		}
		s.press.Queried(status, text, err)
	}
}

// settle ends churn, when publishing has ended, and lets everybody come back and
// read what was sent to them.
func (s *stage) settle(ctx context.Context) error {
	for _, c := range s.companies {
		if _, err := c.order(ctx, crowd.Command{Do: crowd.Settle}, time.Minute); err != nil {
			return err
		}
	}
	// What waits for slow clients must have been read, and webhooks delivered.
	return s.await(ctx, time.Minute, func() (bool, string) {
		r, ok := s.watch.look(ctx)
		return ok && r.Outbound == 0 && r.queued == 0, fmt.Sprintf("%d bytes wait for clients, and %.0f webhooks", r.Outbound, r.queued)
	})
}

// truth is what the HTTP API and the members say about who is there.
type truth struct {
	Sessions   int      `json:"sessions"`
	Channels   int      `json:"channels"`
	Rosters    int      `json:"rosters"` // members of presence channels that were asked
	Difference []string `json:"differences,omitempty"`
}

func (t *truth) differ(format string, args ...any) {
	const most = 5
	if len(t.Difference) < most {
		t.Difference = append(t.Difference, fmt.Sprintf(format, args...))
	}
}

// compare has the members say what they lack and whom they see, and compares that
// with what the server says.
func (s *stage) compare(ctx context.Context) (t truth, err error) {
	web := &http.Client{Timeout: press.Patience}
	defer web.CloseIdleConnections()
	if err := s.compareChannels(ctx, web, &t); err != nil {
		return t, err
	}
	r, _ := s.watch.look(ctx)
	if t.Sessions = r.Sessions; t.Sessions != s.standing() {
		t.differ("the server has %d sessions, and %d members stand", t.Sessions, s.standing())
	}
	last := s.press.Last()
	for _, c := range s.companies {
		r, err := c.order(ctx, crowd.Command{Do: crowd.Check, Last: last}, patience)
		if err != nil {
			return t, err
		}
		for channel, rosters := range r.Rosters {
			users, err := s.users(ctx, web, channel)
			if err != nil {
				return t, err
			}
			for _, roster := range rosters {
				t.Rosters += roster.Count
				if !slices.Equal(roster.Users, users) {
					t.differ("%s: member %d sees %v, and the server has %v", channel, roster.Member, roster.Users, users)
				}
			}
		}
	}
	return t, nil
}

func (s *stage) compareChannels(ctx context.Context, web *http.Client, t *truth) error {
	var got struct{ Channels map[string]struct{} }
	if err := s.askInto(ctx, web, "/channels", &got); err != nil {
		return err
	}
	want := s.cast.occupied()
	t.Channels = len(got.Channels)
	for channel := range want {
		if _, there := got.Channels[channel]; !there {
			t.differ("the server says that %s is vacant", channel)
		}
	}
	for channel := range got.Channels {
		if want[channel] == 0 {
			t.differ("the server says that %s is occupied", channel)
		}
	}
	return nil
}

func (s *stage) users(ctx context.Context, web *http.Client, channel string) ([]string, error) {
	var got struct{ Users []struct{ ID string } }
	if err := s.askInto(ctx, web, "/channels/"+channel+"/users", &got); err != nil {
		return nil, err
	}
	list := []string{}
	for _, u := range got.Users {
		list = append(list, u.ID)
	}
	slices.Sort(list)
	return list, nil
}

func (s *stage) askInto(ctx context.Context, web *http.Client, path string, into any) error {
	status, text, err := s.press.Ask(ctx, web, path)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s was answered with %d: %.200s", path, status, text)
	}
	return json.Unmarshal(text, into)
}

// leave has everybody leave, and waits until nothing is left of them.
func (s *stage) leave(ctx context.Context) error {
	for _, c := range s.companies {
		if _, err := c.order(ctx, crowd.Command{Do: crowd.Leave}, time.Minute); err != nil {
			return err
		}
	}
	s.proxy.Cut(fault.Reset, 1) // what is left of connections that have ended
	s.tunnel.Cut(fault.Reset, 1)
	err := s.await(ctx, time.Minute, func() (bool, string) {
		r, ok := s.watch.look(ctx)
		s.left = r
		return ok && r.Sessions == 0 && r.Channels == 0 && r.queued == 0,
			fmt.Sprintf("%d sessions and %d channels are left, and %.0f webhooks wait", r.Sessions, r.Channels, r.queued)
	})
	if err != nil {
		return err
	}
	// Connections that are kept for the next webhook end by themselves.
	_ = s.await(ctx, keptAlive, func() (bool, string) { // how it ended is the claims' to judge
		r, ok := s.watch.look(ctx)
		s.left = r
		return ok && r.Goroutines <= s.empty.Goroutines+fewGoroutines && r.Descriptors <= s.empty.Descriptors+fewDescriptors, ""
	})
	return nil
}

// What may be left when all have gone: idle workers, and some connections to the
// webhooks' receiver, as long as they are kept. A leak would show by the hundred:
// so many connections have come and gone.
const (
	fewGoroutines  = 20
	fewDescriptors = 20
	keptAlive      = 2 * time.Minute // longer than any idle connection is kept
)

// progress is a line for whoever looks on.
func (s *stage) progress(since time.Duration) {
	all := s.books.sum()
	text := fmt.Sprintf("%v of %v: %d of %d stand; %s deliveries, %d wrong", since.Round(time.Second), s.duration, s.standing(), s.cast.members,
		report.Whole(all.Delivered), all.Wrongs())
	if list := s.watch.readings(0, s.duration+time.Hour); len(list) > 0 {
		r := list[len(list)-1]
		text += fmt.Sprintf("; server %d: %s, %d descriptors, %d goroutines", r.Generation, report.Bytes(float64(r.Resident)), r.Descriptors, r.Goroutines)
	}
	if now := s.record.Lasting(); now != "" {
		text += "; now: " + now
	}
	s.say("%s", text)
}
