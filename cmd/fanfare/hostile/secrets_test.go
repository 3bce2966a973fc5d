//go:build e2e

package hostile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"fanfare/engine/tlsconn/certs/certstest"
	"fanfare/protocol/pusher/auth"
)

// hush is a word that nobody may read in the log or at the operator's port: it begins every secret of the test, and all that
// clients and applications say to each other.
const hush = "geheim"

// secretive is an app whose secret is one to look for.
var secretive = &app{id: "shy", key: "shy-key", secret: hush + "-secret", signer: auth.NewSigner("shy-key", hush+"-secret")}

const (
	token    = hush + "-metrics-token"
	mistaken = hush + "-mistaken-token"
	userInfo = `{"user_id":"1","user_info":{"name":"` + hush + `-user-info"}}`
)

// secretSettings has a secret wherever the configuration takes one. The database and the webhook's receiver are not there, which
// the log has to tell. It takes the files of certificate and key.
const secretSettings = `
[tls]
enabled = true
port = 0
cert = %q
key = %q
[metrics]
token = "` + token + `"
flight_recorder = true
[log]
level = "debug"
[database]
url = "postgres://fanfare:` + hush + `-database@127.0.0.1:1/apps"
query_timeout = 0.2
[[apps]]
id = "shy"
key = "shy-key"
secret = "` + hush + `-secret"
[[apps.former]]
secret = "` + hush + `-former"
until = 2100-01-01T00:00:00Z
[[apps.webhooks]]
url = "http://127.0.0.1:1/hook?token=` + hush + `-query"
headers = {Authorization = "Bearer ` + hush + `-header"}
private_targets = true
`

// What is secret, and what people say to each other, is in no line of the log, not even at level debug, and in nothing that the
// operator's port shows: neither when all is well nor when it is refused.
func TestSecretsStayOutOfLogAndProfiles(t *testing.T) {
	t.Parallel()
	cert, key := certstest.Write(t, t.TempDir(), "own", certstest.NewAuthority(t).For(t, "localhost"))
	settings := fmt.Sprintf(secretSettings, cert, key)
	s := serveWith(t, settings)
	secrets := append(must(s.talks())(t), hush)
	secrets = append(secrets, strings.Split(string(must(os.ReadFile(key))(t)), "\n")[1:3]...)
	if err := s.rewrite(strings.Replace(settings, `-secret"`, `-secret`, 1), "the configuration was not reloaded"); err != nil {
		t.Fatal(err)
	}
	pages := s.operatorsPages(t)
	for _, want := range []string{
		"connection opened", "connection ended", "connection refused", "subscription refused", "command refused", "request refused",
		`"tls":true`, "a webhook's endpoint fails", "the apps database is away",
	} {
		if err := s.says(want); err != nil {
			t.Error(err)
		}
	}
	pages["log"] = s.Log()
	for name, text := range pages {
		for _, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s has %s: ...%q...", name, secret, text[max(at-200, 0):min(at+100, len(text))])
			}
		}
	}
}

// says waits until a line of the log has words.
func (s *server) says(words string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); !strings.Contains(s.Log(), words); {
		select {
		case <-tick.C:
		case <-timeout:
			return errors.New("the log does not say " + words)
		}
	}
	return nil
}

// talks has a conversation in which everything is said that may be secret, rightly and wrongly. It tells which signatures were
// made for it.
func (s *server) talks() (signatures []string, err error) {
	p, err := s.connect(secretive)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	const private, presence = "private-room", "presence-room"
	signer := secretive.signer
	for _, t := range []string{signer.Token(p.socketID, private), signer.Token(p.socketID, presence, userInfo), signer.UserToken(p.socketID, `{"id":"1"}`)} {
		_, signature, _ := strings.Cut(t, ":")
		signatures = append(signatures, signature)
	}
	wrong := secretive.key + ":" + hush + "-signature"
	err = errors.Join(
		p.join(secretive, private, ""), p.join(secretive, presence, userInfo),
		p.refused(subscribeWith(map[string]string{"channel": "private-other", "auth": wrong}), "Invalid signature"),
		p.refused(subscribeWith(map[string]string{"channel": "presence-other", "auth": wrong, "channel_data": userInfo}), "Invalid signature"),
		p.refused(subscribeWith(map[string]string{"channel": "presence-third", "auth": hush}), ""),
		p.refused(`{"event":"pusher:signin","data":{"auth":"`+wrong+`","user_data":"{\"id\":\"`+hush+`-user\"}"}}`, "Invalid signature"),
		p.refused(`{"event":"client-talk","channel":"private-none","data":"`+hush+`-whisper"}`, ""),
		p.refused(`{"event":"talk","data":"`+hush+`-talk"}`, ""),
		p.refused(`{"event":"`+hush, ""),
		p.say(`{"event":"client-talk","channel":"`+private+`","data":"`+hush+`-whisper"}`),
		s.publishes(&signatures),
		s.knocks(),
	)
	return signatures, err
}

