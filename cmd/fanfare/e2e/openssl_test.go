//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openssl talks to the TLS port as `openssl s_client`, whose implementation of TLS is another one than Go's. It gives all that was
// printed. What is said goes step by step: each waits until the words before it were printed.
func (s *tlsServer) openssl(t *testing.T, talk []step, flags ...string) (string, error) {
	t.Helper()
	o := s.startOpenSSL(t, flags...)
	go func() {
		defer o.Close()
		for _, s := range talk {
			if !o.heard.await(s.after) {
				return
			}
			_, _ = io.WriteString(o, s.say) // fails when it has ended, which is told below
		}
	}()
	<-o.ended
	return o.heard.String(), o.err
}

// openSSL is an `openssl s_client` that is written to, and heard.
type openSSL struct {
	io.WriteCloser

	heard *ear
	ended chan struct{}
	err   error // how, once it has ended
}

func (s *tlsServer) startOpenSSL(t *testing.T, flags ...string) *openSSL {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	flags = append([]string{"s_client", "-connect", s.TLS, "-servername", "localhost", "-CAfile", s.roots, "-verify_return_error"}, flags...)
	cmd := exec.CommandContext(ctx, "openssl", flags...)
	o := &openSSL{heard: &ear{}, ended: make(chan struct{})}
	o.heard.news.L = &o.heard.mu
	cmd.Stdout, cmd.Stderr = o.heard, o.heard
	var err error
	if o.WriteCloser, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(o.ended)
		o.err = cmd.Wait()
		o.heard.end()
	}()
	t.Cleanup(func() {
		cancel()
		<-o.ended
	})
	return o
}

// says wants an answer to some words.
func (o *openSSL) says(t *testing.T, words, want string) {
	t.Helper()
	if _, err := io.WriteString(o, words); err != nil || !o.heard.await(want) {
		t.Fatalf("openssl s_client says %q, and is not answered %q, error %v:\n%s", words, want, err, o.heard)
	}
}

// step is something to say once some words have been heard, after those that were waited for before.
type step struct{ after, say string }

// ear hears what a program prints.
type ear struct {
	mu    sync.Mutex
	news  sync.Cond
	all   bytes.Buffer // guarded by mu
	seen  int          // guarded by mu
	ended bool         // guarded by mu
}

func (e *ear) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.news.Broadcast()
	return e.all.Write(p)
}

func (e *ear) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.news.Broadcast()
}

func (e *ear) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all.String()
}

// await waits for words that were not waited for yet.
func (e *ear) await(words string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.ended {
		if i := strings.Index(e.all.String()[e.seen:], words); i >= 0 {
			e.seen += i + len(words)
			return true
		}
		e.news.Wait()
	}
	return false
}

const (
	request     = "GET /up HTTP/1.1\r\nHost: localhost\r\n\r\n"
	lastRequest = "GET /up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
)

// TestOpenSSL: every suite and version that there is, groups that take a second ClientHello, and resumption.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	classical := serveTLS(t, "", "--tls-key-exchange", "classical")
	f := func(s *tlsServer, want string, flags ...string) {
		t.Helper()
		out, err := s.openssl(t, []step{{"", lastRequest}}, append(flags, "-ign_eof")...)
		if err != nil || !strings.Contains(out, "HTTP/1.1 200 OK") || !strings.Contains(out, want) {
			t.Errorf("openssl s_client %v: %v, want %q and an answer:\n%s", flags, err, want, out)
		}
	}
	for _, suite := range []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"} {
		f(s, "TLSv1.3, Cipher is "+suite, "-tls1_3", "-ciphersuites", suite)
	}
	for _, suite := range []string{
		"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
		"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
	} {
		f(s, "TLSv1.2, Cipher is "+suite, "-tls1_2", "-cipher", suite)
	}
	for _, groups := range []string{"X25519", "P-256", "P-384", "P-521", "X448:X25519", "X448:P-384"} {
		f(s, "TLSv1.3, Cipher is", "-groups", groups)
	}
	f(classical, "TLSv1.3, Cipher is", "-groups", "P-384:P-256")
	f(s, "Peer signature type: RSA-PSS", "-sigalgs", "RSA-PSS+SHA256")
	f(s, "ALPN protocol: http/1.1", "-alpn", "h2,http/1.1")
}

