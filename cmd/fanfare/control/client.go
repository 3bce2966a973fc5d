//go:build unix

package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"fanfare/cmd/fanfare/term"
)

// Client speaks to one server over its control socket: on one connection, because
// the next one might be to a successor that has taken over the name.
type Client struct {
	Path string
	http http.Client
}

// errGone is that a client's only connection has ended.
var errGone = errors.New("the server has closed the connection")

// Dial makes a client. It connects when it is first used; Close it.
func Dial(path string) *Client {
	var used atomic.Bool
	only := &http.Transport{
		MaxConnsPerHost: 1,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if used.Swap(true) {
				return nil, errGone
			}
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}
	return &Client{Path: path, http: http.Client{Transport: only}}
}

// Close lets go of the connection.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status asks how the server is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	s, _, err := c.ask(ctx, http.MethodGet, "/status", "")
	return s, err
}

// Drain has the server drain, and reports whether it began or one was under way.
// How, in place of the server's own settings, is in the query: delay and time, in
// seconds.
func (c *Client) Drain(ctx context.Context, query url.Values) (s Status, began bool, err error) {
	s, code, err := c.ask(ctx, http.MethodPost, "/drain?"+query.Encode(), "")
	return s, code == http.StatusAccepted, err
}

// Upgrade has the server begin an upgrade. How far it is, is in Status.
func (c *Client) Upgrade(ctx context.Context, r UpgradeRequest) (Status, error) {
	query := url.Values{}
	if r.Binary != "" {
		query.Set("binary", r.Binary)
	}
	if r.Check {
		query.Set("check", "1")
	}
	s, _, err := c.ask(ctx, http.MethodPost, "/upgrade?"+query.Encode(), "")
	return s, err
}

// Reload has the server read its apps again. What comes of it is in its log.
func (c *Client) Reload(ctx context.Context) error {
	_, _, err := c.ask(ctx, http.MethodPost, "/reload", "")
	return err
}

// SetLogLevel has the server log from that level on: debug, info, warn or error.
func (c *Client) SetLogLevel(ctx context.Context, level string) error {
	_, _, err := c.ask(ctx, http.MethodPut, "/log-level", level)
	return err
}

// maxAnswer bounds what is read of one.
const maxAnswer = 64 << 10

func (c *Client) ask(ctx context.Context, method, target, body string) (s Status, code int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://fanfare"+target, strings.NewReader(body))
	if err != nil {
		return s, 0, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return s, 0, reason(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return s, res.StatusCode, err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return s, res.StatusCode, fmt.Errorf("the server refuses: %.200s", term.Printable(strings.TrimSpace(string(text))))
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, res.StatusCode, fmt.Errorf("%s is no control socket of fanfare: %w", c.Path, err)
	}
	return s, res.StatusCode, nil
}

// reason leaves out the URL, which nobody has asked for, and tells a server that has
// hung up from one that can't be reached.
func reason(ctx context.Context, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" || ctx.Err() != nil || errors.Is(err, errGone) {
		return err
	}
	return fmt.Errorf("%w: %w", errGone, err)
}
