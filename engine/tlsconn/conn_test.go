package tlsconn

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// crypto/tls's own client is the other end: what it takes is right.
func TestTalk(t *testing.T) {
	tests := map[string]struct {
		useRSA  bool
		version uint16
		suite   uint16
		step    int
	}{
		"1.3":                    {ecdsaKey, tls13, 0, 64 << 10},
		"1.3 RSA":                {rsaKey, tls13, 0, 64 << 10},
		"1.3 byte by byte":       {ecdsaKey, tls13, 0, 1},
		"1.2 AES-128":            {ecdsaKey, tls12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 1000},
		"1.2 AES-256":            {ecdsaKey, tls12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 1000},
		"1.2 ChaCha20":           {ecdsaKey, tls12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 1000},
		"1.2 RSA AES-128":        {rsaKey, tls12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 1000},
		"1.2 RSA AES-256":        {rsaKey, tls12, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 1000},
		"1.2 RSA ChaCha20":       {rsaKey, tls12, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 1000},
		"1.2 ChaCha20, in bytes": {ecdsaKey, tls12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client := insecure()
			client.MinVersion, client.MaxVersion = test.version, test.version
			if test.suite != 0 {
				client.CipherSuites = []uint16{test.suite}
			}
			ours, theirs := serve(t, &tls.Config{Certificates: []tls.Certificate{newCertificate(t, test.useRSA)}}, client, test.step)
			if ours.conn.Version() != test.version || test.suite != 0 && ours.conn.CipherSuite() != test.suite {
				t.Fatalf("got version %#x, suite %#x", ours.conn.Version(), ours.conn.CipherSuite())
			}
			talk(t, ours, theirs)
			ours.conn.Rest()
			ours.conn.Rest()
			talk(t, ours, theirs)
		})
	}
}

// talk has both sides send messages of all sizes, and end.
func talk(t *testing.T, a, b io.ReadWriter) {
	t.Helper()
	for _, size := range []int{1, 5, 200, maxPlain - 1, maxPlain, maxPlain + 1, 3*maxPlain + 7} {
		carry(t, a, b, size)
		carry(t, b, a, size)
	}
}

func carry(t *testing.T, from io.Writer, to io.Reader, size int) {
	t.Helper()
	want := bytes.Repeat([]byte{'a', 'b', byte(size)}, size/3+1)[:size]
	failed := make(chan error, 1)
	go func() {
		_, err := from.Write(want)
		failed <- err
	}()
	got := make([]byte, size)
	if _, err := io.ReadFull(to, got); err != nil {
		t.Fatalf("reading %d bytes: %v", size, err)
	}
	must(t, <-failed)
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes came otherwise than they were sent", size)
	}
}

func TestCloseNotify(t *testing.T) {
	for _, version := range []uint16{tls12, tls13} {
		client := insecure()
		client.MaxVersion = version
		server := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}}
		ours, theirs := serve(t, server, client, 4096)
		if _, err := ours.raw.Write(ours.conn.Alert(nil, CloseNotify)); err != nil {
			t.Fatal(err)
		}
		if n, err := theirs.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("%#x: they read %d, %v; want EOF", version, n, err)
		}
		must(t, theirs.CloseWrite())
		if n, err := ours.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("%#x: we read %d, %v; want EOF", version, n, err)
		}
	}
}

// A client that sends with its Finished must not find that crypto/tls has read it.
func TestNothingIsReadAhead(t *testing.T) {
	a, b := sockets(t)
	theirs := tls.Client(a, insecure())
	failed := make(chan error, 1)
	go func() {
		_, err := theirs.Write([]byte("at once"))
		failed <- err
	}()
	config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
	must(t, err)
	ours, err := shake(b, 64<<10, config.Server)
	must(t, err)
	must(t, <-failed)
	got := make([]byte, 7)
	if _, err := io.ReadFull(ours, got); err != nil || string(got) != "at once" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestResumption(t *testing.T) {
	for _, test := range []struct {
		version uint16
		resumed bool
	}{{tls13, true}, {tls12, false}} {
		client := insecure()
		client.MaxVersion = test.version
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}})
		must(t, err)
		for round := range 3 {
			ours, theirs := serveWith(t, config, client)
			talk(t, ours, theirs) // tickets are read with data
			if want := test.resumed && round > 0; ours.DidResume != want {
				t.Errorf("%#x, round %d: resumed %v, want %v", test.version, round, ours.DidResume, want)
			}
		}
	}
}