// publishes sends requests to the HTTP API, and what belongs in none.
func (s *server) publishes(signatures *[]string) error {
	const path = "/apps/shy/events"
	var all []error
	send := func(want int, body string, spoil func(query string) string) {
		query := secretive.signer.SignRequest(http.MethodPost, path, nil, []byte(body), time.Now())
		_, signature, _ := strings.Cut(query, "auth_signature=")
		*signatures = append(*signatures, signature)
		status, answer, err := s.callRaw(http.DefaultClient, http.MethodPost, path+"?"+spoil(query), []byte(body))
		if err == nil && status != want {
			err = fmt.Errorf("%s was answered with %d: %s", body, status, answer)
		}
		all = append(all, err)
	}
	right := func(query string) string { return query }
	send(200, `{"name":"e","channel":"private-room","data":"`+hush+`-payload"}`, right)
	send(400, `{"name":"e","channel":"private-room","data":["`+hush+`-payload"}`, right)
	send(400, `{"name":"e","channel":["`+hush+`"],"data":"x"}`, right)
	send(401, `{"name":"`+hush+`","channel":"private-room","data":"x"}`, func(query string) string { return query + "&info=" + hush })
	send(401, `{"name":"`+hush+`","channel":"private-room","data":"x"}`, func(query string) string { return strings.Replace(query, "auth_key=shy", "auth_key="+hush, 1) })
	send(401, `{"name":"`+hush+`","channel":"private-room","data":"x"}`, func(query string) string {
		return strings.Replace(query, "auth_signature=", "auth_signature="+hush, 1)
	})
	return errors.Join(all...)
}

// knocks sends what is refused before anybody is known.
func (s *server) knocks() error {
	for _, text := range []string{
		"GET /app/nobody?protocol=7&token=" + hush + " HTTP/1.1\r\nHost: localhost\r\nCookie: " + hush + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"GET /apps/nobody/channels?auth_signature=" + hush + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + hush + "\r\n\r\n",
		"GET /?" + hush + " HTTP/1.1\r\nCookie: " + hush + "\r\n\r\n",
		"POST /apps/shy/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n" + hush,
	} {
		p, err := s.dial()
		if err != nil {
			return err
		}
		if _, err := io.WriteString(p, text); err != nil {
			return err
		}
		if _, err := p.answer(); err != nil {
			return err
		}
		p.Close()
	}
	return nil
}

// operatorsPages are all that the operator's port has to show, profiles unpacked. It is asked without the token as well.
func (s *server) operatorsPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, path := range []string{
		"/", "/metrics", "/debug/stalls/", "/debug/trace/flight",
		"/debug/pprof/goroutine?debug=1", "/debug/pprof/goroutine?debug=2", "/debug/pprof/goroutine", "/debug/pprof/heap?debug=1", "/debug/pprof/heap",
		"/debug/pprof/allocs?debug=1", "/debug/pprof/threadcreate?debug=1", "/debug/pprof/profile?seconds=1", "/debug/pprof/trace?seconds=1",
	} {
		if status, _ := s.operator(t, path, mistaken); status != http.StatusUnauthorized {
			t.Errorf("GET %s with a wrong token: %d", path, status)
		}
		status, body := s.operator(t, path, token)
		if status != http.StatusOK || len(body) == 0 {
			t.Errorf("GET %s: %d, %d bytes", path, status, len(body))
		}
		pages[path] = string(body)
	}
	return pages
}

// operator asks the operator's port.
func (s *server) operator(t *testing.T, path, token string) (status int, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.metrics+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
		if body, err = io.ReadAll(unpacked); err != nil {
			t.Fatal(err)
		}
	}
	return answer.StatusCode, body
}
