package inbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/protocol/pusher/auth"
)

var signer = auth.NewSigner("key", "secret")

func (b *Inbox) send(t *testing.T, name, channel, user string) {
	t.Helper()
	body := fmt.Sprintf(`{"time_ms":1,"events":[{"name":%q,"channel":%q,"user_id":%q}]}`, name, channel, user)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+b.Addr, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Pusher-Signature", signer.Hex([]byte(body)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
}

func newTestInbox(t *testing.T) *Inbox {
	t.Helper()
	b, err := Open(signer, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Close() // it may be closed
		http.DefaultClient.CloseIdleConnections()
	})
	return b
}

func TestInbox(t *testing.T) {
	b := newTestInbox(t)
	b.send(t, "channel_occupied", "presence-a", "")
	b.send(t, "channel_occupied", "presence-a", "") // again, as its answer was lost
	b.send(t, "member_added", "presence-a", "1")
	b.send(t, "channel_occupied", "presence-b", "")
	if diff := cmp.Diff(Mail{Taken: 3, Again: 1, Here: 3}, b.Mail()); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
	b.send(t, "member_removed", "presence-a", "1")
	b.send(t, "channel_vacated", "presence-a", "")
	b.send(t, "channel_vacated", "presence-b", "")
	if diff := cmp.Diff(Mail{Taken: 6, Again: 1}, b.Mail()); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
}

func TestInboxNotices(t *testing.T) {
	f := func(want string, events ...string) {
		t.Helper()
		b := newTestInbox(t)
		for _, name := range events {
			user := ""
			if name == "member_added" {
				user = "1"
			}
			b.send(t, name, "presence-a", user)
		}
		if m := b.Mail(); m.Wrongs != 1 || !strings.Contains(m.Wrong[0], want) {
			t.Errorf("%q gave %+v, want %q", events, m, want)
		}
	}
	f("channel_vacated of presence-a, which was so already", "channel_vacated")
	f("channel_occupied of presence-a, which was so already", "channel_occupied", "member_added", "channel_occupied")
	f(`nobody asked for "cache_miss"`, "cache_miss")
	b := newTestInbox(t)
	if b.take("forged", []byte(`{"events":[]}`)); b.Mail().Wrongs != 1 {
		t.Error("a forged signature was taken")
	}
}

func TestInboxOutage(t *testing.T) {
	b := newTestInbox(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if answer, err := http.Post("http://"+b.Addr, "", nil); err == nil {
		_ = answer.Body.Close() // it is a failure anyway
		t.Error("somebody listens")
	}
	if err := b.Reopen(); err != nil {
		t.Fatal(err)
	}
	b.Drag(true)
	b.send(t, "channel_occupied", "presence-a", "")
	start := time.Now()
	b.send(t, "member_added", "presence-a", "1")
	if took := time.Since(start); took < b.slow {
		t.Errorf("every other request is answered late, and this one took %v", took)
	}
}