// The client may ask for new keys, and the server takes new ones after 2^24
// records.
func TestKeyUpdate(t *testing.T) {
	server, client := twins(t)
	for round := range 3 {
		client.updateDue = true
		sealed := client.Seal(nil, []byte("one"))
		server.updateDue = round == 1
		for i, want := range []string{"", "one"} {
			plain, n, err := server.Open(sealed)
			if err != nil || string(plain) != want {
				t.Fatalf("round %d, record %d: %q, %v", round, i, plain, err)
			}
			sealed = sealed[n:]
		}
	}
	ours, theirs := serve(t, &tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}}, insecure(), 4096)
	before := ours.conn.out.keys
	ours.conn.updateDue = true
	talk(t, ours, theirs)
	if ours.conn.out.keys == before {
		t.Error("the keys are the same after an update")
	}
}

// A server that seals very much goes on to other keys by itself.
func TestKeysWearOut(t *testing.T) {
	server, client := twins(t)
	server.out.seq, client.in.seq = maxSealed-1, maxSealed-1
	for i := range 4 {
		sealed := server.Seal(nil, []byte("data"))
		var got []byte
		for len(sealed) > 0 {
			plain, n, err := client.Open(sealed)
			if err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			got, sealed = append(got, plain...), sealed[n:]
		}
		if string(got) != "data" {
			t.Errorf("message %d: %q", i, got)
		}
	}
	if server.out.seq >= maxSealed {
		t.Errorf("%d records have one key", server.out.seq)
	}
}

