package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/term"
)

// checking is one run of the health command.
type checking struct {
	TargetFlags

	timeout time.Duration
}

// HealthCommand is `fanfare health`.
func HealthCommand() *command.Command {
	h := &checking{}
	fs := command.NewFlags("health")
	h.registerServer(fs)
	fs.DurationVar(&h.timeout, "timeout", 2*time.Second, "`TIME` that the server has to answer (default: 2s)")
	return &command.Command{
		Name:  "health",
		Short: "ask a server whether it is ready for clients",
		Long: "Asks for /ready, prints the answer, and exits with 0 when the server is ready, and with 1 when it starts, stops, or " +
			"does not answer: a health check for containers, in which there is no other program. Of a server that speaks TLS the " +
			"certificate is not checked: it bears the name that clients know, and not this machine's.",
		Examples: []string{"health", "health --url https://localhost:6001 --timeout 500ms"},
		Flags:    fs,
		Groups:   []command.Group{{Title: "Server", Names: []string{"url", "config", "apps-file", "timeout"}}},
		Run:      h.run,
	}
}

func (h *checking) run(ctx context.Context, c *command.Process, _ []string) error {
	if h.timeout <= 0 {
		return command.Usagef("--timeout %v: want more than 0", h.timeout)
	}
	l, err := config.Load(config.Sources{Env: c.Env, File: h.config, Apps: h.apps})
	if err != nil {
		return err
	}
	base, err := h.baseURL(c.Env, &l.Config)
	if err != nil {
		return err
	}
	var proxies []netip.Prefix
	if l.Server.ProxyProtocol {
		if proxies, err = l.Server.TrustedNetworks(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	answer, err := askReady(ctx, base, proxies)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Stdout, answer)
	return err
}

// askReady asks the server for /ready, and gives the answer of one that is. From
// addresses in proxies a server wants a PROXY header first.
func askReady(ctx context.Context, base *url.URL, proxies []netip.Prefix) (string, error) {
	client := &http.Client{
		Transport: &http.Transport{
			DialContext:       headerDialer(proxies).dial,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // said in the help
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("ready").String(), http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s does not answer: %w", base, reason(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 200))
	if err != nil {
		return "", fmt.Errorf("%s does not answer to the end: %w", base, err)
	}
	answer := term.Printable(string(bytes.TrimSpace(body)))
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s is not ready: %s: %s", base, resp.Status, answer)
	}
	return answer, nil
}

// reason leaves out what package net/http says about the request.
func reason(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// headerDialer begins connections from these networks with a PROXY header that
// says nothing.
type headerDialer []netip.Prefix

func (proxies headerDialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	from, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	for _, p := range proxies {
		if p.Contains(from.Addr().Unmap()) {
			_, err = io.WriteString(conn, "PROXY UNKNOWN\r\n")
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
