//go:build e2e && linux

package hostile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// asker is a kept-alive connection for requests that are written by hand.
type asker struct {
	server *server
	peer   *peer
	in     *bufio.Reader
	n      int
}

// ask sends one request, and wants one of the statuses. Where the server hangs up after its answer, as it does when it can't
// tell where the request ends, the next request begins a new connection.
func (a *asker) ask(request string, statuses ...int) error {
	if a.peer == nil {
		p, err := a.server.hurl("")
		if err != nil {
			return err
		}
		a.peer, a.in = p, bufio.NewReader(p)
	}
	status, over, err := a.exchange(request)
	if err != nil || over {
		a.end()
	}
	if err != nil {
		return err
	}
	if !slices.Contains(statuses, status) {
		return fmt.Errorf("%.60q was answered with %d, want %v", request, status, statuses)
	}
	return nil
}

func (a *asker) exchange(request string) (status int, over bool, err error) {
	if err := a.peer.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, false, err
	}
	if _, err := io.WriteString(a.peer, request); err != nil {
		return 0, false, err
	}
	answer, err := http.ReadResponse(a.in, nil)
	if err != nil {
		return 0, false, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Close, errors.Join(err, answer.Body.Close())
}

func (a *asker) end() {
	if a.peer != nil {
		a.peer.Close()
		a.peer = nil
	}
}

// forgedRequests publishes with signatures that are wrong.
var forgedRequests = flood{
	name: "publishes with forged signatures", unit: "requests", perSecond: 4000, workers: 8, growth: floodsTogether,
	counted: `fanfare_api_answers_total{status="401"}`,
	setUp: func(s *server, _ int) (*stream, error) {
		a := &asker{server: s}
		body := publication(crowdChannel, "forged", "x", "")
		return &stream{end: a.end, once: func() error {
			a.n++
			query := mallory.signer.SignRequest(http.MethodPost, "/apps/victim/events", nil, body, time.Now())
			if a.n%2 == 0 { // the right key, and the signature of another secret
				query = forgery.SignRequest(http.MethodPost, "/apps/victim/events", nil, body, time.Now())
			}
			return a.ask(fmt.Sprintf("POST /apps/victim/events?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", query, len(body), body), 401)
		}}, nil
	},
}

// smuggled are requests about whose end two readers could disagree. A second request is hidden in each; were it found, the
// answer to it would stay behind and be taken for that of the next.
var smuggled = []string{
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0 \r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /apps/victim/events HTTP/1.1\nHost: x\nContent-Length: 0\n\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /up HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /up HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /up HTTP/1.1\r\nHost: x\r\nX: a\rGET /up HTTP/1.1\r\n\r\n",
	"GET http://a/ http://b/ HTTP/1.1\r\nHost: x\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n",
}

// smuggledRequests wants each refused, and the connection ended: what follows is not to be read.
var smuggledRequests = flood{
	name: "smuggled requests", unit: "requests", perSecond: 1500, workers: 8, growth: floodsTogether, counted: "fanfare_protocol_violations_total",
	setUp: func(s *server, worker int) (*stream, error) {
		a := &asker{server: s, n: worker}
		return &stream{end: a.end, once: func() error {
			a.n++
			if err := a.ask(smuggled[a.n%len(smuggled)], 400, 501); err != nil {
				return err
			}
			if a.peer != nil {
				return fmt.Errorf("the connection goes on after %.100q", smuggled[a.n%len(smuggled)])
			}
			return nil
		}}, nil
	},
}

// fakeLine is what a log must not have.
const fakeLine = "all is well"

// fakedLogLines puts lines of log into whatever the server could come to log.
var fakedLogLines = flood{
	name: "fake lines for the log", unit: "requests", perSecond: 1500, workers: 4, growth: floodsTogether,
	setUp: func(s *server, _ int) (*stream, error) {
		const line = "%0a%7b%22level%22%3a%22INFO%22%2c%22msg%22%3a%22" + "all%20is%20well" + "%22%7d%0a%1b%5b2J"
		a := &asker{server: s}
		requests := []string{
			"GET /app/" + line + "?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
			"GET /" + line + " HTTP/1.1\r\nHost: x\r\n\r\n",
			"GET /apps/" + line + "/channels HTTP/1.1\r\nHost: x\r\nUser-Agent: " + fakeLine + "\r\n\r\n",
			"GET /apps/victim/channels/" + line + "?auth_key=" + line + " HTTP/1.1\r\nHost: x\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: " + fakeLine + "\r\n\r\n",
		}
		return &stream{end: a.end, once: func() error {
			a.n++
			if a.n%len(requests) == 0 { // which is then a WebSocket, to be told why it was refused
				defer a.end()
			}
			return a.ask(requests[a.n%len(requests)], 101, 400, 401, 404)
		}}, nil
	},
}