// TestOpenSSLRefused: what we don't speak is refused by the alert that says so.
func TestOpenSSLRefused(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	for want, flags := range map[string][]string{
		"alert protocol version":        {"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"},
		"alert handshake failure":       {"-tls1_2", "-cipher", "AES128-GCM-SHA256"},
		"alert no application protocol": {"-alpn", "h2"},
	} {
		out, err := s.openssl(t, nil, flags...)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("openssl s_client %v: %v, want %q:\n%s", flags, err, want, out)
		}
	}
	out, err := s.openssl(t, []step{{"---\n", "R\n"}}, "-tls1_2")
	if err == nil || !strings.Contains(out, "alert no renegotiation") {
		t.Errorf("openssl s_client, renegotiating: %v, want no renegotiation:\n%s", err, out)
	}
}

// TestOpenSSLKeyUpdate: the client takes new keys, asks for ours, and goes on.
func TestOpenSSLKeyUpdate(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	const answered = "HTTP/1.1 200 OK"
	out, err := s.openssl(t, []step{
		{"---\n", request},
		{answered, "k\n"},
		{"KEYUPDATE", request},
		{answered, "K\n"},
		{"KEYUPDATE", request},
		{answered, "K\n"},
		{"KEYUPDATE", request},
		{answered, "Q\n"},
	}, "-tls1_3")
	if n := strings.Count(out, answered); err != nil || n != 4 {
		t.Errorf("%d answers, %v, want 4:\n%s", n, err, out)
	}
}

// TestOpenSSLResumes: by tickets of TLS 1.3, which do not allow early data, and not by those of TLS 1.2, of which we give none.
func TestOpenSSLResumes(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	session, early := filepath.Join(t.TempDir(), "session.pem"), filepath.Join(t.TempDir(), "early")
	if err := os.WriteFile(early, []byte(lastRequest), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(want []string, flags ...string) {
		t.Helper()
		out, err := s.openssl(t, []step{{"", lastRequest}}, append(flags, "-ign_eof")...)
		var got []string
		for _, words := range want {
			if strings.Contains(out, words) {
				got = append(got, words)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("openssl s_client %v: %v (-want +got):\n%s\n%s", flags, err, diff, out)
		}
	}
	f([]string{"New, TLSv1.3", "Max Early Data: 0", "HTTP/1.1 200 OK"}, "-sess_out", session)
	f([]string{"Reused, TLSv1.3", "HTTP/1.1 200 OK"}, "-sess_in", session)
	f([]string{"Reused, TLSv1.3", "Early data was not sent", "HTTP/1.1 200 OK"}, "-sess_in", session, "-early_data", early)
	f([]string{"New, TLSv1.2", "HTTP/1.1 200 OK"}, "-tls1_2", "-sess_out", session)
	f([]string{"New, TLSv1.2", "HTTP/1.1 200 OK"}, "-tls1_2", "-sess_in", session)
}

// TestCurl: with all that it does by itself, HTTP/2 where the server wants it.
func TestCurl(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	f := func(want string, flags ...string) {
		t.Helper()
		flags = append(flags, "--silent", "--show-error", "--max-time", "20", "--cacert", s.roots, "--write-out", " %{http_version} %{response_code}",
			"https://"+s.secure+"/up", "https://"+s.secure+"/up")
		out, err := exec.CommandContext(t.Context(), "curl", flags...).CombinedOutput()
		if err != nil || strings.Count(string(out), want) != 2 {
			t.Errorf("curl %v: %v, want %q twice:\n%s", flags, err, want, out)
		}
	}
	f(" 1.1 200")
	f(" 1.1 200", "--http2")
	f(" 1.1 200", "--tls-max", "1.2")
	f(" 1.1 200", "--tlsv1.3", "--curves", "P-384")
	f(" 1.1 200", "--http1.0") // what they ask for has no name of ours in ALPN
}
