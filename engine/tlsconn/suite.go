package tlsconn

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// suite is a cipher suite.
type suite struct {
	id       uint16
	version  uint16
	keyLen   int
	ivLen    int // what of the nonce is derived: all of it, or the first four bytes
	explicit int // bytes of the nonce that a record bears (RFC 5288 section 3)
	hash     func() hash.Hash
	aead     func(key []byte) (cipher.AEAD, error)
}

const nonceLen = 12

var suites = []*suite{
	{tls.TLS_AES_128_GCM_SHA256, tls.VersionTLS13, 16, nonceLen, 0, sha256.New, gcm},
	{tls.TLS_AES_256_GCM_SHA384, tls.VersionTLS13, 32, nonceLen, 0, sha512.New384, gcm},
	{tls.TLS_CHACHA20_POLY1305_SHA256, tls.VersionTLS13, 32, nonceLen, 0, sha256.New, chacha20poly1305.New},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.VersionTLS12, 16, 4, 8, sha256.New, gcm},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.VersionTLS12, 16, 4, 8, sha256.New, gcm},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.VersionTLS12, 32, 4, 8, sha512.New384, gcm},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.VersionTLS12, 32, 4, 8, sha512.New384, gcm},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.VersionTLS12, 32, nonceLen, 0, sha256.New, chacha20poly1305.New},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, tls.VersionTLS12, 32, nonceLen, 0, sha256.New, chacha20poly1305.New},
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func findSuite(id uint16) (*suite, error) {
	for _, s := range suites {
		if s.id == id {
			return s, nil
		}
	}
	return nil, fmt.Errorf("tlsconn: cipher suite %s is not one of those with forward secrecy and authenticated encryption", tls.CipherSuiteName(id))
}

// suites12 are what a tls.Config of ours allows: its list is that of TLS 1.2.
func suites12() []uint16 {
	var ids []uint16
	for _, s := range suites {
		if s.version == tls.VersionTLS12 {
			ids = append(ids, s.id)
		}
	}
	return ids
}
