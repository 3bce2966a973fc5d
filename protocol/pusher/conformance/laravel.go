package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/nacl/secretbox"

	"fanfare/protocol/pusher/conformance/wire"
)

// laravel plays the application: its auth endpoint, and its broadcasts as
// Laravel's driver sends them through Pusher's PHP library.
type laravel struct {
	t    *T
	app  wire.App
	addr string // of the endpoint

	mu   sync.Mutex
	asks []authRequest // guarded by mu
}

// authRequest is what a client sent to the auth endpoint.
type authRequest struct{ socket, channel string }

// refusedPart in a channel's name makes the endpoint sign with a wrong secret.
const refusedPart = "-refused-"

// masterKey is the application's key for encrypted channels.
var masterKey = strings.Repeat("k", 32)

// laravel starts an application for the main app.
func (t *T) laravel() *laravel {
	l := &laravel{t: t, app: t.apps[mainApp]}
	l.addr = t.serve(http.HandlerFunc(l.authorize))
	return l
}

// authorize is POST /broadcasting/auth and /broadcasting/user-auth. The user is
// who the bearer token says: "user-7" is user 7.
func (l *laravel) authorize(w http.ResponseWriter, r *http.Request) {
	user, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer user-")
	ask := authRequest{r.PostFormValue("socket_id"), r.PostFormValue("channel_name")}
	if !ok || r.Method != http.MethodPost || !socketID.MatchString(ask.socket) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	answer := map[string]string{}
	switch r.URL.Path {
	case "/broadcasting/auth":
		l.mu.Lock()
		l.asks = append(l.asks, ask)
		l.mu.Unlock()
		answer = l.answer(ask, user)
	case "/broadcasting/user-auth":
		answer = l.identify(ask.socket, user)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, encode(answer)) // a client that is gone has no use for it
}

// identify answers as the callback of resolveAuthenticatedUserUsing has Laravel
// do it.
func (l *laravel) identify(socket, user string) map[string]string {
	data := encode(map[string]any{"id": user, "user_info": userInfo(user)})
	return map[string]string{"auth": userToken(l.app, socket, data), "user_data": data}
}

func (l *laravel) answer(ask authRequest, user string) map[string]string {
	app := l.app
	if strings.Contains(ask.channel, refusedPart) {
		app.Secret = "another secret"
	}
	if strings.HasPrefix(ask.channel, "presence-") {
		data := member(user, userInfo(user))
		return map[string]string{"auth": app.Token(ask.socket, ask.channel, data), "channel_data": data}
	}
	out := map[string]string{"auth": app.Token(ask.socket, ask.channel, "")}
	if strings.HasPrefix(ask.channel, "private-encrypted-") {
		key := channelKey(ask.channel)
		out["shared_secret"] = base64.StdEncoding.EncodeToString(key[:])
	}
	return out
}

// userInfo is what the application's channel callback returns for a user.
func userInfo(user string) map[string]any {
	id, _ := strconv.Atoi(user)
	return map[string]any{"id": id, "name": "User " + user}
}

// asked returns the sockets that asked for a channel so far.
func (l *laravel) asked(channel string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sockets []string
	for _, a := range l.asks {
		if a.channel == channel {
			sockets = append(sockets, a.socket)
		}
	}
	return sockets
}

func channelKey(channel string) [32]byte { return sha256.Sum256([]byte(channel + masterKey)) }

// seal encrypts an event's data for an encrypted channel.
func seal(channel, data string) string {
	var nonce [24]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	key := channelKey(channel)
	return encode(map[string]string{
		"nonce":      base64.StdEncoding.EncodeToString(nonce[:]),
		"ciphertext": base64.StdEncoding.EncodeToString(secretbox.Seal(nil, []byte(data), &nonce, &key)),
	})
}

// broadcast publishes one event: at most 100 channels to a request, as
// Laravel does it. An exclude that is not empty is toOthers().
func (l *laravel) broadcast(name, data, exclude string, channels ...string) {
	for chunk := range slices.Chunk(channels, 100) {
		body := eventBody(name, data, chunk...)
		if exclude != "" {
			body["socket_id"] = exclude
		}
		resp := l.t.signed(l.app, wire.Request{
			Method: http.MethodPost, Path: "/apps/" + l.app.ID + "/events", Body: encode(body),
			Header: []string{"X-Pusher-Library: pusher-http-php 7.2.7"},
		})
		l.t.decode(l.t.status(resp, http.StatusOK), &map[string]any{})
	}
}

// options are Echo's, as a Laravel page sets them, for a user.
func (l *laravel) options(broadcaster, user string) map[string]any {
	host, port, err := net.SplitHostPort(l.t.addr)
	l.t.check(err, "split the address")
	number, err := strconv.Atoi(port)
	l.t.check(err, "read the port")
	options := map[string]any{
		"broadcaster": broadcaster, "Pusher": map[string]any{"class": "Pusher"}, "key": l.app.Key,
		"wsHost": host, "wsPort": number, "wssPort": number, "forceTLS": false,
		"enabledTransports": []string{"ws", "wss"}, "bearerToken": "user-" + user,
		"authEndpoint": "http://" + l.addr + "/broadcasting/auth",
		"userAuthentication": map[string]any{
			"endpoint": "http://" + l.addr + "/broadcasting/user-auth", "headers": map[string]any{},
		},
		// Echo adds the token to these; without them it would add it to an object
		// that all tabs of a process share.
		"auth": map[string]any{"headers": map[string]any{}},
	}
	if broadcaster == "pusher" {
		options["cluster"] = ""
	}
	return options
}

// tab opens an Echo client of a user under a name.
func (l *laravel) tab(p *puppet, name, user string) {
	p.do(create("Echo", name, l.options("pusher", user)))
}

// open subscribes a tab to a channel, by the name of Echo's method ("channel",
// "private", "join", "encryptedPrivate"), with further steps on it, and waits
// for the confirmation. The channel is called roomOf(tab, kind) from then on.
func (l *laravel) open(p *puppet, tab, kind, name string, steps ...step) {
	room := roomOf(tab, kind)
	p.do(append([]step{
		call(tab, kind, room, name),
		bind(room, "subscribed", room+" subscribed"),
	}, steps...)...)
	p.await(room + " subscribed")
}

func roomOf(tab, kind string) string { return tab + "-" + kind }

// socket is the socket id that a tab sends in X-Socket-ID.
func (l *laravel) socket(p *puppet, tab string) string {
	var id string
	l.t.decode(string(p.do(call(tab, "socketId", ""))), &id)
	if !socketID.MatchString(id) {
		l.t.fatalf("Echo has the socket id %q", id)
	}
	return id
}
