package auth

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// Credentials of the official documents, and of the PHP library's own tests.
var (
	docs = NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8")
	php  = NewSigner("thisisaauthkey", "thisisasecret")
)

const (
	sid     = "1234.1234"
	digestA = "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
	tokenA  = "278d425bdf160c739803:" + digestA
)

func TestChannelVectors_SUB06_PRE01(t *testing.T) {
	tests := []struct {
		name         string
		signer       *Signer
		socketID, ch string
		data         string
		digest       string
	}{
		{"A1 private", docs, sid, "private-foobar", "", digestA},
		{"A2 presence", docs, sid, "presence-foobar", `{"user_id":10,"user_info":{"name":"Mr. Channels"}}`, "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"},
		{"A2 with the digest that the documents print and the name it belongs to", docs, sid, "presence-foobar", `{"user_id":10,"user_info":{"name":"Mr. Pusher"}}`, "afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c"},
		{"A4 encrypted", docs, sid, "private-encrypted-foobar", "", "e6a18892d037c5d5e76a2265df4f086ffc38631605530dfd214aa5bff495f533"},
		{"A5", php, "1.1", "testing_pusher-php", "", "751ccc12aeaa79d46f7c199bced5fa47527d3480b51fe61a0bd10438241bd52d"},
		{"A6", php, "45055.28877557", "-azAZ9_=@,.;", "", "d1c20ad7684c172271f92c108e11b45aef07499b005796ae1ec5beb924f361c4"},
		{"A7", php, "45055.28877557", "-azAZ9_=@,.;", `{"user_id": "123"}`, "3b3f1dcc4d7d2f95dd10ed05562397b3287b102d4cccfacbf30eed2f1ffa3d69"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts := []string{tt.socketID, tt.ch}
			if tt.data != "" {
				parts = append(parts, tt.data)
			}
			want := tt.signer.Key() + ":" + tt.digest
			if got := tt.signer.Token(parts...); got != want {
				t.Errorf("Token = %s, want %s", got, want)
			}
			if err := CheckChannel(tt.signer, tt.socketID, tt.ch, tt.data, tt.data != "", want); err != nil {
				t.Errorf("CheckChannel of strings: %v", err)
			}
			err := CheckChannel(tt.signer, []byte(tt.socketID), []byte(tt.ch), []byte(tt.data), tt.data != "", []byte(want))
			if err != nil {
				t.Errorf("CheckChannel of bytes: %v", err)
			}
		})
	}
}

func TestUserVectors_SIG01(t *testing.T) {
	f := func(s *Signer, socketID, data, digest string) {
		t.Helper()
		want := s.Key() + ":" + digest
		if got := s.UserToken(socketID, data); got != want {
			t.Errorf("UserToken = %s, want %s", got, want)
		}
		if err := CheckUser(s, socketID, data, want); err != nil {
			t.Error(err)
		}
	}
	f(docs, sid, `{"id":"12345"}`, "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba")
	f(php, "12345.6789", `{"id":"123"}`, "fc713f433deb729d0d96f9e26ef054285cbc3e833ebe840b93722a2fa16a6a18")
}

