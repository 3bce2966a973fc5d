package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"fanfare/cmd/fanfare/command"
	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/names"
)

// tailing is one run of the tail command.
type tailing struct {
	TargetFlags

	json   bool
	userID string
}

// TailCommand is fanfare tail.
func TailCommand() *command.Command {
	t := &tailing{}
	fs := command.NewFlags("tail")
	t.Register(fs)
	fs.BoolVar(&t.json, "json", false, "print each event as one JSON object")
	fs.StringVar(&t.userID, "user-id", "", "`ID` to join presence channels with (default: one of its own)")
	return &command.Command{
		Name:    "tail",
		Args:    "CHANNEL...",
		MinArgs: 1,
		MaxArgs: -1,
		Short:   "subscribe, and print events as they arrive",
		Long: "Prints one line per event: time, channel, event, data. Private and presence channels are " +
			"authorised with the app's secret; on a presence channel tail is a member that others see. Data on " +
			"private-encrypted channels is printed as it travels. Reconnects when the connection is lost, as the " +
			"server's close code asks. Ctrl-C ends it.",
		Examples: []string{
			"tail my-channel",
			"tail private-orders presence-room",
			"tail my-channel --json | jq .data",
			"tail my-channel --url wss://ws.example.com --key abc",
		},
		Flags:  fs,
		Groups: []command.Group{{Title: "Output", Names: []string{"json", "user-id"}}, TargetGroup},
		Run:    t.run,
	}
}

func (t *tailing) run(ctx context.Context, c *command.Process, channels []string) error {
	to, err := t.Resolve(c.Env)
	if err != nil {
		return err
	}
	to.version = c.Version
	if err := to.Need("tail", map[string]string{"key": to.Key}); err != nil {
		return err
	}
	for _, ch := range channels {
		if names.KindOf(ch).NeedsAuth() {
			err = errors.Join(err, to.Need("tail "+ch, map[string]string{"secret": to.Secret}))
		}
	}
	if err != nil {
		return err
	}
	return t.follower(c, to, channels).follow(ctx)
}

func (t *tailing) follower(c *command.Process, to Target, channels []string) *follower {
	user := t.userID
	if user == "" {
		user = fmt.Sprintf("fanfare-tail-%06x", rand.N(1<<24))
	}
	return &follower{
		url:      to.socketURL(),
		dial:     to.dialSocket,
		tell:     to.tell,
		signer:   auth.NewSigner(to.Key, to.Secret),
		channels: channels,
		userID:   user,
		notes:    c.Stderr,
		print:    eventPrinter(c, t.json),
	}
}

// socketURL is where clients of the app connect.
func (t Target) socketURL() string {
	ws := "ws" + strings.TrimPrefix(t.Base.Scheme, "http")
	return ws + "://" + t.Base.Host + t.Base.EscapedPath() + "/app/" + t.Key +
		"?protocol=7&client=fanfare-tail&version=" + url.QueryEscape(t.version)
}

// follower keeps subscriptions alive over as many connections as it takes.
type follower struct {
	url      string
	dial     func(ctx context.Context, url string) (socket, error)
	tell     func(error) error // words a failure to connect
	signer   *auth.Signer
	channels []string
	userID   string
	notes    io.Writer
	print    func(event) error
	retry    retry
	told     string // the failure to connect that was told last; "" once connected
}

// follow runs until ctx ends, which is no error, or until the server says not
// to come back.
func (f *follower) follow(ctx context.Context) error {
	for {
		begin := time.Now()
		err := f.connectOnce(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // Ctrl-C is how tail ends
		}
		wait, again := f.retry.after(err, time.Since(begin))
		if !again {
			return err
		}
		f.tellLost(err, wait)
		if !pause(ctx, wait) {
			return nil
		}
	}
}

// tellLost says why there is no connection. A failure that comes again is told
// in few words.
func (f *follower) tellLost(err error, wait time.Duration) {
	failure := ""
	if _, failed := errors.AsType[dialError](err); failed {
		failure = err.Error()
	}
	if failure != "" && failure == f.told {
		f.note("still trying; again %s", whenText(wait))
	} else {
		f.note("%v; reconnecting %s", err, whenText(wait))
	}
	f.told = failure
}

func whenText(wait time.Duration) string {
	if wait == 0 {
		return "at once"
	}
	return "in " + wait.String()
}

func (f *follower) note(format string, args ...any) {
	_, _ = fmt.Fprintf(f.notes, "fanfare: "+format+"\n", args...)
}

// pause waits, and reports false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
