package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/handover"
)

// links are both ends of a talk.
func links(t *testing.T) (old, heir *handover.Link) {
	t.Helper()
	old, file, err := handover.Pair()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if heir, err = handover.Inherited(fd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { old.Close(); heir.Close() })
	return old, heir
}

// donorNode is a node that serves and is to hand over.
func donorNode(t *testing.T, change func(*config.Config)) *succession {
	s := &succession{t: t, old: newNode(t, change), heir: newNode(t, change)}
	s.old.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s.heir.Log = s.old.Log
	if err := s.old.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // whoever serves by then
		if err := s.old.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// One node hands over to the other while clients talk, three times in a row.
func TestHandOver(t *testing.T) {
	hooks := newReceiver(t)
	change := func(c *config.Config) {
		hooked(hooks.URL)(c)
		c.Metrics.Enabled = true
	}
	s := donorNode(t, change)
	metrics, room := s.old.MetricsAddrs, s.fill(20)
	for range 3 {
		s.succeed(len(room))
		s.talk(room)
		if !slices.Equal(s.old.MetricsAddrs, metrics) {
			t.Errorf("metrics are on %v, and were on %v", s.old.MetricsAddrs, metrics)
		}
		if status, _ := get(t, "http://"+metrics[0]+"/metrics"); status != http.StatusOK {
			t.Errorf("metrics are answered with %d", status)
		}
		s.heir = newNode(t, change)
		s.heir.Log = s.old.Log
	}
	told := []string{"channel_occupied presence-room", "channel_occupied private-desk"}
	for range room {
		told = append(told, "member_added presence-room")
	}
	hooks.heard(t, told...)
}

// fill connects so many clients.
func (s *succession) fill(n int) (room []*client) {
	s.t.Helper()
	for i := range n {
		c := s.connect(fmt.Sprint("user-", i))
		for _, before := range room {
			before.hear("pusher_internal:member_added presence-room")
		}
		room = append(room, c)
	}
	return room
}

// succeed has the heir take the old node's place, and be the old one of the next time.
func (s *succession) succeed(clients int) {
	s.t.Helper()
	old, heir := links(s.t)
	if err := s.old.AskUpgrade(control.UpgradeRequest{}); err != nil {
		s.t.Fatal(err)
	}
	before, _ := s.old.upgrading.counts()
	inherited := make(chan error, 1)
	go func() { inherited <- s.heir.Inherit(s.t.Context(), heir) }()
	told := 0
	s.old.Succeeded = func(pid int) { told = pid }
	got, err := s.old.HandOver(s.t.Context(), old, func() { s.t.Error("the new process was ended") })
	if err := errors.Join(err, <-inherited); err != nil {
		s.t.Fatal(err)
	}
	if got.Connections < clients || got.Cut != 0 || got.Bytes == 0 || got.ToPID != os.Getpid() || got.Took < got.Frozen || got.Frozen == 0 {
		s.t.Errorf("the hand-over came to %+v", got)
	}
	if told != got.ToPID {
		s.t.Errorf("the successor is said to be process %d", told)
	}
	if now := s.old.upgrading.now(); now.Step != control.Freezing || now.Moved != got.Connections {
		s.t.Errorf("who asked the old node was told %+v", now)
	}
	if now := s.heir.upgrading.now(); now.Step != control.TakenOver || now.Connections != got.Connections || now.FromPID != got.FromPID {
		s.t.Errorf("who asks the new node is told %+v", now)
	}
	if done, failed := s.heir.upgrading.counts(); done != before+1 || failed != 0 {
		s.t.Errorf("there were %d upgrades, and %d called off; want %d and 0", done, failed, before+1)
	}
	if err := s.old.Close(); err != nil {
		s.t.Error(err)
	}
	s.old = s.heir
}

// talk has each client whisper to all others, and the application speak to all.
func (s *succession) talk(room []*client) {
	s.t.Helper()
	for i, c := range room {
		c.say(`{"event":"client-typing","channel":"private-desk","data":"{}"}`)
		for j, other := range room {
			if i != j {
				other.hear("client-typing private-desk")
			}
		}
	}
	caller := &churn{node: s.old, http: &http.Client{Timeout: churnPatience, Transport: &http.Transport{DisableKeepAlives: true}}}
	if err := caller.call(http.MethodPost, "/apps/app-id/events", []byte(`{"name":"news","channels":["presence-room"],"data":"{}"}`)); err != nil {
		s.t.Fatal(err)
	}
	for _, c := range room {
		c.hear("news presence-room")
	}
}

// What can't be taken over is refused with the reason, and the node goes on.
func TestHandOverIsRefused(t *testing.T) {
	f := func(change func(*config.Config), want string) {
		t.Helper()
		s := donorNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
		c := s.connect("anna")
		change(&s.heir.Config)
		old, heir := links(t)
		inherited, ended := make(chan error, 1), false
		go func() { inherited <- s.heir.Inherit(t.Context(), heir) }()
		_, err := s.old.HandOver(t.Context(), old, func() { ended = true })
		if err == nil || !strings.Contains(err.Error(), want) || !ended {
			t.Errorf("HandOver says %v, want %q; ended: %v", err, want, ended)
		}
		if err := <-inherited; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Inherit says %v, want %q", err, want)
		}
		c.say(`{"event":"pusher:ping","data":{}}`)
		c.hear("pusher:pong")
	}
	f(func(c *config.Config) { c.Server.Port = 7001 }, "server.port is 7001 now")
	f(func(c *config.Config) { c.Server.Host = "127.0.0.1" }, "server.host is")
	f(func(c *config.Config) { c.TLS.Enabled, c.TLS.Port = true, 7002 }, "tls.enabled is true now")
	f(func(c *config.Config) { c.TLS.Enabled, c.TLS.Port = true, 0 }, "tls.enabled is true now")
	f(func(c *config.Config) { c.Webhooks.Dir = "/dev/null/x" }, "webhooks.dir")
}

