package tlsconn

import (
	"bytes"
	"crypto/hmac"
	"crypto/tls"
	"encoding/hex"
	"errors"
)

// secrets are what crypto/tls tells of a handshake: it writes them as lines of
// NSS's key log format to whatever is its KeyLogWriter.
type secrets struct {
	client, server []byte // traffic secrets of TLS 1.3
	master         []byte // of TLS 1.2
	clientRandom   []byte
}

// forget overwrites the secrets: what goes on has keys of its own, and memory that is
// given back should not tell them.
func (s *secrets) forget() {
	clear(s.client)
	clear(s.server)
	clear(s.master)
}

// Write takes a line: LABEL RANDOM SECRET.
func (s *secrets) Write(line []byte) (int, error) {
	words := bytes.Fields(line)
	if len(words) != 3 {
		return 0, errors.New("tlsconn: crypto/tls told its secrets in an unknown form")
	}
	secret, err := hex.AppendDecode(nil, words[2])
	if err != nil {
		return 0, err
	}
	switch string(words[0]) {
	case "CLIENT_TRAFFIC_SECRET_0":
		s.client = secret
	case "SERVER_TRAFFIC_SECRET_0":
		s.server = secret
	case "CLIENT_RANDOM":
		s.master = secret
		s.clientRandom, err = hex.AppendDecode(nil, words[1])
	}
	return len(line), err
}

// conn makes the connection that goes on after a handshake in which we have sent
// that much, and the peer so many records that were sealed by TLS 1.2.
func (s *secrets) conn(state tls.ConnectionState, client bool, sent []byte, sealed uint64) (*Conn, error) {
	found, err := findSuite(state.CipherSuite)
	if err != nil {
		return nil, err
	}
	c := &Conn{suite: found, client: client}
	if found.version == tls13 {
		return c, s.derive13(c, sent)
	}
	if err := s.derive12(c, sent); err != nil {
		return nil, err
	}
	c.in.seq = sealed
	return c, nil
}

var errUntold = errors.New("tlsconn: crypto/tls did not tell the secrets of a handshake")

func (s *secrets) derive13(c *Conn, sent []byte) error {
	if size := c.suite.hash().Size(); len(s.client) != size || len(s.server) != size {
		return errUntold
	}
	in, out := s.client, s.server
	if c.client {
		in, out = out, in
	}
	copy(c.in.keys[:], in)
	copy(c.out.keys[:], out)
	return c.countSent(sent)
}

// countSent finds out how many records the handshake has sealed with the key that
// we go on with: those of session tickets, at the end. No other can be opened with
// it.
func (c *Conn) countSent(sent []byte) error {
	h := &c.out
	h.wake(c.suite)
	for len(sent) > 0 {
		length, err := recordLength(sent)
		if err != nil || length > len(sent) {
			return errors.New("tlsconn: crypto/tls has sent half a record")
		}
		h.xor(h.seq)
		_, err = h.aead.Open(nil, h.iv[:], sent[headerLen:length], sent[:headerLen])
		h.xor(h.seq)
		switch {
		case err == nil:
			h.seq++
		case h.seq > 0:
			return errors.New("tlsconn: crypto/tls has sent a record that can't be counted")
		}
		sent = sent[length:]
	}
	return nil
}

// derive12 makes the keys of TLS 1.2 (RFC 5246 section 6.3). We have sent one record
// with them, our Finished; the peer may have cut its own, and warned before it.
func (s *secrets) derive12(c *Conn, sent []byte) error {
	random, ok := serverRandom(sent)
	if len(s.master) == 0 || !ok || c.client {
		return errUntold
	}
	key, iv := c.suite.keyLen, c.suite.ivLen
	block := prf(c.suite, s.master, "key expansion", append(random, s.clientRandom...), 2*(key+iv))
	for i, h := range []*half{&c.in, &c.out} { // the client's key first
		copy(h.keys[:], block[i*key:][:key])
		copy(h.keys[key:], block[2*key+i*iv:][:iv])
	}
	c.out.seq = 1
	return nil
}

// serverRandom finds the random of our ServerHello, with which all that we send
// begins (RFC 5246 section 7.4.1.3).
func serverRandom(sent []byte) ([]byte, bool) {
	const at, length = headerLen + 4 + 2, 32
	if len(sent) < at+length || sent[0] != typeHandshake || sent[headerLen] != 2 {
		return nil, false
	}
	return bytes.Clone(sent[at : at+length]), true
}

// prf is TLS 1.2's pseudo-random function (RFC 5246 section 5).
func prf(s *suite, secret []byte, label string, seed []byte, length int) []byte {
	seed = append([]byte(label), seed...)
	h := hmac.New(s.hash, secret)
	sum := func(parts ...[]byte) []byte {
		h.Reset()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < length; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:length]
}
