package tlsconn

import (
	"encoding/binary"
	"io"
)

// Open takes the first record off data, n bytes, and gives what of the peer's
// data it brings, which lies in data: it is opened in place. n is 0 as long as the
// record is not complete, and plain is empty where it brings none. The error is
// io.EOF when the peer has said that nothing follows (close_notify), a RemoteError
// or an Error; the connection is over then.
func (c *Conn) Open(data []byte) (plain []byte, n int, err error) {
	length, err := recordLength(data)
	if err != nil || len(data) < length {
		return nil, 0, err
	}
	kind, plain, err := c.decrypt(data[:length])
	if err != nil {
		return nil, length, err
	}
	if len(plain) > maxPlain {
		return nil, length, &Error{RecordOverflow, "a record has more than 16 KiB"}
	}
	plain, err = c.take(kind, plain)
	return plain, length, err
}

// recordLength is the length of the record at the start of data, which is longer
// than data as long as its header is not complete.
func recordLength(data []byte) (int, error) {
	if len(data) < headerLen {
		return headerLen, nil
	}
	n := int(binary.BigEndian.Uint16(data[3:]))
	if n > maxPlain+maxExpansion {
		return 0, &Error{RecordOverflow, "a record is longer than 16 KiB and its seal"}
	}
	return headerLen + n, nil
}

// decrypt opens a whole record in place.
func (c *Conn) decrypt(record []byte) (kind byte, plain []byte, err error) {
	h := &c.in
	h.wake(c.suite)
	if c.suite.version == tls13 {
		kind, plain, err = c.decrypt13(record)
	} else {
		kind, plain, err = c.decrypt12(record)
	}
	h.seq++
	return kind, plain, err
}

func (c *Conn) decrypt13(record []byte) (kind byte, plain []byte, err error) {
	if record[0] != typeApplicationData {
		return 0, nil, &Error{UnexpectedMessage, "a record came in the clear after the handshake"}
	}
	h := &c.in
	h.xor(h.seq)
	plain, err = h.aead.Open(record[headerLen:headerLen], h.iv[:], record[headerLen:], record[:headerLen])
	h.xor(h.seq)
	if err != nil {
		return 0, nil, badRecord()
	}
	if len(plain) > maxPlain+1 {
		return 0, nil, &Error{RecordOverflow, "a record and its padding have more than 16 KiB"}
	}
	end := len(plain)
	for end > 0 && plain[end-1] == 0 {
		end-- // padding
	}
	if end == 0 {
		return 0, nil, &Error{UnexpectedMessage, "a record has padding and no type"}
	}
	return plain[end-1], plain[:end-1], nil
}

func (c *Conn) decrypt12(record []byte) (kind byte, plain []byte, err error) {
	h := &c.in
	body := headerLen + c.suite.explicit
	if len(record) < body+tagLen {
		return 0, nil, badRecord()
	}
	c.nonce12(h, record[headerLen:])
	plain, err = h.aead.Open(record[body:body], h.iv[:], record[body:], c.data12(h, record[0], len(record)-body-tagLen))
	c.nonce12(h, record[headerLen:])
	if err != nil {
		return 0, nil, badRecord()
	}
	return record[0], plain, nil
}

func badRecord() error { return &Error{BadRecordMAC, "a record is not what its sender sealed"} }

// take does what a record asks for, and gives the data of one that has data.
func (c *Conn) take(kind byte, plain []byte) ([]byte, error) {
	if kind == typeApplicationData && len(plain) > 0 && !c.post.begun() {
		c.useless = 0
		return plain, nil
	}
	if c.useless++; c.useless > maxUseless {
		return nil, &Error{UnexpectedMessage, "too many records without data"}
	}
	switch {
	case kind == typeApplicationData && !c.post.begun():
		return nil, nil
	case kind == typeAlert && len(plain) == 2:
		return nil, c.alerted(plain[0], Alert(plain[1]))
	case kind == typeHandshake && len(plain) > 0:
		return nil, c.takeMessages(plain)
	}
	return nil, &Error{UnexpectedMessage, "a record of a kind that has no place here"}
}

// alerted tells what an alert means. Of TLS 1.3 all but two are fatal, of 1.2
// those that say so.
func (c *Conn) alerted(level byte, a Alert) error {
	switch {
	case a == CloseNotify:
		return io.EOF
	case a == userCanceled, c.suite.version == tls12 && level == 1:
		return nil
	}
	return RemoteError(a)
}
