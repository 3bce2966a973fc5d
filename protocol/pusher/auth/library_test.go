package auth

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	pusher "github.com/pusher/pusher-http-go/v5"
)

// newLibrary returns the vendor's own Go library, pointed at a server that
// checks every request and answers with an empty object, or 401 and why.
func newLibrary(t *testing.T, secret string) *pusher.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		params, err := AppendQuery(nil, r.URL.RawQuery)
		if err != nil {
			t.Error(err)
		}
		err = docs.CheckRequest(&Request{
			Method: r.Method, Paths: []string{r.URL.EscapedPath()}, Params: params, Body: body,
		}, time.Now())
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		if _, err := io.WriteString(w, "{}"); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return &pusher.Client{
		AppID: "3", Key: docs.Key(), Secret: secret,
		Host: strings.TrimPrefix(server.URL, "http://"),
	}
}

func TestGoLibraryIsAccepted(t *testing.T) {
	client := newLibrary(t, "7ad3773142a6692b25b8")
	info, prefix := "user_count", "presence-a=@,.;"
	f := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	f("Trigger", client.Trigger("a=b@c,d;e", "App\\Events\\X", map[string]string{"text": "ä & b + c"}))
	_, err := client.TriggerBatch([]pusher.Event{{Channel: "a", Name: "b", Data: "c"}})
	f("TriggerBatch", err)
	_, err = client.Channels(pusher.ChannelsParams{FilterByPrefix: &prefix, Info: &info})
	f("Channels", err)
	_, err = client.Channel("presence-a=@,.;", pusher.ChannelParams{Info: &info})
	f("Channel", err)
	_, err = client.GetChannelUsers("presence-a=@,.;")
	f("GetChannelUsers", err)
}

func TestGoLibraryWithWrongSecretIsRefused(t *testing.T) {
	err := newLibrary(t, "wrong").Trigger("a", "b", "c")
	if err == nil || !strings.Contains(err.Error(), "Invalid signature: you should have sent HmacSHA256Hex(") {
		t.Errorf("got %v", err)
	}
}

// Our tokens are the library's, letter for letter.
func TestGoLibrarySignsTheSame(t *testing.T) {
	client := newLibrary(t, "7ad3773142a6692b25b8")
	body, err := client.AuthorizePrivateChannel([]byte("socket_id=1234.1234&channel_name=private-foobar"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"auth":"` + docs.Token(sid, "private-foobar") + `"}`; string(body) != want {
		t.Errorf("library: %s, we: %s", body, want)
	}
}
