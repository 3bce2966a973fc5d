package proxyproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
)

// signatureV2 begins the binary header (section 2.2). After it come a byte of
// version and command, a byte of family and transport, two bytes of length,
// and so many bytes more: source and destination address, their ports, and
// records of type, length and value.
const signatureV2 = "\r\n\r\n\x00\r\nQUIT\n"

// headV2 is the fixed part, its bytes.
const headV2 = len(signatureV2) + 4

const (
	commandLocal = 0x20 // version 2, LOCAL
	commandProxy = 0x21 // version 2, PROXY

	familyNone = 0x00 // UNSPEC
	familyTCP4 = 0x11
	familyTCP6 = 0x21

	typeCRC32C = 0x03 // section 2.2.3
	typeTLS    = 0x20 // section 2.2.6, PP2_TYPE_SSL

	byTLS = 0x01 // PP2_CLIENT_SSL in the first byte of typeTLS

	headTLV = 3 // bytes of type and length
	minTLS  = 5 // bytes of flags and verdict, before the records within
)

// addresses is how many bytes of addresses and ports a family has. Those that
// the specification does not know are missing.
var addresses = map[byte]int{
	familyNone: 0,
	familyTCP4: 12, 0x12: 12, // TCP and UDP over IPv4
	familyTCP6: 36, 0x22: 36, // the same over IPv6
	0x31: 216, 0x32: 216, // Unix streams and datagrams
}

func parseV2(buf []byte) (h Header, n int, err error) {
	if len(buf) < headV2 {
		return Header{}, 0, nil
	}
	command, family := buf[headV2-4], buf[headV2-3]
	n = headV2 + int(binary.BigEndian.Uint16(buf[headV2-2:]))
	switch {
	case command != commandLocal && command != commandProxy:
		return Header{}, 0, fmt.Errorf("PROXY header has version and command %#02x: they must be 0x20 (LOCAL) or 0x21 (PROXY)", command)
	case n > MaxV2:
		return Header{}, 0, fmt.Errorf("PROXY header announces %d bytes: at most %d are read; have the proxy send fewer records", n, MaxV2)
	case len(buf) < n:
		return Header{}, 0, nil
	case command == commandLocal: // the proxy's own; the rest is to be ignored
		return Header{}, n, nil
	}
	if err := h.readV2(buf[:n], family); err != nil {
		return Header{}, 0, err
	}
	return h, n, nil
}

// readV2 reads what follows the fixed part of a whole header.
func (h *Header) readV2(header []byte, family byte) error {
	size, known := addresses[family]
	body := header[headV2:]
	switch {
	case !known:
		return fmt.Errorf("PROXY header has address family %#02x: use 0x11 (TCP over IPv4), 0x21 (TCP over IPv6) or 0x00 (unknown)", family)
	case family == familyNone: // whatever follows need not be records
		return nil
	case len(body) < size:
		return fmt.Errorf("PROXY header has %d bytes of addresses: its family %#02x takes %d", len(body), family, size)
	}
	switch family {
	case familyTCP4:
		h.Source = addrPort(netip.AddrFrom4([4]byte(body)), body[8:])
	case familyTCP6:
		h.Source = addrPort(netip.AddrFrom16([16]byte(body)).Unmap(), body[32:])
	}
	return h.readTLVs(header, body[size:])
}

func addrPort(addr netip.Addr, port []byte) netip.AddrPort {
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(port))
}

var errTLV = errors.New("PROXY header ends in the middle of a record: its lengths do not add up")

// readTLVs reads the records, which end the header.
func (h *Header) readTLVs(header, rest []byte) error {
	for len(rest) > 0 {
		if len(rest) < headTLV {
			return errTLV
		}
		kind, size := rest[0], int(binary.BigEndian.Uint16(rest[1:]))
		if rest = rest[headTLV:]; len(rest) < size {
			return errTLV
		}
		if err := h.readTLV(kind, header, len(header)-len(rest), size); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}

// readTLV reads the record whose value is header[at:at+size].
func (h *Header) readTLV(kind byte, header []byte, at, size int) error {
	value := header[at : at+size]
	switch kind {
	case typeCRC32C:
		if size != crc32.Size {
			return fmt.Errorf("PROXY header has a checksum of %d bytes: CRC32c has %d", size, crc32.Size)
		}
		if got, want := binary.BigEndian.Uint32(value), checksum(header, at); got != want {
			return fmt.Errorf("PROXY header has checksum %08x: its bytes give %08x", got, want)
		}
	case typeTLS:
		if size < minTLS {
			return fmt.Errorf("PROXY header has %d bytes about TLS: there must be %d or more", size, minTLS)
		}
		h.TLS = value[0]&byTLS != 0
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var zeros [crc32.Size]byte

// checksum is the CRC32c of the header with zeros where its checksum is.
func checksum(header []byte, at int) uint32 {
	sum := crc32.Update(0, castagnoli, header[:at])
	sum = crc32.Update(sum, castagnoli, zeros[:])
	return crc32.Update(sum, castagnoli, header[at+crc32.Size:])
}