func TestCheckChannelRefuses(t *testing.T) {
	const (
		presence = "presence-foobar"
		data     = `{"user_id":10}`
	)
	malformed := "Auth value for subscription to private-foobar is invalid: should be of format 'key:signature'"
	tests := []struct {
		name, ch, data string
		hasData        bool
		auth           string
		want           string
	}{
		{"SUB-07 token of another socket", "private-foobar", "", false, docs.Token("1234.1235", "private-foobar"), "Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:private-foobar, but got " + docs.Hex([]byte("1234.1235:private-foobar"))},
		{"token of another channel", "private-foobar", "", false, docs.Token(sid, "private-foobaz"), "Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:private-foobar, but got " + docs.Hex([]byte("1234.1234:private-foobaz"))},
		{"SUB-08 wrong key, right signature", "private-foobar", "", false, "other:" + digestA, "Invalid key in subscription auth data: 'other'"},
		{"key that only begins like ours", "private-foobar", "", false, "278d425bdf160c73980:" + digestA, "Invalid key in subscription auth data: '278d425bdf160c73980'"},
		{"SUB-09 empty", "private-foobar", "", false, "", malformed},
		{"SUB-09 no colon", "private-foobar", "", false, "278d425bdf160c739803", malformed},
		{"no key", "private-foobar", "", false, ":" + digestA, malformed},
		{"no signature", "private-foobar", "", false, "278d425bdf160c739803:", malformed},
		{"colon alone", "private-foobar", "", false, ":", malformed},
		{"two colons", "private-foobar", "", false, tokenA + ":", malformed},
		{"SUB-12 wrong signature", "private-foobar", "", false, "278d425bdf160c739803:beef", "Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:private-foobar, but got beef"},
		{"upper-case digits", "private-foobar", "", false, "278d425bdf160c739803:" + strings.ToUpper(digestA), "Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:private-foobar, but got " + strings.ToUpper(digestA)},
		{"space behind", "private-foobar", "", false, tokenA + " ", "Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:private-foobar, but got " + digestA + " "},
		{"PRE-02 one space more", presence, `{"user_id": 10}`, true, docs.Token(sid, presence, data), `Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:presence-foobar:{"user_id": 10}, but got ` + docs.Hex([]byte("1234.1234:presence-foobar:"+data))},
		{"data signed but not sent", presence, "", false, docs.Token(sid, presence, data), "Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:presence-foobar, but got " + docs.Hex([]byte("1234.1234:presence-foobar:"+data))},
		{"empty data is not no data", presence, "", true, docs.Token(sid, presence), "Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234:presence-foobar:, but got " + docs.Hex([]byte("1234.1234:presence-foobar"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckChannel(docs, sid, tt.ch, tt.data, tt.hasData, tt.auth)
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

// Data that the signature does not cover changes nothing when it is not asked for.
func TestCheckChannelIgnoresDataWithoutFlag(t *testing.T) {
	if err := CheckChannel(docs, sid, "private-foobar", "whatever", false, tokenA); err != nil {
		t.Error(err)
	}
}

func TestCheckUserRefuses_SIG02(t *testing.T) {
	const data = `{"id":"1"}`
	f := func(auth, want string) {
		t.Helper()
		err := CheckUser(docs, sid, data, auth)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	malformed := "Invalid format: auth must have the format key:signature"
	f("", malformed)
	f("abc", malformed)
	f("a:b:c", malformed)
	f("other:beef", "Invalid key in user authentication data: 'other'")
	f(docs.Key()+":beef", `Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234::user::{"id":"1"}, but got beef`)
	// A channel token must never sign anybody in.
	f(docs.Token(sid, data), `Invalid signature: Expected HMAC SHA256 hex digest of 1234.1234::user::{"id":"1"}, but got `+docs.Hex([]byte(sid+":"+data)))
}

func TestErrorTypes(t *testing.T) {
	var format *FormatError
	if err := CheckChannel(docs, sid, "private-a", "", false, "x"); !errors.As(err, &format) || format.Channel != "private-a" {
		t.Errorf("got %#v", err)
	}
	var key *KeyError
	if err := CheckUser(docs, sid, "{}", "k:s"); !errors.As(err, &key) || key.Key != "k" || !key.SignIn {
		t.Errorf("got %#v", err)
	}
	var sig *SignatureError
	if err := CheckChannel(docs, sid, "private-a", "", false, docs.Key()+":s"); !errors.As(err, &sig) || sig.Got != "s" || sig.Text != sid+":private-a" {
		t.Errorf("got %#v", err)
	}
}

// What a stranger sent is not sent back whole.
func TestErrorsAreBounded(t *testing.T) {
	huge := strings.Repeat("ä", 1<<20)
	for _, err := range []error{
		CheckChannel(docs, sid, "presence-a", huge, true, docs.Key()+":"+huge),
		CheckChannel(docs, sid, "private-a", "", false, huge+":x"),
		CheckChannel(docs, sid, huge, "", false, ""),
		CheckUser(docs, sid, huge, docs.Key()+":"+huge),
	} {
		if err == nil {
			t.Fatal("accepted")
		}
		if text := err.Error(); len(text) > 5000 || strings.ContainsRune(text, '\ufffd') {
			t.Errorf("%d bytes, ending in %q", len(text), text[len(text)-20:])
		}
	}
}

// A caller may pass views of a read buffer; an error outlives them.
func TestErrorsOwnTheirText(t *testing.T) {
	f := func(channel, token string) {
		t.Helper()
		buffer := []byte(channel + token)
		view := unsafe.String(&buffer[0], len(buffer))
		err := CheckChannel(docs, sid, view[:len(channel)], "", false, view[len(channel):])
		if err == nil {
			t.Fatal("accepted")
		}
		before := strings.Clone(err.Error())
		clear(buffer)
		if after := err.Error(); after != before {
			t.Errorf("%q became %q", before, after)
		}
	}
	f("private-a", "no colon")
	f("private-a", "other:signature")
	f("private-a", docs.Key()+":beef")
}

func TestSignerIsSafeForConcurrentUse(t *testing.T) {
	s := NewSigner("k", "s")
	done := make(chan error)
	for i := range 8 {
		go func() {
			ch := "private-" + strings.Repeat("x", i*100)
			token := s.Token(sid, ch)
			var err error
			for range 500 {
				err = errors.Join(err, CheckChannel(s, sid, ch, "", false, token))
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func FuzzCheckChannel(f *testing.F) {
	f.Add(sid, "private-foobar", "", false, tokenA)
	f.Add(sid, "presence-foobar", `{"user_id":10}`, true, docs.Token(sid, "presence-foobar", `{"user_id":10}`))
	f.Add("", "", "", true, "::")
	f.Add(sid, "a:b", "c", true, "278d425bdf160c739803:")
	f.Fuzz(func(t *testing.T, socketID, ch, data string, hasData bool, token string) {
		parts := []string{socketID, ch}
		if hasData {
			parts = append(parts, data)
		}
		right := docs.Token(parts...)
		err := CheckChannel(docs, socketID, ch, data, hasData, token)
		if (err == nil) != (token == right) {
			t.Fatalf("%q for %q: %v", token, parts, err)
		}
		if err := CheckChannel(docs, []byte(socketID), []byte(ch), []byte(data), hasData, []byte(right)); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkCheckChannel(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if CheckChannel(docs, sid, "private-foobar", "", false, tokenA) != nil {
			b.Fatal("refused")
		}
	}
}

func BenchmarkCheckPresence(b *testing.B) {
	data := []byte(`{"user_id":"10","user_info":{"name":"` + strings.Repeat("x", 100) + `"}}`)
	socketID, ch := []byte(sid), []byte("presence-foobar")
	token := []byte(docs.Token(sid, string(ch), string(data)))
	b.ReportAllocs()
	for b.Loop() {
		if CheckChannel(docs, socketID, ch, data, true, token) != nil {
			b.Fatal("refused")
		}
	}
}

func BenchmarkCheckChannelParallel(b *testing.B) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if CheckChannel(docs, sid, "private-foobar", "", false, tokenA) != nil {
				b.Error("refused")
			}
		}
	})
}

func BenchmarkToken(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		docs.Token(sid, "private-foobar")
	}
}