// A new process that has too little room is not given anything.
func TestTooLittleRoom(t *testing.T) {
	s := donorNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
	room := s.fill(3)
	s.heir.Config.Server.MaxConnections = 2
	old, heir := links(t)
	inherited := make(chan error, 1)
	go func() { inherited <- s.heir.Inherit(t.Context(), heir) }()
	_, err := s.old.HandOver(t.Context(), old, func() { old.Close() })
	if want := "room for 2 connections, and 3 are open"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("HandOver says %v, want %q", err, want)
	}
	if err := <-inherited; err == nil || !strings.Contains(err.Error(), "has called the upgrade off") {
		t.Errorf("Inherit says %v, want that the upgrade is called off", err)
	}
	s.talk(room)
}

// A new process that is told what only a later version says refuses, and the old one has
// everything still.
func TestUnknownMessage(t *testing.T) {
	s := donorNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
	room := s.fill(2)
	old, heir := links(t)
	inherited := make(chan error, 1)
	go func() { inherited <- s.heir.Inherit(t.Context(), heir) }()
	d := newDonor(s.old, old)
	if err := d.introduce(false); err != nil {
		t.Fatal(err)
	}
	if err := old.Send(&handover.Message{}, answerTime); err != nil { // which is all that is left of it
		t.Fatal(err)
	}
	const want = "says what this version does not expect"
	if _, err := d.hear(answerTime); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the old process hears %v, want %q", err, want)
	}
	if err := <-inherited; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Inherit says %v, want %q", err, want)
	}
	s.talk(room)
}