func TestStateGoesOn(t *testing.T) {
	for _, version := range []uint16{tls12, tls13} {
		client := insecure()
		client.MaxVersion = version
		server := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}}
		ours, theirs := serve(t, server, client, 4096)
		talk(t, ours, theirs)
		for range 3 {
			state := ours.conn.State()
			restored, err := Restore(state)
			must(t, err)
			if diff := cmp.Diff(state, restored.State()); diff != "" {
				t.Error(diff)
			}
			ours.conn = restored
			talk(t, ours, theirs)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	server, _ := twins(t)
	for name, spoil := range map[string]func(*State){
		"suite":   func(s *State) { s.Suite = tls.TLS_RSA_WITH_AES_128_CBC_SHA },
		"secret":  func(s *State) { s.In.Secret = s.In.Secret[1:] },
		"message": func(s *State) { s.Message = make([]byte, 5) },
		"left":    func(s *State) { s.Left = 1 << 20 },
	} {
		s := server.State()
		spoil(&s)
		if _, err := Restore(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestHostileRecords(t *testing.T) {
	tests := map[string]struct {
		records func(client *Conn) []byte
		want    error
	}{
		"changed":         {func(c *Conn) []byte { b := c.Seal(nil, []byte("data")); b[7] ^= 1; return b }, &Error{Alert: BadRecordMAC}},
		"in the clear":    {func(*Conn) []byte { return []byte{typeHandshake, 3, 3, 0, 1, 0} }, &Error{Alert: UnexpectedMessage}},
		"too long":        {func(*Conn) []byte { return []byte{typeApplicationData, 3, 3, 0xff, 0xff} }, &Error{Alert: RecordOverflow}},
		"too much inside": {func(c *Conn) []byte { return c.seal(nil, typeApplicationData, make([]byte, maxPlain+1)) }, &Error{Alert: RecordOverflow}},
		"too much padding": {func(c *Conn) []byte {
			return c.seal(nil, 0, append([]byte("data\x17"), make([]byte, maxPlain)...))
		}, &Error{Alert: RecordOverflow}},
		"no type":      {func(c *Conn) []byte { return c.seal(nil, 0, make([]byte, 9)) }, &Error{Alert: UnexpectedMessage}},
		"unknown type": {func(c *Conn) []byte { return c.seal(nil, 99, []byte("data")) }, &Error{Alert: UnexpectedMessage}},
		"empty":        {func(c *Conn) []byte { return repeat(c, maxUseless+1, typeApplicationData, nil) }, &Error{Alert: UnexpectedMessage}},
		"key updates": {func(c *Conn) []byte {
			var b []byte
			for range maxUseless + 1 {
				c.updateDue = true
				b = c.updateKeys(b)
			}
			return b
		}, &Error{Alert: UnexpectedMessage}},
		"key updates between data": {func(c *Conn) (b []byte) {
			for range maxHasty + 1 {
				c.updateDue = true
				b = c.Seal(b, []byte("data"))
			}
			return b
		}, &Error{Alert: UnexpectedMessage}},
		"ticket to a server":  {func(c *Conn) []byte { return c.seal(nil, typeHandshake, []byte{msgNewSessionTicket, 0, 0, 1, 0}) }, &Error{Alert: UnexpectedMessage}},
		"bad key update":      {func(c *Conn) []byte { return c.seal(nil, typeHandshake, []byte{msgKeyUpdate, 0, 0, 1, 2}) }, &Error{Alert: UnexpectedMessage}},
		"two in one":          {func(c *Conn) []byte { return c.seal(nil, typeHandshake, []byte{24, 0, 0, 1, 0, 24, 0, 0, 1, 0}) }, &Error{Alert: UnexpectedMessage}},
		"data inside message": {func(c *Conn) []byte { return c.Seal(c.seal(nil, typeHandshake, []byte{24, 0}), []byte("data")) }, &Error{Alert: UnexpectedMessage}},
		"short alert":         {func(c *Conn) []byte { return c.seal(nil, typeAlert, []byte{2}) }, &Error{Alert: UnexpectedMessage}},
		"alert":               {func(c *Conn) []byte { return c.Alert(nil, DecodeError) }, RemoteError(DecodeError)},
		"close":               {func(c *Conn) []byte { return c.Alert(nil, CloseNotify) }, io.EOF},
	}
	for name, test := range tests {
		server, client := twins(t)
		err := openAll(server, test.records(client))
		var got, want *Error
		if errors.As(test.want, &want) && errors.As(err, &got) && got.Alert == want.Alert {
			continue
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func repeat(c *Conn, n int, kind byte, plain []byte) (b []byte) {
	for range n {
		b = c.seal(b, kind, plain)
	}
	return b
}

func openAll(c *Conn, data []byte) error {
	for {
		_, n, err := c.Open(data)
		if n == 0 || err != nil {
			return err
		}
		data = data[n:]
	}
}

// A KeyUpdate may be cut into records anywhere, and cancelled users and padding go
// unnoticed.
func TestHarmlessRecords(t *testing.T) {
	server, client := twins(t)
	var b []byte
	for _, part := range []byte{msgKeyUpdate, 0, 0, 1, 1} {
		b = client.seal(b, typeHandshake, []byte{part})
	}
	client.out.update(client.suite)
	b = client.seal(b, typeAlert, []byte{1, byte(userCanceled)})
	b = client.Seal(b, []byte("data"))
	must(t, openAll(server, b))
	if !server.updateDue {
		t.Error("the peer asked for an update and gets none")
	}
	padded := append([]byte("data"), typeApplicationData, 0, 0, 0)
	plain, _, err := server.Open(client.seal(nil, 0, padded))
	if err != nil || string(plain) != "data" {
		t.Errorf("got %q, %v", plain, err)
	}
	must(t, openAll(client, server.Seal(nil, []byte("x"))))
}

// Who changes keys now and then may do so for ever.
func TestKeysChangeAtLeisure(t *testing.T) {
	server, client := twins(t)
	for range 10 * maxHasty {
		client.updateDue = true
		b := client.Seal(nil, []byte("data"))
		must(t, openAll(server, repeatData(client, b, minRecords-2)))
	}
}

func repeatData(c *Conn, b []byte, n int) []byte {
	for range n {
		b = c.Seal(b, []byte("data"))
	}
	return b
}

func TestRenegotiationIsRefused(t *testing.T) {
	client := insecure()
	client.MaxVersion = tls12
	ours, _ := serve(t, &tls.Config{Certificates: []tls.Certificate{newCertificate(t, ecdsaKey)}}, client, 4096)
	var e *Error
	if err := ours.conn.takeMessages([]byte{1, 0, 0, 0}); !errors.As(err, &e) || e.Alert != NoRenegotiation {
		t.Errorf("got %v", err)
	}
}

func TestAllocsNothing(t *testing.T) {
	server, client := twins(t)
	dst, plain := make([]byte, 0, 4096), make([]byte, 200)
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := client.Open(server.Seal(dst, plain)); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSealed(t *testing.T) {
	server, _ := twins(t)
	for _, n := range []int{1, 100, maxPlain, maxPlain + 1, 5 * maxPlain} {
		server.updateDue = true
		if got := len(server.Seal(nil, make([]byte, n))); got > Sealed(n) {
			t.Errorf("%d bytes became %d, said were %d", n, got, Sealed(n))
		}
	}
}

// A State that gets into a log says nothing that opens the connection.
func TestStateIsDiscreet(t *testing.T) {
	server, _ := twins(t)
	state := server.State()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "state", state, "half", state.In)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "state", state, "half", state.In)
	fmt.Fprintf(&log, "%v %+v %#v %s %v %+v", state, state, state, state, state.In, []State{state})
	for _, secret := range [][]byte{state.In.Secret, state.Out.Secret} {
		for _, form := range []string{"%s", "%x", "%v", "%d"} {
			if s := strings.Trim(fmt.Sprintf(form, secret[:8]), "[]"); strings.Contains(log.String(), s) {
				t.Errorf("the secret is told, as %s: %s", form, s)
			}
		}
		if b := base64.StdEncoding.EncodeToString(secret)[:10]; strings.Contains(log.String(), b) {
			t.Errorf("the secret is told in base64: %s", b)
		}
	}
}
