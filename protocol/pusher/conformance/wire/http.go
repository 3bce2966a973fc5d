package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxBody bounds an answer of the HTTP API.
const maxBody = 4 << 20

// Response is one answer, read completely.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// HTTPConn is one kept-alive HTTP/1.1 connection.
type HTTPConn struct {
	addr string
	tcp  *net.TCPConn
	r    *bufio.Reader
	sent []string // methods of the requests not yet answered
}

// DialHTTP connects to addr. The context must have a deadline; it ends every
// read and write on the connection.
func DialHTTP(ctx context.Context, addr string) (*HTTPConn, error) {
	tcp, err := dialTCP(ctx, addr)
	if err != nil {
		return nil, err
	}
	return &HTTPConn{addr: addr, tcp: tcp, r: bufio.NewReader(tcp)}, nil
}

// Close closes the TCP connection.
func (c *HTTPConn) Close() error { return c.tcp.Close() }

// Do sends r and reads its answer.
func (c *HTTPConn) Do(r Request) (Response, error) {
	if err := c.Send(r); err != nil {
		return Response{}, err
	}
	return c.Receive()
}

// Send writes requests back to back in one write, which is pipelining when
// there are several. Each needs a call of Receive.
func (c *HTTPConn) Send(requests ...Request) error {
	var out strings.Builder
	for _, r := range requests {
		out.WriteString(r.encode(c.addr))
		c.sent = append(c.sent, r.Method)
	}
	_, err := io.WriteString(c.tcp, out.String())
	return err
}

// Receive reads the answer to the oldest request that has none yet.
func (c *HTTPConn) Receive() (Response, error) {
	if len(c.sent) == 0 {
		return Response{}, errors.New("no request is waiting for an answer")
	}
	method := c.sent[0]
	c.sent = c.sent[1:]
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return Response{}, fmt.Errorf("cannot read the answer: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to lose: read to the end below
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return Response{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}, err
}

func (r Request) encode(host string) string {
	target := r.Path
	if len(r.Query) > 0 {
		pairs := make([]string, len(r.Query))
		for i, p := range r.Query {
			pairs[i] = url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value)
		}
		target += "?" + strings.Join(pairs, "&")
	}
	lines := append([]string{r.Method + " " + target + " HTTP/1.1", "Host: " + host}, r.Header...)
	if r.Body != "" || r.Method == http.MethodPost {
		if !slices.ContainsFunc(r.Header, func(line string) bool { return strings.HasPrefix(line, "Content-Type:") }) {
			lines = append(lines, "Content-Type: application/json")
		}
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(r.Body)))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + r.Body
}
