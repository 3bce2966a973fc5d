//go:build e2e

package e2e

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pusher/pusher-http-go/v5"
)

//go:embed page
var page embed.FS

// csrfToken is what the page must send back with every request for authorization.
const csrfToken = "csrf-of-this-session"

// user is somebody who may sign in to the application.
type user struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

var users = map[string]user{
	"alice": {ID: "1", Name: "Alice"},
	"bob":   {ID: "2", Name: "Bob"},
	"carol": {ID: "3", Name: "Carol"},
}

// application plays the web application that stands beside the server, as a Laravel project does: it knows who is signed in,
// signs subscriptions with the Pusher library, serves the page, and broadcasts what the page posts.
type application struct {
	*httptest.Server

	pusher *pusher.Client
}

// startApplication starts an application for the server s.
func startApplication(t *testing.T, s *server) *application {
	t.Helper()
	return startApplicationWith(t, s.library(), stockOptions(t, s.addr))
}

// startApplicationWith is startApplication with a library that reaches a server, and what leads a page there.
func startApplicationWith(t *testing.T, library *pusher.Client, broadcasting args) *application {
	t.Helper()
	a := &application{pusher: library}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /broadcasting/auth", a.authorize)
	mux.HandleFunc("GET /{$}", a.page("index.html", broadcasting))
	mux.HandleFunc("GET /typing", a.page("typing.html", broadcasting))
	mux.HandleFunc("POST /messages", a.messages)
	mux.Handle("GET /page/", http.FileServerFS(page))
	mux.Handle("GET /npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir("node_modules"))))
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// signedIn tells who sends a request: a page by its cookie, a client in Node by a header.
func signedIn(r *http.Request) (user, error) {
	name := r.Header.Get("X-User")
	if cookie, err := r.Cookie("user"); err == nil {
		if got := r.Header.Get("X-CSRF-TOKEN"); r.URL.Path == "/broadcasting/auth" && got != csrfToken {
			return user{}, fmt.Errorf("the CSRF token is %q, want %q", got, csrfToken)
		}
		name = cookie.Value
	}
	if u, ok := users[name]; ok {
		return u, nil
	}
	return user{}, fmt.Errorf("nobody called %q may sign in", name)
}

// authorize is the endpoint that pusher-js asks for a signature. It refuses whoever is not signed in, and everyone on channels
// whose name starts with private-closed.
func (a *application) authorize(w http.ResponseWriter, r *http.Request) {
	u, err := signedIn(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	answer, err := a.sign(u, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // a client that went away has no use for it
}

func (a *application) sign(u user, request io.Reader) ([]byte, error) {
	params, err := io.ReadAll(io.LimitReader(request, 4096))
	if err != nil {
		return nil, fmt.Errorf("cannot read the request: %w", err)
	}
	form, err := url.ParseQuery(string(params))
	if err != nil {
		return nil, fmt.Errorf("the request is no form: %w", err)
	}
	channel := form.Get("channel_name")
	switch {
	case strings.HasPrefix(channel, "private-closed"):
		return nil, fmt.Errorf("%s is closed to %s", channel, u.Name)
	case strings.HasPrefix(channel, "presence-"):
		info := map[string]string{"id": u.ID, "name": u.Name}
		return a.pusher.AuthorizePresenceChannel(params, pusher.MemberData{UserID: u.ID, UserInfo: info})
	default:
		return a.pusher.AuthorizePrivateChannel(params)
	}
}

// page serves a page to ?user=NAME and signs that user in. Broadcasting are the options of Laravel's stock file for Reverb. The
// library of ?with=LIBRARY is for pages that can do with several.
func (a *application) page(file string, broadcasting args) http.HandlerFunc {
	html := template.Must(template.ParseFS(page, "page/"+file))
	broadcasting["broadcaster"] = "reverb"
	broadcasting["key"] = appKey
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.FormValue("user")
		http.SetCookie(w, &http.Cookie{Name: "user", Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		content := map[string]any{"User": users[name], "CSRFToken": csrfToken, "Broadcasting": broadcasting, "Library": r.FormValue("with")}
		if err := html.Execute(w, content); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// messages broadcasts what a page posts to the others, as `broadcast(new MessageSent(...))->toOthers()` does: Echo has put the
// tab's socket id into a header.
func (a *application) messages(w http.ResponseWriter, r *http.Request) {
	u, err := signedIn(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	var posted struct{ Text string }
	if err := json.NewDecoder(r.Body).Decode(&posted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	socketID := r.Header.Get("X-Socket-ID")
	data := map[string]string{"from": u.Name, "text": posted.Text}
	_, err = a.pusher.TriggerWithParams("presence-room", `App\Events\MessageSent`, data, pusher.TriggerParams{SocketID: &socketID})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
