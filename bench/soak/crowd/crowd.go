//go:build linux

package crowd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"fanfare/bench/loadgen"
)

// crowd is all members of this process.
type crowd struct {
	brief   Brief
	loop    *loadgen.Loop
	draw    *rand.Rand
	parser  fastjson.Parser
	books   *books
	members []*member
	out     *json.Encoder
	err     error // why the reports could not be written

	standing int // members whose subscriptions all stand
	settling bool
	left     bool
	pending  Order // that was not answered yet
}

// Run is the life of a crowd: it reads its brief and commands from in, reports to
// out, and returns when in ends.
func Run(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	lines := json.NewDecoder(bufio.NewReader(in))
	c := &crowd{out: json.NewEncoder(out)}
	if err := lines.Decode(&c.brief); err != nil {
		return fmt.Errorf("cannot read the brief: %w", err)
	}
	if c.loop, err = loadgen.NewLoop(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.loop.Close()) }()
	if err := c.gather(); err != nil {
		return err
	}
	commands, broken := make(chan Command), make(chan error, 1)
	go read(ctx, lines, commands, broken)
	return c.run(ctx, commands, broken)
}

func read(ctx context.Context, lines *json.Decoder, commands chan<- Command, broken chan<- error) {
	for {
		var next Command
		if err := lines.Decode(&next); err != nil {
			broken <- err
			return
		}
		select {
		case commands <- next:
		case <-ctx.Done():
			return
		}
	}
}

// run serves until the input ends.
func (c *crowd) run(ctx context.Context, commands <-chan Command, broken <-chan error) error {
	var ended error
	c.loop.At(c.loop.Now()+c.brief.Every, c.tell)
	err := c.loop.Run(ctx, func() bool {
		select {
		case next := <-commands:
			c.obey(next)
		case ended = <-broken:
		default:
		}
		c.answer()
		return ended != nil || c.err != nil
	})
	if errors.Is(ended, io.EOF) {
		ended = nil
	}
	return errors.Join(err, ended, c.err)
}

// gather makes the members, and has them connect one after the other.
func (c *crowd) gather() error {
	c.draw = rand.New(rand.NewPCG(c.brief.Seed, 1))
	c.books = newBooks(c.brief.Groups)
	for i := range c.brief.Groups {
		g := &c.brief.Groups[i]
		target, err := loadgen.NewTarget(g.URL, g.AppID, g.Secret)
		if err != nil {
			return fmt.Errorf("group %q: %w", g.Name, err)
		}
		for i := range g.Count {
			c.members = append(c.members, newMember(c, g, target, i))
		}
	}
	for i, m := range c.members {
		c.loop.At(time.Duration(i)*time.Second/time.Duration(max(c.brief.PerSecond, 1)), m.connect)
	}
	return nil
}

func newMember(c *crowd, g *Group, target *loadgen.Target, i int) *member {
	m := &member{crowd: c, group: g, tally: c.books.groups[g.Name], target: target, number: g.First + i}
	for _, k := range g.Joins(i) {
		s := &subscription{channel: g.Kind.Channel(k), source: g.Kind.Source(k)}
		s.Lossy = g.Kind.Lossy()
		m.subs = append(m.subs, s)
	}
	return m
}

// between draws a time.
func (c *crowd) between(least, most time.Duration) time.Duration {
	return least + time.Duration(c.draw.Int64N(int64(max(most-least, 0))+1))
}

// withholds is true once, when it was told to and no reconnect can excuse it.
func (c *crowd) withholds(s *subscription) bool {
	if !c.brief.Withhold || s.Lossy || !s.Flows() {
		return false
	}
	c.brief.Withhold = false
	return true
}

func (c *crowd) obey(next Command) {
	switch next.Do {
	case Settle:
		c.settling = true
		c.pending = Settle
	case Check:
		c.check(next)
	case Leave:
		c.left = true
		c.pending = Leave
		for _, m := range c.members {
			m.depart()
		}
	}
}

// depart leaves for good.
func (m *member) depart() {
	if m.client == nil {
		m.life++ // no further attempt
		return
	}
	m.leaving = departed
	m.client.Leave()
}

// answer reports an order that has become true.
func (c *crowd) answer() {
	done := c.pending == Settle && c.standing == len(c.members) ||
		c.pending == Leave && !slices.ContainsFunc(c.members, func(m *member) bool { return m.client != nil })
	if !done {
		return
	}
	r := c.report()
	r.Done, c.pending = c.pending, ""
	c.send(r)
}

// check looks at what had to come and did not, and tells who is in the rooms.
func (c *crowd) check(next Command) {
	for _, m := range c.members {
		for _, s := range m.subs {
			if last, published := next.Last[s.source]; published && !m.group.Silent {
				c.books.missing(m, s, last)
			}
		}
	}
	r := c.report()
	r.Done, r.Rosters = Check, c.rosters()
	c.send(r)
}

// rosters puts together what members of presence channels say about who is there.
func (c *crowd) rosters() map[string][]Roster {
	all := map[string][]Roster{}
	for _, m := range c.members {
		for _, s := range m.subs {
			if !strings.HasPrefix(s.channel, "presence-") || s.state != stands {
				continue
			}
			users := s.roster.IDs()
			list := all[s.channel]
			i := slices.IndexFunc(list, func(r Roster) bool { return slices.Equal(r.Users, users) })
			if i < 0 {
				all[s.channel] = append(list, Roster{users, m.number, 1})
				continue
			}
			list[i].Count++
		}
	}
	return all
}

func (c *crowd) report() Report {
	r := c.books.report()
	r.Members, r.Standing = len(c.members), c.standing
	return r
}

func (c *crowd) tell() {
	c.send(c.report())
	c.loop.At(c.loop.Now()+c.brief.Every, c.tell)
}

func (c *crowd) send(r Report) {
	if err := c.out.Encode(r); err != nil && c.err == nil {
		c.err = fmt.Errorf("cannot report: %w", err)
	}
}
