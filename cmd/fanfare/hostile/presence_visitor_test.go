//go:build e2e

package hostile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"fanfare/engine/websocket"
)

// visitor is one user of a room.
type visitor struct {
	room   *room
	number int
	visit  *visit // nil when it has hung up
}

// visit is a visitor's connection. It reads with 4 KiB, however long the list of the members is: ten thousand of them are in
// this process.
type visit struct {
	*peer
	*visitor

	moved  time.Time   // when it set out to come; written before the subscribe leaves
	parted atomic.Bool // it has said that it leaves: the connection may end

	// Owned by listen.
	in     *bufio.Reader
	inside bool   // its subscription is confirmed, and it was not told that it has left
	seen   people // whom it believes to be there, itself included
}

// connect opens a session and listens.
func (v *visitor) connect() error {
	p, err := v.room.server.connect(victim)
	if err != nil {
		return err
	}
	if err := p.SetDeadline(time.Time{}); err != nil {
		return err
	}
	v.visit = &visit{
		peer: p, visitor: v,
		in:   bufio.NewReaderSize(io.MultiReader(&taken{p}, p.TCPConn), 4*kib),
		seen: newPeople(len(v.room.visitors)),
	}
	go v.visit.listen()
	return nil
}

// enter subscribes. The list is the answer.
func (v *visitor) enter() error {
	user := fmt.Sprintf(`{"user_id":"m%d","user_info":{"name":"Guest %[1]d"}}`, v.number)
	v.visit.parted.Store(false)
	v.visit.moved = time.Now()
	return v.visit.say(subscription(victim, v.visit.socketID, hall, user))
}

// leave leaves in one of the three ways: by unsubscribing, by closing, by vanishing.
func (v *visitor) leave() error {
	p := v.visit
	p.parted.Store(true)
	switch v.number / 2 % 3 {
	case 0:
		return p.say(`{"event":"pusher:unsubscribe","data":{"channel":"`+hall+`"}}`, barrier)
	case 1:
		v.visit = nil
		_, err := p.Write(frame(websocket.Close, true, binary.BigEndian.AppendUint16(nil, 1000)))
		return err
	default:
		v.visit = nil
		return errors.Join(p.SetLinger(0), p.Close())
	}
}

func (v *visitor) hangUp() {
	if v.visit != nil {
		v.visit.parted.Store(true)
		v.visit.Close()
	}
}

// listen takes what comes until the connection ends, and tells the room.
func (v *visit) listen() {
	defer v.Close()
	for {
		if err := v.next(); err != nil {
			if v.parted.Load() {
				err = nil
			} else {
				err = fmt.Errorf("visitor %d: %w", v.number, err)
			}
			v.room.news <- err
			return
		}
	}
}

// next takes one frame. The server sends none in fragments.
func (v *visit) next() error {
	op, size, err := v.header()
	if err != nil {
		return err
	}
	start, err := v.in.Peek(min(size, 64))
	switch {
	case err != nil:
		return err
	case op == websocket.Close:
		return errors.New("closed: " + string(start))
	case bytes.HasPrefix(start, []byte(`{"event":"pusher_internal:subscription_succeeded"`)):
		return v.list(size)
	}
	payload, err := v.in.Peek(size)
	if err != nil {
		return fmt.Errorf("a frame of %d bytes: %w", size, err)
	}
	if op == websocket.Ping {
		_, err = v.Write(frame(websocket.Pong, true, payload))
	} else {
		err = v.event(payload)
	}
	if err != nil {
		return err
	}
	_, err = v.in.Discard(size)
	return err
}

// header takes the header of a frame (RFC 6455 section 5.2): a length of 126 or 127 stands for one in the next 2 or 8 bytes.
func (v *visit) header() (op websocket.Opcode, size int, err error) {
	head, err := v.in.Peek(2)
	if err != nil {
		return 0, 0, err
	}
	op, size = websocket.Opcode(head[0]&0x0f), int(head[1])
	more := map[int]int{126: 2, 127: 8}[size]
	if head, err = v.in.Peek(2 + more); err != nil {
		return 0, 0, err
	}
	if more > 0 {
		size = 0
		for _, b := range head[2:] {
			size = size<<8 | int(b)
		}
	}
	_, err = v.in.Discard(len(head))
	return op, size, err
}

// list reads the list of those who are there, which names each as "m7" twice: followed by a comma or bracket among the ids, by
// a colon in the hash.
func (v *visit) list(size int) error {
	if v.inside {
		return errors.New("a second list")
	}
	v.seen.clear()
	payload := bufio.NewReaderSize(io.LimitReader(v.in, int64(size)), 512)
	ids, keys := 0, 0
	for {
		_, err := payload.ReadSlice('"')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		name, _ := payload.Peek(16)
		n, after, ok := memberName(name)
		switch {
		case !ok:
		case after == ':':
			keys++
		case !v.seen.add(n):
			return fmt.Errorf("m%d is listed twice", n)
		default:
			ids++
		}
	}
	if ids != keys || !v.seen.has(v.number) {
		return fmt.Errorf("a list with %d ids and %d users, and itself: %v", ids, keys, v.seen.has(v.number))
	}
	v.inside = true
	v.room.answers.add(time.Since(v.moved))
	v.room.news <- nil
	return nil
}

// memberName reads a name behind its quote, and the byte after its closing quote. Names are within a JSON string, so their
// quotes have a backslash.
func memberName(b []byte) (n int, after byte, ok bool) {
	digits, rest, found := bytes.Cut(b, []byte(`\"`))
	if !found || len(rest) == 0 || len(digits) < 2 || digits[0] != 'm' {
		return 0, 0, false
	}
	n, err := strconv.Atoi(string(digits[1:]))
	return n, rest[0], err == nil
}

// event takes any other frame.
func (v *visit) event(payload []byte) error {
	switch {
	case bytes.HasPrefix(payload, []byte(`{"event":"pusher_internal:member_`)):
		return v.told(payload)
	case bytes.HasPrefix(payload, []byte(`{"event":"compare"`)):
		return v.compare()
	case bytes.HasPrefix(payload, []byte(`{"event":"pusher:ping"`)):
		return v.say(`{"event":"pusher:pong","data":{}}`)
	case v.parted.Load() && bytes.Contains(payload, []byte("barrier")):
		v.inside = false
		v.room.news <- nil
		return nil
	}
	return fmt.Errorf("unexpected: %.200s", payload)
}

// told takes member_added and member_removed.
func (v *visit) told(payload []byte) error {
	_, name, _ := bytes.Cut(payload, []byte(`user_id\":\"`))
	n, _, ok := memberName(name)
	switch added := bytes.HasPrefix(payload, []byte(`{"event":"pusher_internal:member_added"`)); {
	case !ok || n == v.number || !v.inside:
		return fmt.Errorf("inside: %v; got %.200s", v.inside, payload)
	case added && !v.seen.add(n):
		return fmt.Errorf("m%d came who was there", n)
	case !added && !v.seen.remove(n):
		return fmt.Errorf("m%d left who was not there", n)
	}
	return nil
}

// compare wants all that is known to be true.
func (v *visit) compare() error {
	if !v.inside || !v.seen.equal(v.room.truth) {
		return fmt.Errorf("inside: %v; knows of %d members, and there are %d", v.inside, v.seen.count(), v.room.truth.count())
	}
	v.room.news <- nil
	return nil
}
