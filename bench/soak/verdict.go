//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/report"
	"fanfare/bench/soak/accident"
	"fanfare/bench/soak/crowd"
	"fanfare/bench/soak/press"
)

// claim is something that the soak is to show.
type claim struct {
	Name    string  `json:"name"`
	Verdict verdict `json:"verdict"`
	Detail  string  `json:"detail"`
}

// verdict is what came of a claim.
type verdict string

// The verdicts. What was too short to be judged is no failure; a page that says
// so proves that much less.
const (
	held     verdict = "held"
	failed   verdict = "FAILED"
	unjudged verdict = "not judged"
)

// findings are all claims.
type findings []claim

func (f *findings) claim(name string, ok bool, format string, args ...any) {
	v := held
	if !ok {
		v = failed
	}
	*f = append(*f, claim{name, v, fmt.Sprintf(format, args...)})
}

// err is nil when no claim has failed.
func (f findings) err() error {
	var list []string
	for _, c := range f {
		if c.Verdict == failed {
			list = append(list, c.Name+": "+c.Detail)
		}
	}
	if list == nil {
		return nil
	}
	return fmt.Errorf("%d of %d claims do not hold:\n%s", len(list), len(f), strings.Join(list, "\n"))
}

// judge makes the claims about the messages, the connections and the server. It
// is called when all have gone.
func (s *stage) judge(t truth) (f findings, err error) {
	s.judgeMessages(&f)
	s.judgeDrops(&f)
	s.judgePublishing(&f, s.press.Stats(), s.press.WasRefused)
	s.judgeEndings(&f)
	f.claim("who is there, by the API and by members, is the truth", len(t.Difference) == 0, "%d sessions, %d channels, %d members' lists%s", t.Sessions, t.Channels, t.Rosters, and(t.Difference))
	m := s.inbox.Mail()
	f.claim("webhooks: all told once, in turn, and everybody had gone at the end", m.Wrongs == 0 && m.Here == 0 && m.Taken > 0 && s.watch.total(hookDrops) == 0,
		"%v; %d wrong, %d still there, %.0f dropped%s", m, m.Wrongs, m.Here, s.watch.total(hookDrops), and(m.Wrong))
	s.judgeUpgrades(&f, s.house.moves())
	s.judgeSilences(&f, s.press.Silences())
	// A certificate that is not taken over ends the soak.
	f.claim("certificates are replaced, and nobody notices but newcomers", s.record.Times(accident.Certificate) > 0, "%d times", s.record.Times(accident.Certificate))
	s.judgeGrowth(&f)
	s.judgeRest(&f)
	complaints, mistakes, err := s.house.complaints()
	broken := s.record.Times(accident.BrokenFile)
	f.claim("a configuration with a mistake is refused and told, also to an upgrade, and changes nothing", mistakes >= broken, "%d times, %d lines in the logs", broken, mistakes)
	panics := s.watch.total(func(r *reading) float64 { return r.panics })
	f.claim("the server had nothing to complain of", len(complaints) == 0 && panics == 0, "%.0f panics, %d errors in its logs%s", panics, len(complaints), and(complaints))
	return f, err
}

func hookDrops(r *reading) float64 { return r.hookDrops }

// and adds the first few of a list.
func and(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "; first: " + strings.Join(list[:min(len(list), 3)], "; ")
}

func (s *stage) judgeMessages(f *findings) {
	all := s.books.sum()
	s.books.mu.Lock()
	wrongs := s.books.wrongs
	s.books.mu.Unlock()
	f.claim("nothing lost, repeated, reordered or gone astray", all.Wrongs() == 0 && all.Delivered > 0,
		"%s deliveries, %s of them whispers: %d lost, %d twice, %d out of order, %d astray, %d wrong member events%s",
		report.Whole(all.Delivered), report.Whole(all.Whispers), all.Lost, all.Twice, all.Disorder, all.Stray, all.Presence, and(wrongs))
}

// judgeDrops compares what lacks on lossy channels with what the server says that
// it has dropped.
func (s *stage) judgeDrops(f *findings) {
	slow, quick := s.books.sum(stopped, narrow), s.books.sum(steady, sealed, restless, proxied, leased)
	dropped := s.watch.total(func(r *reading) float64 { return r.dropped })
	f.claim("only slow clients lack what a policy may drop, and the server has counted it", quick.Dropped == 0 && float64(slow.Dropped) <= dropped,
		"slow clients lack %d, quick ones %d; the server has dropped %.0f frames, and closed %.0f clients with 4100",
		slow.Dropped, quick.Dropped, dropped, s.watch.total(func(r *reading) float64 { return r.closed4100 }))
}

