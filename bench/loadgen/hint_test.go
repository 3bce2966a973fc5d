package loadgen

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCodeOf(t *testing.T) {
	f := func(payload string, want int) {
		t.Helper()
		if got := codeOf([]byte(payload)); got != want {
			t.Errorf("%s: %d, want %d", payload, got, want)
		}
	}
	f(`{"event":"pusher:error","data":{"code":4001,"message":"no such app"}}`, 4001)
	f(`{"event":"pusher:error","data":"{\"code\":4009,\"message\":\"m\"}"}`, 4009)
	f(`{"event":"pusher:error","data":{"code":null,"message":"m"}}`, 0)
	f(`{"event":"pusher:subscription_error","data":{"type":"AuthError","error":"m","status":401}}`, 401)
	f(`{"event":"pusher:error","data":{}}`, 0)
	f(`{"code":123456789012345678901234567890}`, 12345)
}

func TestRefusedSaysWhatWouldBeRight(t *testing.T) {
	target, err := NewTarget("ws://127.0.0.1:6001/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	f := func(code int, want string) {
		t.Helper()
		if got := target.refused("answer", code, []byte("words\n")).Error(); !strings.Contains(got, "words") || !strings.Contains(got, want) {
			t.Errorf("%d: %q, want %q", code, got, want)
		}
	}
	f(401, "--secret")
	f(4009, "--secret")
	f(404, "--app-id")
	f(413, "--frame-bytes")
	f(4001, "--key")
	f(500, "answer 500: words")
}

// Pusher's own code of a bad signature is null.
func TestRefusedSignatureWithoutCode(t *testing.T) {
	target := NewBareTarget(netip.MustParseAddrPort("127.0.0.1:1"))
	got := target.refused("server sent error", 0, []byte(`{"event":"pusher:error","data":{"code":null,"message":"Invalid signature: Expected"}}`)).Error()
	if !strings.Contains(got, "--secret") {
		t.Error(got)
	}
}
