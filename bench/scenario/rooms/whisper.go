//go:build linux

package rooms

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fanfare/bench/loadgen"
)

// dueSize is the length of what follows the mark in a whisper: when it was due
// on the loop's clock, in nanoseconds. Whispers have no fixed number of
// hearers that a table of those on their way could wait for.
const (
	duePrefix = ";due="
	dueDigits = 19
	dueSize   = len(duePrefix) + dueDigits
)

// whisper lets a member of the next room say something.
func (h *house) whisper(due time.Duration) {
	o := h.rooms[h.turn]
	h.turn = (h.turn + 1) % len(h.rooms)
	m := o.speaker()
	if m == nil {
		h.tally.mute++
		return
	}
	h.tally.whispers++
	seq := o.hearing.say(m.seat)
	h.scratch = appendWhisper(h.scratch[:0], o.channel, loadgen.Mark{Source: m.id, Seq: seq}, due, h.FrameBytes)
	m.client.Send(h.scratch)
}

// appendWhisper appends a client event, padded so that hearers get about size
// bytes: what a server adds and escapes differs by a few.
func appendWhisper(dst []byte, channel string, m loadgen.Mark, due time.Duration, size int) []byte {
	const frame = len(`xx{"event":"client-whisper","channel":"","data":"{\"text\":\"\"}","user_id":""}`) + len(memberPrefix) + memberDigits
	dst = append(dst, `{"event":"client-whisper","channel":"`...)
	dst = append(dst, channel...)
	dst = append(dst, `","data":{"text":"`...)
	dst = loadgen.AppendMark(dst, m)
	dst = fmt.Appendf(dst, duePrefix+"%0*d", dueDigits, due)
	dst = append(dst, strings.Repeat("x", max(0, size-frame-len(channel)-loadgen.MarkSize-dueSize))...)
	return append(dst, `"}}`...)
}

// dueOf reads when a whisper was due from what follows its mark.
func dueOf(rest []byte) (time.Duration, bool) {
	if len(rest) < dueSize {
		return 0, false
	}
	ns, err := strconv.ParseInt(string(rest[len(duePrefix):dueSize]), 10, 64)
	return time.Duration(ns), err == nil
}

// hear takes a whisper; rest is what follows its mark.
func (m *member) hear(mark loadgen.Mark, rest []byte) {
	h, hearing := m.house, m.room.hearing
	sender := m.room.member(mark.Source)
	if sender == nil || m.state == away || m.state == entering {
		hearing.Stray++
		return
	}
	if !hearing.hear(m.seat, sender.seat, mark.Seq) {
		return
	}
	if due, ok := dueOf(rest); ok {
		h.heard(h.run.Loop.Now() - due)
	}
}
