//go:build e2e

package hostile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"fanfare/engine/websocket"
)

// declared is the head of a masked text frame that says to be so long.
func declared(length uint64) []byte {
	b := []byte{0x81, 0x80 | 127}
	b = binary.BigEndian.AppendUint64(b, length)
	return append(b, mask[:]...)
}

// violation is what somebody sends on a fresh session, and the code with which the server must close.
type violation struct {
	bytes []byte
	code  uint16
}

func (v *violation) commit(s *server) error {
	p, err := s.connect(victim)
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := p.Write(v.bytes); err != nil {
		return err
	}
	code, err := p.farewell()
	if code != v.code {
		return unlike(err, "closed with %d, want %d", code, v.code)
	}
	return nil
}

// frame makes a masked frame.
func frame(op websocket.Opcode, fin bool, payload []byte) []byte {
	return websocket.AppendMasked(nil, op, fin, payload, mask)
}

// hugeFrames declares frames that nobody could hold, and begins to send them.
var hugeFrames = attack{
	name:   "frames that declare 2^63 bytes",
	growth: 16 * mib,
	why:    "50 connections at once, of which nothing is kept",
	run: func(s *server) error {
		junk := bytes.Repeat([]byte("junk"), 16*kib)
		frames := map[string]violation{
			"2^63":       {append(declared(1<<63), junk...), websocket.CodeProtocol}, // RFC 6455 section 5.2: the most significant bit must be 0
			"2^64-1":     {append(declared(math.MaxUint64), junk...), websocket.CodeProtocol},
			"2^63-1":     {append(declared(math.MaxInt64), junk...), websocket.CodeTooBig},
			"1 MiB + 1":  {append(declared(mib+1), junk...), websocket.CodeTooBig},
			"head alone": {declared(math.MaxInt64), websocket.CodeTooBig},
		}
		return rounds(func() error {
			return each(frames, func(v violation) error {
				return together(50, func(int) error { return v.commit(s) })
			})
		})
	},
}

// endlessMessages sends fragments and never the last one.
var endlessMessages = attack{
	name:   "messages of endless fragments",
	growth: 64 * mib,
	why:    "12 connections at once with 1 MiB of a message each, 2.25 MiB while it grows, and as much again for the garbage collector",
	run: func(s *server) error {
		endless := frame(websocket.Text, false, []byte("x"))
		for range 20 {
			endless = append(endless, frame(websocket.Continuation, false, bytes.Repeat([]byte("x"), 64*kib))...)
		}
		v := violation{endless, websocket.CodeTooBig}
		return rounds(func() error {
			return together(12, func(int) error { return v.commit(s) })
		})
	},
}

// brokenText sends what is not UTF-8, in every place where text may be.
var brokenText = attack{
	name:   "invalid UTF-8",
	growth: 16 * mib,
	why:    "50 connections at once, a few hundred bytes each",
	run: func(s *server) error {
		inJSON := []byte(`{"event":"client-x","channel":"private-` + "\xff" + `","data":"` + "\xed\xa0\x80" + `"}`)
		split := frame(websocket.Text, false, []byte("\xf0\x9f"))
		frames := map[string]violation{
			"in JSON":            {frame(websocket.Text, true, inJSON), websocket.CodeInvalidData},
			"overlong":           {frame(websocket.Text, true, []byte("\xc0\xaf")), websocket.CodeInvalidData},
			"beyond Unicode":     {frame(websocket.Text, true, []byte("\xf4\x90\x80\x80")), websocket.CodeInvalidData},
			"cut off":            {frame(websocket.Text, true, []byte("abc\xe2\x82")), websocket.CodeInvalidData},
			"second fragment":    {append(split, frame(websocket.Continuation, true, []byte("\x41"))...), websocket.CodeInvalidData},
			"unfinished message": {append(split, frame(websocket.Continuation, false, []byte("\xff"))...), websocket.CodeInvalidData},
			"close reason":       {frame(websocket.Close, true, []byte("\x03\xe8\xff\xfe")), websocket.CodeInvalidData},
		}
		return errors.Join(s.brokenPublishes(), rounds(func() error {
			return each(frames, func(v violation) error {
				return together(50, func(int) error { return v.commit(s) })
			})
		}))
	},
}

// brokenPublishes publishes text that is no text: signed rightly, and refused.
func (s *server) brokenPublishes() error {
	client := kept(1)
	defer client.CloseIdleConnections()
	bodies := map[string]string{
		"data":    `{"name":"x","channel":"good","data":"` + "\xff" + `"}`,
		"name":    `{"name":"` + "\xc0\xaf" + `","channel":"good","data":"x"}`,
		"channel": `{"name":"x","channel":"good` + "\xff" + `","data":"x"}`,
	}
	return each(bodies, func(body string) error {
		status, answer, err := s.call(client, victim, "POST", "/apps/victim/events", nil, []byte(body))
		if err == nil && status != 400 {
			err = fmt.Errorf("answered with %d %s, want 400", status, answer)
		}
		return err
	})
}
