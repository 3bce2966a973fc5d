package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"sync"

	"fanfare/protocol/pusher/names"
)

// hexSize is the length of a signature in hexadecimal.
const hexSize = 2 * sha256.Size

// keepScratch is the capacity up to which a buffer goes back into the pool.
const keepScratch = 16 << 10

// Signer signs with one app's key and secret. All goroutines may use it at
// once. Make one for each app record and keep it: preparing the secret costs
// twice as much as a signature.
type Signer struct {
	key  string
	pool sync.Pool // of *scratch
}

// scratch is what one signature takes. It is used by one goroutine at a time.
type scratch struct {
	// mac remembers its state after the secret, so that Reset costs two copies
	// and not two rounds of SHA-256. Keeping those states by hand was measured
	// to be no faster.
	mac    hash.Hash
	text   []byte
	params []signedParam
	sum    [sha256.Size]byte
	hex    [hexSize]byte
}

// NewSigner prepares an app's key and secret. It accepts any strings; whether
// they are good ones is the app record's matter.
func NewSigner(key, secret string) *Signer {
	s := &Signer{key: key}
	s.pool.New = func() any {
		return &scratch{mac: hmac.New(sha256.New, []byte(secret)), text: make([]byte, 0, 512)}
	}
	return s
}

// Key returns the app's key.
func (s *Signer) Key() string { return s.key }

// Hex returns the signature of text: HMAC-SHA256 in 64 lower-case hexadecimal
// digits. Webhook bodies are signed like this.
func (s *Signer) Hex(text []byte) string {
	c := s.get()
	defer s.put(c)
	return string(c.sign(text))
}

// Token returns KEY:SIGNATURE for the parts joined with colons: socket id and
// channel, and for a presence channel the channel_data.
//
// Parts that come from somebody else must have been checked (package names)
// before: a channel name with a colon in it could get a token for something
// else.
func (s *Signer) Token(parts ...string) string {
	c := s.get()
	defer s.put(c)
	for i, p := range parts {
		if i > 0 {
			c.text = append(c.text, ':')
		}
		c.text = append(c.text, p...)
	}
	return s.key + ":" + string(c.sign(c.text))
}

// UserToken returns the token that signs a user in, over SID::user::USER_DATA.
func (s *Signer) UserToken(socketID, userData string) string {
	return s.Token(socketID, "", "user", "", userData)
}

func (s *Signer) get() *scratch {
	return s.pool.Get().(*scratch)
}

// put returns c, without the strings of a request that it may still hold.
func (s *Signer) put(c *scratch) {
	if cap(c.text) > keepScratch || cap(c.params) > keepScratch/32 {
		return
	}
	clear(c.params)
	c.text, c.params = c.text[:0], c.params[:0]
	s.pool.Put(c)
}

// sign returns the signature in hexadecimal. It is valid until the next call.
func (c *scratch) sign(text []byte) []byte {
	c.mac.Reset()
	c.mac.Write(text)
	c.mac.Sum(c.sum[:0])
	hex.Encode(c.hex[:], c.sum[:])
	return c.hex[:]
}

// equal compares in a time that depends on the lengths alone. The conversions
// copy nothing: the compiler sees that the bytes are only read.
func equal[A, B names.Text](a A, b B) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
