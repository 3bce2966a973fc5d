package webhooks

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"fanfare/channels/apps"
)

const (
	userAgent = "Fanfare-Webhooks"

	// What is read of an answer, and for how long once its status is there: that
	// is all that matters, but a connection is used again only when the rest has
	// been read. One that takes longer is closed.
	maxAnswer       = 16 << 10
	maxAnswerHeader = 64 << 10
	maxDrain        = time.Second

	dialTimeout = 5 * time.Second
	idleTimeout = 90 * time.Second
)

// courier makes the requests. Guarded and open webhooks have connections of
// their own: a guarded one must not find an open one's in the pool.
type courier struct {
	guarded, open *http.Client
}

func newCourier(cfg *Config) *courier {
	control := guard
	if cfg.AllowPrivate || cfg.Proxy != nil {
		control = nil
	}
	return &courier{
		guarded: newClient(cfg, &net.Dialer{Timeout: dialTimeout, Control: control}),
		open:    newClient(cfg, &net.Dialer{Timeout: dialTimeout}),
	}
}

func newClient(cfg *Config, d *net.Dialer) *http.Client {
	t := &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // nothing is to be unpacked
		MaxIdleConns:           cfg.Requests,
		MaxIdleConnsPerHost:    cfg.Parallel,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
	}
	if cfg.Proxy != nil {
		t.Proxy = http.ProxyURL(cfg.Proxy)
	}
	return &http.Client{
		Transport: t,
		// A redirect is no 2xx. Followed, it would lead a signed body to wherever
		// the receiver likes.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends a body and returns nil for any 2xx. It takes as long as ctx lets
// it. The error names neither the URL nor anything that the receiver wrote.
func (c *courier) post(ctx context.Context, app *apps.App, hook *apps.Webhook, body []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook's url is not a URL") // the error would repeat it
	}
	req.Header.Set("User-Agent", userAgent)
	for name, value := range hook.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json") // no charset: libraries compare the whole
	req.Header.Set("X-Pusher-Key", app.Key)
	req.Header.Set("X-Pusher-Signature", sign(app.Secret, body))
	resp, err := c.client(hook).Do(req)
	switch u := (*url.Error)(nil); {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("it did not answer in time (webhooks.timeout)")
	case errors.As(err, &u):
		return u.Err // without the URL, whose query may be a secret
	default:
		return err
	}
	drain(resp.Body, cancel)
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered with status %d: any 2xx is success", resp.StatusCode)
	}
	return nil
}

// drain reads the rest of an answer so that the connection can be used again,
// if that takes neither long nor much.
func drain(body io.Reader, giveUp func()) {
	defer time.AfterFunc(maxDrain, giveUp).Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxAnswer))
}

func (c *courier) client(hook *apps.Webhook) *http.Client {
	if hook.PrivateTargets {
		return c.open
	}
	return c.guarded
}

// close gives up the connections that nobody uses. Requests must be over.
func (c *courier) close() {
	c.guarded.CloseIdleConnections()
	c.open.CloseIdleConnections()
}