func (s *stage) judgePublishing(f *findings, p press.Stats, refused func(loadgen.Mark) bool) {
	reached := 0
	first := ""
	s.books.mu.Lock()
	for m := range s.books.uncertain {
		if refused(m) {
			reached++
			first = fmt.Sprintf("; first: message %d of %s", m.Seq, crowd.NameOf(m.Source))
		}
	}
	s.books.mu.Unlock()
	f.claim("what was refused has reached nobody", reached == 0 && p.Refused > 0, "%s messages accepted, %d refused, %d of them arrived; %d without an answer%s",
		report.Whole(p.Accepted), p.Refused, reached, p.Unanswered, first)
	f.claim("the API has answered as it must", p.Unexpected == 0 && p.Queries > 0, "%d questions; %d unexpected answers %s", p.Queries, p.Unexpected, p.First)
}

// judgeEndings looks for an accident behind every connection that ended.
func (s *stage) judgeEndings(f *findings) {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	ended, unexplained := 0, 0
	var first []string
	for name, list := range s.books.endings {
		for _, e := range list {
			if e.Stood {
				ended += e.Count
			}
			if s.record.Explains(name, e) {
				continue
			}
			unexplained += e.Count
			first = append(first, fmt.Sprintf("%d x %s, the first member %d at %v: %d %s", e.Count, e.Group, e.Member, e.First-s.books.zero, e.Code, e.Text))
		}
	}
	f.claim("every connection that ended was in an accident", unexplained == 0, "%d connections ended, %d ends or attempts without an accident%s", ended, unexplained, and(first))
}

// judgeUpgrades tells what upgrades were like. That nobody noticed is in all the other
// claims: no accident explains what an upgrade does.
func (s *stage) judgeUpgrades(f *findings, list []upgrade) {
	var all, worst upgrade
	for _, u := range list {
		all.Connections, all.Cut = all.Connections+u.Connections, all.Cut+u.Cut
		worst.State = max(worst.State, u.State)
		worst.Frozen, worst.Took = max(worst.Frozen, u.Frozen), max(worst.Took, u.Took)
	}
	f.claim("upgrades: another process took over, with all connections", len(list) > 0 && all.Connections > 0 && len(list) == s.record.Times(accident.Upgrade),
		"%d upgrades, %s connections moved, %s of state at most; frozen for %s at most, done in %s at most; %d connections had ended when it came to them",
		len(list), report.Whole(uint64(all.Connections)), report.Bytes(float64(worst.State)), span(worst.Frozen), span(worst.Took), all.Cut)
}

// judgeSilences looks for publishers who had no answer while nothing was in between,
// and the server there.
func (s *stage) judgeSilences(f *findings, list []press.Silence) {
	var wrong []string
	for _, q := range list {
		if !s.record.During(accident.Drain, q.From, q.Until) {
			wrong = append(wrong, fmt.Sprintf("from %v to %v: %s", q.From-s.books.zero, q.Until-s.books.zero, q.Text))
		}
	}
	f.claim("publishers that come directly have answers, but while the server drains", len(wrong) == 0, "%d requests without one, %d of them otherwise%s", len(list), len(wrong), and(wrong))
}

// judgeRest compares what is left with what was there before anybody came.
func (s *stage) judgeRest(f *findings) {
	e, l := s.empty, s.left
	f.claim("all given back: descriptors", l.Descriptors <= e.Descriptors+fewDescriptors, "%d when all had gone, %d before anybody came", l.Descriptors, e.Descriptors)
	f.claim("all given back: goroutines", l.Goroutines <= e.Goroutines+fewGoroutines, "%d when all had gone, %d before anybody came", l.Goroutines, e.Goroutines)
}

// conclude ends the soak, judges it, and writes the result.
func (p *page) conclude(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	var err error
	if p.truth, err = p.compare(ctx); err != nil {
		return err
	}
	if err := p.leave(ctx); err != nil {
		return err
	}
	if p.findings, err = p.judge(p.truth); err != nil {
		return err
	}
	p.took = time.Since(p.started)
	p.show()
	if p.results != "" {
		if err := p.save(); err != nil {
			return err
		}
	}
	return p.err()
}
