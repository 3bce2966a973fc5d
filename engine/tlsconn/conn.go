package tlsconn

import (
	"crypto/tls"
	"encoding/binary"
)

// Conn seals and opens the records of one connection after its handshake.
type Conn struct {
	suite *suite
	in    half
	out   half

	client    bool // which side we are
	updateDue bool // a KeyUpdate is to leave before the next record
	useless   uint8
	hasty     uint8 // KeyUpdates of the peer's that came too soon after another
	post      messages
	aad       [13]byte // of TLS 1.2
}

const (
	tls12 = tls.VersionTLS12
	tls13 = tls.VersionTLS13

	headerLen    = 5
	maxPlain     = 1 << 14         // RFC 8446 section 5.1
	maxExpansion = 256             // section 5.2; more than any suite of ours adds in TLS 1.2
	tagLen       = 16              // of all our ciphers
	maxUseless   = 32              // records in a row that bring no data
	maxHasty     = 32              // KeyUpdates more than
	minRecords   = 16              // one in so many records: each costs as much as 25 small ones
	maxSealed    = uint64(1) << 24 // records sealed with one AES-GCM key (section 5.5)
)

// Content types (RFC 8446 section 5.1).
const (
	typeChangeCipherSpec = 20
	typeAlert            = 21
	typeHandshake        = 22
	typeApplicationData  = 23
)

// Version is tls.VersionTLS12 or tls.VersionTLS13.
func (c *Conn) Version() uint16 { return c.suite.version }

// CipherSuite is the suite's number, as crypto/tls has it.
func (c *Conn) CipherSuite() uint16 { return c.suite.id }

// Rest drops the ciphers, about 900 bytes each, that were not used since the last
// call. They are made anew when they are needed, in about a microsecond.
func (c *Conn) Rest() {
	c.in.rest()
	c.out.rest()
}

// Sealed is how many bytes at most Seal makes of so many.
func Sealed(plain int) int {
	records := (plain + maxPlain - 1) / maxPlain
	return plain + records*overhead + updateLen
}

const (
	overhead  = headerLen + 8 + tagLen     // at most, of a record
	updateLen = headerLen + 5 + 1 + tagLen // of a KeyUpdate
)

// Seal appends the records of some data to dst.
func (c *Conn) Seal(dst, plain []byte) []byte {
	if c.suite.version == tls13 && (c.updateDue || c.out.seq >= maxSealed) {
		dst = c.updateKeys(dst)
	}
	for len(plain) > 0 {
		n := min(len(plain), maxPlain)
		dst = c.seal(dst, typeApplicationData, plain[:n])
		plain = plain[n:]
	}
	return dst
}

// updateKeys says that the next record has the next key (RFC 8446 section 4.6.3).
func (c *Conn) updateKeys(dst []byte) []byte {
	c.updateDue = false
	dst = c.seal(dst, typeHandshake, []byte{msgKeyUpdate, 0, 0, 1, 0})
	c.out.update(c.suite)
	return dst
}

// Alert appends the record of an alert to dst. Nothing may follow it.
func (c *Conn) Alert(dst []byte, a Alert) []byte {
	level := byte(2) // fatal
	if a == CloseNotify {
		level = 1
	}
	return c.seal(dst, typeAlert, []byte{level, byte(a)})
}

// seal appends one record.
func (c *Conn) seal(dst []byte, kind byte, plain []byte) []byte {
	h := &c.out
	h.wake(c.suite)
	start := len(dst)
	dst = append(dst, kind, 3, 3, 0, 0)
	if c.suite.version == tls13 {
		dst = c.seal13(dst, start, kind, plain)
	} else {
		dst = c.seal12(dst, start, kind, plain)
	}
	h.seq++
	return dst
}

// seal13 hides the kind behind the data (RFC 8446 section 5.2).
func (c *Conn) seal13(dst []byte, start int, kind byte, plain []byte) []byte {
	h := &c.out
	dst[start] = typeApplicationData
	body := len(dst)
	putLength(dst[start:], len(plain)+1+tagLen)
	dst = append(append(dst, plain...), kind)
	h.xor(h.seq)
	dst = h.aead.Seal(dst[:body], h.iv[:], dst[body:], dst[start:body])
	h.xor(h.seq)
	return dst
}

// seal12 is RFC 5246 section 6.2.3.3 with RFC 5288, where the record bears eight
// bytes of its nonce, or RFC 7905, where it bears none.
func (c *Conn) seal12(dst []byte, start int, kind byte, plain []byte) []byte {
	h := &c.out
	if c.suite.explicit > 0 {
		dst = binary.BigEndian.AppendUint64(dst, h.seq)
	}
	body := len(dst)
	putLength(dst[start:], body-start-headerLen+len(plain)+tagLen)
	dst = append(dst, plain...)
	c.nonce12(h, dst[start+headerLen:])
	dst = h.aead.Seal(dst[:body], h.iv[:], dst[body:], c.data12(h, kind, len(plain)))
	c.nonce12(h, dst[start+headerLen:])
	return dst
}

// nonce12 makes iv the nonce, and, where it is not overwritten by the next, iv
// again.
func (c *Conn) nonce12(h *half, explicit []byte) {
	if c.suite.explicit > 0 {
		copy(h.iv[c.suite.ivLen:], explicit[:c.suite.explicit])
		return
	}
	h.xor(h.seq)
}

// data12 is the additional data of a record.
func (c *Conn) data12(h *half, kind byte, length int) []byte {
	binary.BigEndian.PutUint64(c.aad[:], h.seq)
	c.aad[8], c.aad[9], c.aad[10] = kind, 3, 3
	binary.BigEndian.PutUint16(c.aad[11:], uint16(length))
	return c.aad[:]
}

func putLength(record []byte, n int) { binary.BigEndian.PutUint16(record[3:], uint16(n)) }
