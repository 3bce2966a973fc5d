package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

const occupiedHook = `{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"a"}]}`

// hookRequest is a request with this body and a good signature.
func hookRequest(t *testing.T, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Pusher-Key", hookCredentials.Key)
	r.Header.Set("X-Pusher-Signature", hookCredentials.Sign(body))
	return r
}

func TestDeliveryRead(t *testing.T) {
	event := func(members string) string { return `{"time_ms":1,"events":[{` + members + `}]}` }
	tests := []struct {
		name, body string
		spoil      func(r *http.Request)
		want       string // part of the error; empty for none
	}{
		{"good", occupiedHook, nil, ""},
		{"client event", event(`"name":"client_event","channel":"private-a","event":"client-x","data":"","socket_id":"1.1"`), nil, ""},
		{"client event of a member", event(`"name":"client_event","channel":"presence-a","event":"client-x","data":"","socket_id":"1.1","user_id":"7"`), nil, ""},
		{"count", event(`"name":"subscription_count","channel":"a","subscription_count":0`), nil, ""},
		{"GET", occupiedHook, func(r *http.Request) { r.Method = http.MethodGet }, "want POST"},
		{"other key", occupiedHook, func(r *http.Request) { r.Header.Set("X-Pusher-Key", "other") }, "X-Pusher-Key"},
		{"wrong signature", occupiedHook, func(r *http.Request) { r.Header.Set("X-Pusher-Signature", wrongSignature) }, "X-Pusher-Signature"},
		{"no JSON", "no JSON", nil, "library"},
		{"no event", `{"time_ms":1,"events":[]}`, nil, "is no object"},
		{"time as text", `{"time_ms":"1","events":[{"name":"channel_occupied","channel":"a"}]}`, nil, "library"},
		{"member too many in the body", `{"time_ms":1,"app":"x","events":[{"name":"channel_occupied","channel":"a"}]}`, nil, "is no object"},
		{"member too many", event(`"name":"channel_occupied","channel":"a","user_id":"7"`), nil, "members"},
		{"unknown member", event(`"name":"channel_occupied","channel":"a","extra":1`), nil, "extra"},
		{"member too few", event(`"name":"member_added","channel":"presence-a"`), nil, "members"},
		{"unknown event", event(`"name":"channel_full","channel":"a"`), nil, "members"},
		{"data as object", event(`"name":"client_event","channel":"private-a","event":"client-x","data":{},"socket_id":"1.1"`), nil, "library"},
		{"count as text", event(`"name":"subscription_count","channel":"a","subscription_count":"1"`), nil, "cannot unmarshal"},
		{"user_id as number", event(`"name":"member_added","channel":"presence-a","user_id":7`), nil, "library"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := hookRequest(t, tt.body)
			if tt.spoil != nil {
				tt.spoil(r)
			}
			d := delivery{header: r.Header, body: tt.body}
			err := d.read(r, []wire.App{hookCredentials})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

// A request that is not right fails the check, and only what was answered with
// success is handed over.
func TestInbox(t *testing.T) {
	post := func(t *T, in *inbox, body, signature string) int {
		r, err := http.NewRequestWithContext(t.ctx, http.MethodPost, in.url, strings.NewReader(body))
		t.check(err, "make a request")
		r.Header.Set("X-Pusher-Key", hookCredentials.Key)
		r.Header.Set("X-Pusher-Signature", signature)
		resp, err := http.DefaultClient.Do(r)
		t.check(err, "post")
		t.check(resp.Body.Close(), "close the answer")
		return resp.StatusCode
	}
	again := strings.Replace(occupiedHook, "occupied", "vacated", 1)
	got := outcome(t, func(t *T) {
		in := t.inbox(hookCredentials)
		in.answer = func(d delivery) int {
			if d.body == occupiedHook {
				return http.StatusInternalServerError
			}
			return http.StatusNoContent
		}
		if st := post(t, in, occupiedHook, hookCredentials.Sign(occupiedHook)); st != http.StatusInternalServerError {
			t.fatalf("got status %d", st)
		}
		post(t, in, again, hookCredentials.Sign(again))
		if e := in.take(); e.Name != "channel_vacated" || len(in.deliveries) != 1 || time.Since(e.by.at) > checkLimit {
			t.fatalf("took %v of %v", e, in.deliveries)
		}
		post(t, in, again, wrongSignature)
		in.take()
	})
	if got.verdict != fail || !strings.Contains(got.detail, "X-Pusher-Signature") {
		t.Errorf("got %v, want a failure that is about the signature", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got = runCheck(ctx, &target{limit: checkLimit}, "WHK-01", func(t *T) { t.inbox(hookCredentials).take() })
	if got.verdict != fail || !strings.Contains(got.detail, "no webhook came") {
		t.Errorf("got %v, want a failure that says that nothing came", got)
	}
}
