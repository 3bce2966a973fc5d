//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"fanfare/bench/report"
	"fanfare/bench/scenario/rooms"
	"fanfare/bench/scenario/upgrade"
)

// claim is something that must hold.
type claim struct {
	name   string
	held   bool
	detail string
}

func (c claim) verdict() string {
	if c.held {
		return "holds"
	}
	return "FAILS"
}

// The scenario's figures that are looked at.
const (
	whispers = rooms.Whispers
	returned = rooms.Returned
	worst    = upgrade.Worst
	silence  = upgrade.Silence
)

func (p *page) claim(name string, held bool, format string, args ...any) {
	p.claims = append(p.claims, claim{name, held, fmt.Sprintf(format, args...)})
}

// judge compares what came with what must have. The scenario itself has found
// nothing wrong, or it would have failed.
func (p *page) judge(o *options, post *post, log string) error {
	d := p.doc
	cut := 0
	for _, u := range d.Upgrades {
		cut += u.Cut
	}
	p.claim("nobody is disconnected", cut == 0, "%s connections through %d upgrades", report.Whole(uint64(p.most)), len(d.Upgrades))
	m := d.Messages
	p.claim("no message is lost, repeated or reordered", m.Clean(), "%s delivered: published, whispered, and to slow readers", report.Whole(m.Delivered))
	straddled, unsent := p.figure(upgrade.Torn), p.figure(upgrade.Unsent)-p.figure(upgrade.Early)
	p.claim("half a frame becomes a whole one in the next process", straddled >= float64(o.Upgrades), "%.0f frames were torn by an upgrade", straddled)
	p.claim("what slow readers have not read waits for them", unsent > 0, "%s of %d readers", report.Bytes(unsent), o.Slow)
	p.claim("nobody is told of a coming or going that was not", p.figure(upgrade.Flickers) == 0,
		"%.0f members left and came back, and %.0f member events told of it and of nothing else", p.figure(returned), p.figure(rooms.MemberEvents))
	p.judgeMembers(o, post)
	p.judgeChannels(post)
	heard := post.whispers.mail()
	p.claim("client_event webhooks come once and in order", heard.Taken == int(p.figure(whispers)) && heard.Wrong == 0,
		"%d of %.0f whispers%s", heard.Taken, p.figure(whispers), complaints(heard.Wrong, heard.First))
	if o.bound > 0 {
		longest := time.Duration(0)
		for _, u := range d.Upgrades {
			longest = max(longest, u.Silence)
		}
		p.claim(fmt.Sprintf("no client hears nothing for %s", o.bound), longest < o.bound, "%s was the longest", report.Duration(longest))
	}
	return p.judgeLog(o, log)
}

// lingering is how long the server waits before it tells that a member has gone,
// and with it a good deal of patience.
const lingering = 4 * time.Second

// judgeMembers: every member has come and gone, and those that were away for long
// have done so once more each time.
func (p *page) judgeMembers(o *options, post *post) {
	mail := post.members.Mail()
	least := int(2 * p.figure(upgrade.Present))
	most := least + int(2*p.figure(returned))
	held := mail.Taken <= most && mail.Taken >= least
	if o.Away >= lingering {
		held = mail.Taken == most
	}
	p.claim("member webhooks tell of every coming and going, once", held && mail.Again == 0 && mail.Wrongs == 0 && mail.Here == 0,
		"%s, of at most %d%s", mail, most, complaints(mail.Wrongs, mail.Wrong...))
}

// judgeChannels: every private channel was occupied and vacated once.
func (p *page) judgeChannels(post *post) {
	mail := post.channels.Mail()
	due := int(2 * p.figure(upgrade.Private))
	p.claim("channel webhooks tell of every beginning and end, once", mail.Taken == due && mail.Again == 0 && mail.Wrongs == 0 && mail.Here == 0,
		"%s, of %d%s", mail, due, complaints(mail.Wrongs, mail.Wrong...))
}

// complaints is how much is wrong, and the first few things that are.
func complaints(n int, first ...string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d wrong: %s", n, strings.Join(first, "; "))
}

// judgeLog: the servers say so of every upgrade, and complain of nothing.
func (p *page) judgeLog(o *options, log string) error {
	b, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	given, taken, wrong := 0, 0, []string{}
	for line := range bytes.Lines(b) {
		var entry struct{ Level, Msg string }
		switch broken := json.Unmarshal(line, &entry) != nil; {
		case strings.HasPrefix(entry.Msg, "the descriptor limit is small"): // as it may be
		case broken || entry.Level == "ERROR" || entry.Level == "WARN":
			wrong = append(wrong, fmt.Sprintf("%.300s", bytes.TrimSpace(line)))
		case entry.Msg == "handed over":
			given++
		case entry.Msg == "taken over":
			taken++
		}
	}
	p.claim("the servers' logs tell of each upgrade, and of nothing else", given == o.Upgrades && taken == given && len(wrong) == 0,
		"%d handed over, %d taken over%s", given, taken, complaints(len(wrong), wrong[:min(len(wrong), 3)]...))
	return nil
}
