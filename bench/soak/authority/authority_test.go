package authority

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"testing"
)

// serve is a TLS server that loads its certificate anew for everybody.
func serve(t *testing.T, file string) (port int) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		c, err := tls.LoadX509KeyPair(file, file)
		return &c, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake() // the client tells
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

func TestCertificates(t *testing.T) {
	a, err := New(filepath.Join(t.TempDir(), "server.pem"))
	if err != nil {
		t.Fatal(err)
	}
	dial := a.Dial(serve(t, a.File))
	for range 2 {
		serial, err := a.Issue()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.AwaitNew(t.Context(), serial, dial); err != nil {
			t.Fatal(err)
		}
		if a.seen != serial {
			t.Errorf("newcomers were shown %d, want %d", a.seen, serial)
		}
	}
	stranger, err := New(filepath.Join(t.TempDir(), "server.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := stranger.Dial(serve(t, a.File))(t.Context()); err == nil {
		_ = c.Close() // it is a failure anyway
		t.Error("a certificate of another authority was taken")
	}
}

func TestCertificateThatNobodyTakesOver(t *testing.T) {
	a, err := New(filepath.Join(t.TempDir(), "server.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	dials := 0
	_, err = a.AwaitNew(ctx, 99, func(context.Context) (net.Conn, error) {
		if dials++; dials == 3 {
			cancel(enough)
		}
		return nil, errors.New("nobody listens")
	})
	if !errors.Is(err, enough) {
		t.Errorf("got %v, want no certificate", err)
	}
}
