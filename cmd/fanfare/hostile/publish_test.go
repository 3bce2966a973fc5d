//go:build e2e

package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"fanfare/protocol/pusher/auth"
)

// kept is an HTTP client that keeps its connections.
func kept(conns int) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{MaxConnsPerHost: conns, MaxIdleConnsPerHost: conns}}
}

// publication is the body of POST /events.
func publication(channel, name, data, exceptSocket string) []byte {
	event := map[string]any{"name": name, "channels": []string{channel}, "data": data}
	if exceptSocket != "" {
		event["socket_id"] = exceptSocket
	}
	b, err := json.Marshal(event)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

// publish publishes an event and wants a 200.
func (s *server) publish(client *http.Client, a *app, body []byte) error {
	status, answer, err := s.call(client, a, http.MethodPost, "/apps/"+a.id+"/events", nil, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("publish was answered with %d: %s", status, answer)
	}
	return err
}

// call sends a request to the HTTP API, signed by an app.
func (s *server) call(client *http.Client, a *app, method, path string, params []auth.Param, body []byte) (int, []byte, error) {
	query := a.signer.SignRequest(method, path, params, body, time.Now())
	return s.callRaw(client, method, path+"?"+query, body)
}

func (s *server) callRaw(client *http.Client, method, target string, body []byte) (int, []byte, error) {
	request, err := http.NewRequest(method, "http://"+s.addr+target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}
