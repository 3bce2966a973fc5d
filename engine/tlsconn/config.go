package tlsconn

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
)

// Config is a server's configuration. Any goroutine may use it.
type Config struct{ server *tls.Config }

// NewConfig makes a configuration of crypto/tls's, which is cloned. Certificates and
// GetCertificate, NextProtos, MinVersion and CurvePreferences are taken from it; the
// versions before 1.2, suites that are not ours and client certificates can't be
// had. TLS 1.2 is not resumed: crypto/tls does not tell the keys of that.
func NewConfig(base *tls.Config) (*Config, error) {
	switch {
	case base.ClientAuth != tls.NoClientCert:
		return nil, errors.New("tlsconn: client certificates are not supported: leave ClientAuth out")
	case base.GetConfigForClient != nil:
		return nil, errors.New("tlsconn: GetConfigForClient is used here: choose certificates with GetCertificate")
	}
	each := base.Clone()
	each.MinVersion = max(each.MinVersion, tls12)
	each.CipherSuites = suites12()
	server := each.Clone()
	server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		c := each.Clone()
		c.KeyLogWriter = &(*Handshake)(hello.Conn.(*wire)).secrets
		c.SessionTicketsDisabled = c.SessionTicketsDisabled || !slices.Contains(hello.SupportedVersions, tls13) || c.MaxVersion == tls12
		return c, nil
	}
	return &Config{server}, nil
}

// Peer is whom a handshake is made with.
type Peer struct {
	// Remote and Local are the connection's addresses, for those who choose
	// certificates by them.
	Remote, Local net.Addr
	// Send takes what is for the peer; the bytes are its own from then on. It is
	// called on the goroutine of Run.
	Send func([]byte)
	// Idle, if it is set, tells that Run begins to wait for the peer, and that it
	// ends to. It is called on the goroutine of Run.
	Idle func(waits bool)
}

// Server prepares the handshake with a client.
func (c *Config) Server(p Peer) *Handshake { return newHandshake(c.server, false, p) }

// Client prepares the handshake with a server, of TLS 1.3 alone.
func Client(config *tls.Config, p Peer) *Handshake {
	config = config.Clone()
	config.MinVersion = tls13
	return newHandshake(config, true, p)
}
