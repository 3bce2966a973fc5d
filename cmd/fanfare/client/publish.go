package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/term"
	"fanfare/protocol/pusher/auth"
)

const (
	publishTimeout = 30 * time.Second
	// maxStdin bounds what "-" reads: no server takes an event this large.
	maxStdin = 64 << 20
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 1 << 20
)

// publishing is one run of the publish command.
type publishing struct {
	TargetFlags

	socketID string
	info     string
}

// PublishCommand is fanfare publish.
func PublishCommand() *command.Command {
	p := &publishing{}
	fs := command.NewFlags("publish")
	p.Register(fs)
	fs.StringVar(&p.socketID, "socket-id", "", "`ID` of a connection that is to get nothing (Laravel's toOthers)")
	fs.StringVar(&p.info, "info", "", "`ATTRIBUTES` of the channel to print: subscription_count, user_count, or both with a comma")
	return &command.Command{
		Name:    "publish",
		Args:    "CHANNEL EVENT DATA",
		MinArgs: 3,
		MaxArgs: 3,
		Short:   "publish one event through the HTTP API",
		Long: "Publishes one event, signed with the app's secret, as an application's server library would. " +
			"DATA is sent as it is, usually JSON; - reads it from standard input.",
		Examples: []string{
			`publish my-channel my-event '{"hello":"world"}'`,
			`publish presence-room notice '{"text":"hi"}' --info user_count`,
			`publish my-channel my-event - <event.json`,
			`publish my-channel my-event '{}' --url https://ws.example.com`,
		},
		Flags:  fs,
		Groups: []command.Group{{Title: "Event", Names: []string{"socket-id", "info"}}, TargetGroup},
		Run:    p.run,
	}
}

func (p *publishing) run(ctx context.Context, c *command.Process, args []string) error {
	to, err := p.Resolve(c.Env)
	if err != nil {
		return err
	}
	to.version = c.Version
	if err := to.Need("publish", map[string]string{"app-id": to.AppID, "key": to.Key, "secret": to.Secret}); err != nil {
		return err
	}
	body, err := p.body(c.Stdin, args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	answer, err := to.post(ctx, "events", body)
	if err != nil {
		return err
	}
	if p.info != "" {
		_, err = fmt.Fprintf(c.Stdout, "%s\n", answer)
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "published %s on %s\n", term.Printable(args[1]), term.Printable(args[0]))
	return err
}

// body is the JSON of POST /apps/ID/events.
func (p *publishing) body(stdin io.Reader, args []string) ([]byte, error) {
	data := args[2]
	if data == "-" {
		read, err := io.ReadAll(io.LimitReader(stdin, maxStdin))
		if err != nil {
			return nil, fmt.Errorf("cannot read standard input: %w", err)
		}
		data = strings.TrimSuffix(string(read), "\n")
	}
	return json.Marshal(struct {
		Name     string `json:"name"`
		Channel  string `json:"channel"`
		Data     string `json:"data"`
		SocketID string `json:"socket_id,omitempty"`
		Info     string `json:"info,omitempty"`
	}{args[1], args[0], data, p.socketID, p.info})
}

// post sends one signed request to the app's HTTP API. The signature covers
// the path without the prefix, as the server libraries do it.
func (t Target) post(ctx context.Context, method string, body []byte) ([]byte, error) {
	path := "/apps/" + t.AppID + "/" + method
	query := auth.NewSigner(t.Key, t.Secret).SignRequest(http.MethodPost, path, nil, body, time.Now())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.at("/apps/"+url.PathEscape(t.AppID)+"/"+method, query), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Pusher-Library", "fanfare "+t.version)
	res, err := t.httpClient().Do(req)
	if err != nil {
		return nil, t.tell(withoutURL(err))
	}
	defer res.Body.Close() //nolint:errcheck // nothing is written to it
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, t.tell(err)
	}
	return checkAnswer(res, bytes.TrimSpace(answer))
}

// at is the URL of an escaped path below the base.
func (t Target) at(path, query string) string {
	return t.Base.Scheme + "://" + t.Base.Host + t.Base.EscapedPath() + path + "?" + query
}

func checkAnswer(res *http.Response, answer []byte) ([]byte, error) {
	if res.StatusCode == http.StatusOK {
		return answer, nil
	}
	text := term.Printable(string(answer))
	if text == "" {
		text = "(no text)"
	}
	return nil, fmt.Errorf("the server refused with %s: %s", res.Status, text)
}

// withoutURL drops net/http's repetition of the URL, which holds a signature.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
