package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"fanfare/cmd/fanfare/term"
	"fanfare/protocol/pusher/names"
)

// socket is the little that a follower needs of a WebSocket. Read and Write
// may wait until their context ends; one goroutine reads, another writes.
// Close may be called at any time and ends a Read.
type socket interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, frame []byte) error
	Close()
}

const (
	// handshakeTimeout is for the connection and the server's first frame.
	handshakeTimeout = 30 * time.Second
	// pongTimeout is Pusher's recommendation for clients.
	pongTimeout = 30 * time.Second
	// defaultActivity is used when the server names no activity_timeout.
	defaultActivity = 120 * time.Second
)

// frame is what travels on the socket, in both directions.
type frame struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	UserID  string          `json:"user_id,omitempty"`
}

// session is one connection of a follower. Its fields belong to the goroutine
// that called connectOnce.
type session struct {
	*follower

	socket   socket
	socketID string
	activity time.Duration
	waiting  bool // a ping is unanswered
}

// connectOnce connects, subscribes and prints until the connection ends. Its
// error, never nil, tells how.
func (f *follower) connectOnce(ctx context.Context) error {
	dialing, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	sock, err := f.dial(dialing, f.url)
	if err != nil {
		return dialError{f.tell(withoutURL(err))}
	}
	s := &session{follower: f, socket: sock, activity: handshakeTimeout, waiting: true}
	return s.serve(ctx)
}

// serve reads in a goroutine of its own, which ends before serve returns.
func (s *session) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	frames, lost := make(chan []byte), make(chan error, 1)
	go func() { lost <- s.read(ctx, frames); close(lost) }()
	err := s.loop(ctx, frames, lost)
	cancel()
	s.socket.Close()
	for range lost {
	}
	return err
}

func (s *session) read(ctx context.Context, frames chan<- []byte) error {
	for {
		b, err := s.socket.Read(ctx)
		if err != nil {
			return err
		}
		select {
		case frames <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// loop handles frames, and silence: a ping after activity_timeout, and the end
// if that brings nothing either.
func (s *session) loop(ctx context.Context, frames <-chan []byte, lost <-chan error) error {
	timer := time.NewTimer(s.activity)
	defer timer.Stop()
	for {
		var err error
		select {
		case b := <-frames:
			s.waiting = false
			err = s.handle(ctx, b)
			timer.Reset(s.activity)
		case err = <-lost:
		case <-timer.C:
			err = s.silence(ctx)
			timer.Reset(pongTimeout)
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) silence(ctx context.Context) error {
	if s.waiting {
		return errNoPong
	}
	s.waiting = true
	return s.send(ctx, "pusher:ping", struct{}{})
}

func (s *session) send(ctx context.Context, event string, data any) error {
	d, err := json.Marshal(data)
	if err != nil {
		return err
	}
	b, err := json.Marshal(frame{Event: event, Data: d})
	if err != nil {
		return err
	}
	return s.socket.Write(ctx, b)
}

func parseFrame(b []byte) (f frame, ok bool) {
	err := json.Unmarshal(b, &f)
	return f, err == nil
}

func (s *session) handle(ctx context.Context, b []byte) error {
	f, ok := parseFrame(b)
	if !ok {
		s.note("not a Pusher frame: %s", term.Printable(string(b[:min(len(b), 200)])))
		return nil
	}
	switch f.Event {
	case "pusher:connection_established":
		return s.established(ctx, f)
	case "pusher:ping":
		return s.send(ctx, "pusher:pong", struct{}{})
	case "pusher:pong":
		return nil
	case "pusher:error":
		return s.refused(f)
	case "pusher:subscription_error":
		return nil // pusher:error told the same
	case "pusher_internal:subscription_succeeded":
		s.note("subscribed to %s", term.Printable(f.Channel))
		return nil
	}
	return s.print(event{time.Now(), f})
}

// established subscribes to everything: nobody may ask before this frame.
func (s *session) established(ctx context.Context, f frame) error {
	var hello struct {
		SocketID        string  `json:"socket_id"`
		ActivityTimeout float64 `json:"activity_timeout"`
	}
	if err := json.Unmarshal(f.content(), &hello); err != nil || hello.SocketID == "" {
		return errors.New("the server's first frame names no socket_id")
	}
	s.socketID, s.activity = hello.SocketID, defaultActivity
	if hello.ActivityTimeout > 0 {
		s.activity = min(s.activity, time.Duration(hello.ActivityTimeout*float64(time.Second)))
	}
	for _, ch := range s.channels {
		if err := s.send(ctx, "pusher:subscribe", s.subscription(ch)); err != nil {
			return err
		}
	}
	return nil
}

type subscription struct {
	Channel     string `json:"channel"`
	Auth        string `json:"auth,omitempty"`
	ChannelData string `json:"channel_data,omitempty"`
}

// subscription signs what an application's auth endpoint would sign.
func (s *session) subscription(channel string) subscription {
	sub := subscription{Channel: channel}
	switch kind := names.KindOf(channel); {
	case kind.Presence():
		sub.ChannelData = memberData(s.userID)
		sub.Auth = s.signer.Token(s.socketID, channel, sub.ChannelData)
	case kind.NeedsAuth():
		sub.Auth = s.signer.Token(s.socketID, channel)
	}
	return sub
}

func memberData(userID string) string {
	b, err := json.Marshal(map[string]any{"user_id": userID, "user_info": map[string]string{"name": "fanfare tail"}})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

// refused tells an error. Before the hello it stands for a close with its
// code.
func (s *session) refused(f frame) error {
	var e struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(f.content(), &e) != nil {
		e.Message = string(f.Data)
	}
	if s.socketID == "" && e.Code != nil {
		return &closedError{*e.Code, e.Message}
	}
	s.note("the server says: %s", term.Printable(e.Message))
	return nil
}

// content is the data as JSON: most frames carry it as a string that holds
// JSON, some bare.
func (f frame) content() json.RawMessage {
	if text, ok := f.text(); ok {
		return json.RawMessage(text)
	}
	return f.Data
}

func (f frame) text() (string, bool) {
	var text string
	err := json.Unmarshal(f.Data, &text)
	return text, err == nil
}
