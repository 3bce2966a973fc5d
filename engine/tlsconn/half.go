package tlsconn

import (
	"crypto/cipher"
	"crypto/hkdf"
	"encoding/binary"
	"fmt"
)

// half is one direction of a connection.
type half struct {
	keys [maxKeys]byte // TLS 1.3: the traffic secret; TLS 1.2: key and derived part of the nonce
	seq  uint64        // of the next record
	iv   [nonceLen]byte
	used bool        // since the last Rest
	aead cipher.AEAD // nil: to be made of keys
}

// maxKeys is the longest secret of TLS 1.3, and more than key and nonce of 1.2.
const maxKeys = 48

// wake makes the cipher.
func (h *half) wake(s *suite) {
	h.used = true
	if h.aead != nil {
		return
	}
	key := h.keys[:s.keyLen]
	if s.explicit > 0 || s.version < tls13 {
		copy(h.iv[:], h.keys[s.keyLen:][:s.ivLen])
	} else {
		secret := h.keys[:s.hash().Size()]
		key = expandLabel(s, secret, "key", s.keyLen)
		copy(h.iv[:], expandLabel(s, secret, "iv", nonceLen))
	}
	aead, err := s.aead(key)
	if err != nil {
		panic(err) // the length of a key is the suite's
	}
	h.aead = aead
}

// rest drops the cipher if it was not used since the last time.
func (h *half) rest() {
	if !h.used {
		h.aead = nil
	}
	h.used = false
}

// update goes on to the next traffic secret (RFC 8446 section 7.2).
func (h *half) update(s *suite) {
	next := expandLabel(s, h.keys[:s.hash().Size()], "traffic upd", s.hash().Size())
	copy(h.keys[:], next)
	h.seq, h.aead = 0, nil
}

// xor turns iv into the nonce of a sequence number, and back (RFC 8446 section
// 5.3, RFC 7905 section 2).
func (h *half) xor(seq uint64) {
	tail := h.iv[nonceLen-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^seq)
}

// expandLabel is HKDF-Expand-Label without a context (RFC 8446 section 7.1).
func expandLabel(s *suite, secret []byte, label string, length int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "+label...)
	info = append(info, 0) // the context's length
	out, err := hkdf.Expand(s.hash, secret, string(info), length)
	if err != nil {
		panic(fmt.Sprintf("tlsconn: %s: %v", label, err)) // lengths are the suite's
	}
	return out
}