// A process that is to end calls the upgrade off, and does not wait for the other.
func TestEndInTheMiddle(t *testing.T) {
	s := donorNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
	room := s.fill(2)
	old, _ := links(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.old.HandOver(ctx, old, func() { old.Close() }); !errors.Is(err, errEnding) {
		t.Errorf("HandOver says %v, want %v", err, errEnding)
	}
	s.talk(room)
}

// Whether it could be is asked without anything being handed over.
func TestCheckHandOver(t *testing.T) {
	s := donorNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
	old, heir := links(t)
	checked := make(chan error, 1)
	s.heir.Version = "next"
	go func() { checked <- s.heir.Inherit(t.Context(), heir) }()
	if got, err := s.old.CheckHandOver(old); err != nil || got.ToVersion != "next" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := <-checked; !errors.Is(err, ErrChecked) {
		t.Error(err)
	}
	c := s.connect("anna")
	c.say(`{"event":"pusher:ping","data":{}}`)
	c.hear("pusher:pong")
}

// A new process that dies on the way leaves the node as it was, wherever that is.
func TestSuccessorDies(t *testing.T) {
	for _, after := range []string{"offer", "hello", "loans", "streams"} {
		t.Run(after, func(t *testing.T) {
			s := donorNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
			a := s.connect("anna")
			b := s.connect("bert")
			a.hear("pusher_internal:member_added presence-room")
			old, heir := links(t)
			died := make(chan error, 1)
			go func() { died <- dieAfter(heir, after) }()
			_, err := s.old.HandOver(t.Context(), old, func() {})
			if err := <-died; err != nil {
				t.Fatal(err)
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("HandOver says %v, want that nobody answers", err)
			}
			a.say(`{"event":"client-typing","channel":"private-desk","data":"{}"}`)
			b.hear("client-typing private-desk")
			c := s.connect("carl")
			a.hear("pusher_internal:member_added presence-room")
			c.Close()
			a.hear("pusher_internal:member_removed presence-room")
			b.Close()
			a.hear("pusher_internal:member_removed presence-room")
		})
	}
}

// dieAfter plays a new process that dies when it has heard so much.
func dieAfter(link *handover.Link, last string) error {
	defer link.Close()
	for {
		m, descriptors, err := link.Receive(answerTime)
		if err != nil {
			return err
		}
		handover.CloseAll(descriptors)
		switch {
		case m.Offer != nil:
			if last == "offer" {
				return nil
			}
			err = link.Send(&handover.Message{Hello: &handover.Hello{}}, answerTime)
			if last == "hello" {
				return err
			}
		case m.Loans != nil:
			if last == "loans" {
				return nil
			}
			err = link.Send(&handover.Message{Taken: &handover.Taken{}}, answerTime)
		case m.Streams != nil:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// A new process that the old one could not end, as it had been started by something else, does not serve when the old one calls
// the upgrade off, whether it hears that or not.
func TestSuccessorLivesOn(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprint("deaf:", deaf), func(t *testing.T) {
			t.Parallel()
			livesOn(t, deaf)
		})
	}
}

func livesOn(t *testing.T, deaf bool) {
	s := donorNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
	a := s.connect("anna")
	old, middle := links(t)
	other, heir := links(t)
	inherited, relayed := make(chan error, 1), make(chan error, 2)
	go func() { inherited <- s.heir.Inherit(t.Context(), heir) }()
	go func() {
		relayed <- relay(middle, other, func(m *handover.Message) bool { return deaf && m.CalledOff != nil })
	}()
	go func() { relayed <- relay(other, middle, func(m *handover.Message) bool { return m.Prepared != nil }) }()
	if _, err := s.old.HandOver(t.Context(), old, func() {}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("HandOver says %v, want that nobody answers", err)
	}
	if err := errors.Join(old.Close(), <-relayed, other.Close()); err != nil {
		t.Error(err)
	}
	if err := <-inherited; err == nil || errors.Is(err, io.EOF) != deaf {
		t.Errorf("Inherit says %v", err)
	}
	a.say(`{"event":"pusher:ping","data":{}}`)
	a.hear("pusher:pong")
}

// As long as a webhook's receiver takes over an answer newcomers are served, and the new process waits.
func TestHandOverWaitsForWebhooks(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	tell, let := sync.OnceFunc(func() { close(asked) }), sync.OnceFunc(func() { close(answer) })
	hooks := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		tell()
		<-answer
	}))
	t.Cleanup(hooks.Close)
	s := donorNode(t, func(c *config.Config) {
		hooked(hooks.URL)(c)
		c.Webhooks.Timeout = time.Minute
	})
	t.Cleanup(let) // before the nodes end
	s.connect("anna")
	<-asked
	old, middle := links(t)
	other, heir := links(t)
	inherited, relayed, still := make(chan error, 1), make(chan error, 2), make(chan bool, 100)
	go func() { inherited <- s.heir.Inherit(t.Context(), heir) }()
	go func() {
		relayed <- relay(middle, other, func(m *handover.Message) bool {
			if m.Loans != nil && len(m.Loans.Handles) == 0 {
				still <- true
			}
			return false
		})
	}()
	go func() { relayed <- relay(other, middle, func(*handover.Message) bool { return false }) }()
	handed := make(chan error, 1)
	go func() {
		_, err := s.old.HandOver(t.Context(), old, func() {})
		handed <- err
	}()
	for range 2 {
		<-still
		c, err := (&churn{node: s.old}).connect()
		if err != nil {
			t.Fatalf("a newcomer: %v", err)
		}
		c.Close()
	}
	let()
	if err := errors.Join(<-handed, <-inherited); err != nil {
		t.Fatal(err)
	}
	if err := s.old.Close(); err != nil {
		t.Error(err)
	}
	s.old = s.heir
}

// relay passes on what one says to the other, but for what is held back, until it has nothing more to say.
func relay(from, to *handover.Link, holdsBack func(*handover.Message) bool) error {
	for {
		m, descriptors, err := from.Receive(startTime)
		if err != nil {
			return nil //nolint:nilerr // it has ended the talk
		}
		if !holdsBack(m) {
			err = to.Send(m, answerTime, descriptors...)
		}
		handover.CloseAll(descriptors)
		switch {
		case errors.Is(err, io.EOF):
			return nil // nobody hears it any more
		case err != nil:
			return err
		}
	}
}
