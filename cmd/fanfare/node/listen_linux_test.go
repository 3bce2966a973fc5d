package node

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/engine/tlsconn/certs/certstest"
)

// handedOver are sockets that listen on the addresses, as a service manager has them.
func handedOver(t *testing.T, addrs ...string) (list []*os.File) {
	t.Helper()
	for _, addr := range addrs {
		ln, err := net.Listen("tcp", addr)
		must(t, err)
		f, err := ln.(*net.TCPListener).File()
		must(t, err, ln.Close())
		list = append(list, f)
	}
	return list
}

// TLS is served once on each address, also where several sockets have it.
func TestTLSBesideInheritedSockets(t *testing.T) {
	a := certstest.NewAuthority(t)
	cert, key := certstest.Write(t, t.TempDir(), "x", a.For(t, "example.com"))
	m := newNode(t, func(c *config.Config) { c.TLS.Enabled, c.TLS.Cert, c.TLS.Key, c.TLS.Port = true, cert, key, 0 })
	m.Listeners = handedOver(t, "127.0.0.1:0", "127.0.0.1:0")
	must(t, m.Run(t.Context()))
	defer func() { must(t, m.Close()) }()
	if len(m.Addrs) != 3 || len(m.TLSAddrs) != 1 {
		t.Fatalf("serves %v, and %v by TLS; want two ports and one", m.Addrs, m.TLSAddrs)
	}
	for _, addr := range m.Addrs[:2] {
		if status, _ := get(t, "http://"+addr+"/up"); status != 200 {
			t.Errorf("%s: %d", addr, status)
		}
	}
	c, err := tls.Dial("tcp", m.TLSAddrs[0], &tls.Config{RootCAs: a.Roots, ServerName: "example.com"})
	must(t, err)
	must(t, c.Close())
}

// A node that does not start has taken its sockets all the same.
func TestInheritedSocketsAreNotLeftBehind(t *testing.T) {
	f := func(what string, change func(*config.Config), addr string) {
		t.Helper()
		m := newNode(t, change)
		m.Listeners = handedOver(t, addr)
		if err := m.Run(t.Context()); err == nil {
			t.Errorf("%s: it starts", what)
			must(t, m.Close())
		}
		if _, err := m.Listeners[0].Stat(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: the socket is open still: %v", what, err)
		}
	}
	f("known credentials for everybody", nil, "0.0.0.0:0")
	f("no certificate", func(c *config.Config) { c.TLS.Enabled, c.TLS.Cert = true, "/none.pem" }, "127.0.0.1:0")
	f("no control socket", func(c *config.Config) { c.Control.Socket = "/no/such/folder/s" }, "127.0.0.1:0")
}

// The secret that everybody knows is not served on an inherited socket of TLS either,
// however late an app with it comes.
func TestKnownSecretsOnInheritedTLS(t *testing.T) {
	cert, key := certstest.Write(t, t.TempDir(), "x", certstest.NewAuthority(t).For(t, "example.com"))
	own := func(c *config.Config) {
		c.TLS.Enabled, c.TLS.Cert, c.TLS.Key = true, cert, key
		c.Apps[0].Secret = "of-our-own"
	}
	m := newNode(t, own)
	log := &lines{}
	m.Log, m.TLSListeners = slog.New(slog.NewJSONHandler(log, nil)), handedOver(t, "0.0.0.0:0")
	must(t, m.Run(t.Context()))
	defer func() { must(t, m.Close()) }()
	if err := m.refuse(apps.Default()); err == nil {
		t.Error("a row of the database with the secret that everybody knows is taken")
	}
	known, err := config.Load(config.Sources{})
	must(t, err)
	defer m.Watch(t.Context(), known, new(slog.LevelVar), nil)()
	every, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer every.Stop()
	for log.find("the configuration was not reloaded") == nil {
		select {
		case <-every.C:
		case <-late:
			t.Fatal("a file with the secret that everybody knows is taken")
		}
	}
}
