//go:build linux

package loadgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

func (c *Client) ready(events uint32) {
	if err := c.serve(events); err != nil {
		c.end(err)
	}
}

func (c *Client) serve(events uint32) error {
	if events&unix.EPOLLOUT != 0 {
		if err := c.flush(); err != nil {
			return err
		}
	}
	if events&^uint32(unix.EPOLLOUT) == 0 {
		return nil
	}
	b, err := c.read()
	if err != nil {
		return err
	}
	return c.take(b)
}

// take serves what was read.
func (c *Client) take(b []byte) error {
	if !c.upgraded {
		n, err := c.target.checkUpgrade(b)
		if n == 0 || err != nil {
			c.keep(b)
			return err
		}
		c.upgraded = true
		b = b[n:]
	}
	return c.frames(b)
}

// frames serves the whole frames in b and keeps the rest. A callback may have
// closed the connection.
func (c *Client) frames(b []byte) error {
	for c.Alive() {
		f, n, size, err := parseFrame(b)
		switch {
		case err != nil:
			return err
		case n == 0 && size > readBytes:
			return errTooLong
		case n == 0:
			c.keep(b)
			return nil
		}
		if err := c.frame(f); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (c *Client) frame(f frame) error {
	switch f.opcode {
	case opText:
		return c.text(f.payload)
	case opPing:
		c.put(appendFrame(nil, opPong, f.payload))
		return nil
	case opPong:
		return nil
	case opClose:
		return c.closing(f.payload)
	}
	return fmt.Errorf("frame of opcode 0x%x", f.opcode)
}

// closing takes the payload of a close frame.
func (c *Client) closing(payload []byte) error {
	if len(payload) < 2 {
		c.farewell = 1005 // RFC 6455 section 7.1.5: no status code was given
		return errors.New("closed without a code")
	}
	c.farewell = int(binary.BigEndian.Uint16(payload))
	return c.target.refused("closed with", c.farewell, payload[2:])
}

func (c *Client) text(payload []byte) error {
	switch {
	case bytes.Contains(payload, []byte(`"pusher:ping"`)):
		c.Send([]byte(`{"event":"pusher:pong","data":{}}`))
	case bytes.Contains(payload, []byte(`"pusher:error"`)), bytes.Contains(payload, []byte(`"pusher:subscription_error"`)):
		return c.target.refused("server sent error", codeOf(payload), payload)
	case !c.greeted && bytes.Contains(payload, []byte(`"pusher:connection_established"`)):
		return c.greet(payload)
	case c.Text != nil:
		c.Text(payload)
	}
	return nil
}

func (c *Client) greet(hello []byte) error {
	if c.socketID = socketIDOf(hello); c.socketID == "" {
		return errors.New("the server's hello has no socket_id")
	}
	c.greeted = true
	if c.Opened != nil {
		c.Opened()
	}
	return nil
}

// Deafen stops reading: what comes stays in the kernel until its buffers and
// then the server's are full. Nothing tells when the connection ends.
func (c *Client) Deafen() {
	if !c.Alive() || c.deaf {
		return
	}
	c.deaf = true
	// Not watched at all: a reset would be told on every turn.
	if err := c.watch(unix.EPOLL_CTL_DEL, 0); err != nil {
		c.end(err)
	}
}

// Listen reads again, at full speed.
func (c *Client) Listen() {
	if !c.Alive() || !c.deaf {
		return
	}
	c.deaf = false
	if err := c.watch(unix.EPOLL_CTL_ADD, unix.EPOLLIN); err != nil {
		c.end(err)
	}
}

// Sip reads at most n bytes, whether the client is deaf or not.
func (c *Client) Sip(n int) {
	if !c.Alive() {
		return
	}
	b, err := c.readUpTo(n)
	if err == nil {
		err = c.take(b)
	}
	if err != nil {
		c.end(err)
	}
}
