package loadgen

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/protocol/pusher/auth"
)

func TestNewTarget(t *testing.T) {
	f := func(url, addr string) {
		t.Helper()
		got, err := NewTarget(url, "id", "secret")
		if err != nil || got.Addr.String() != addr || got.signer.Key() != "key" {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
	}
	f("ws://127.0.0.1:6001/app/key", "127.0.0.1:6001")
	f("ws://localhost:6001/app/key", "127.0.0.1:6001")
	f("ws://[::1]:6001/rt/app/key", "[::1]:6001")
	f("wss://localhost:6001/app/key", "127.0.0.1:6001")
}

func TestNewTargetRefuses(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		if _, err := NewTarget(url, "id", "secret"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	f("http://127.0.0.1:6001/app/key", "ws://HOST:PORT/app/KEY")
	f("ws://127.0.0.1:6001/", "ws://HOST:PORT/app/KEY")
	f("ws://127.0.0.1/app/key", "write a host and a port")
	f("://", "cannot read")
}

// net/http must read a post as it was meant, and the server's own check must
// accept its signature.
func TestAppendPost(t *testing.T) {
	target, err := NewTarget("ws://127.0.0.1:6001/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"name":"tick","channel":"bench","data":"x"}`)
	wire := target.appendPost(nil, "events", body, time.Now())
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r.Body)
	if err != nil || !bytes.Equal(got, body) || r.Host != "127.0.0.1:6001" || r.Close {
		t.Errorf("body %q, host %q, close %t, %v", got, r.Host, r.Close, err)
	}
	params, err := auth.AppendQuery(nil, r.URL.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	signed := &auth.Request{Method: r.Method, Paths: []string{r.URL.Path}, Params: params, Body: got}
	if err := auth.NewSigner("key", "secret").CheckRequest(signed, time.Now()); err != nil {
		t.Error(err)
	}
}

// A subscription must be the JSON that a client library sends.
func TestAppendSubscribe(t *testing.T) {
	target, err := NewTarget("ws://127.0.0.1:6001/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	signer := auth.NewSigner("key", "secret")
	f := func(s Subscription, want map[string]string) {
		t.Helper()
		wire := target.appendSubscribe(nil, s, "1.2")
		payload := wire[len(wire)-int(wire[1]&0x7f):]
		if wire[1]&0x7f == 126 {
			payload = wire[8:]
		}
		plain := make([]byte, len(payload))
		for i, c := range payload {
			plain[i] = c ^ maskKey[i&3]
		}
		var got struct {
			Event string
			Data  map[string]string
		}
		if err := json.Unmarshal(plain, &got); err != nil {
			t.Fatalf("%s: %v", plain, err)
		}
		if diff := cmp.Diff(want, got.Data); got.Event != "pusher:subscribe" || diff != "" {
			t.Errorf("%s (-want +got):\n%s", plain, diff)
		}
	}
	f(Subscription{Channel: "bench"}, map[string]string{"channel": "bench"})
	f(Subscription{Channel: "private-a"}, map[string]string{"channel": "private-a", "auth": signer.Token("1.2", "private-a")})
	member := `{"user_id":"1","user_info":{"name":"a\"b<c>"}}`
	f(Subscription{"presence-a", member}, map[string]string{
		"channel": "presence-a", "channel_data": member, "auth": signer.Token("1.2", "presence-a", member),
	})
}
