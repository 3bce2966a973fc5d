package proxyproto_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/netip"
)

// What proxies write, by the specification and apart from what reads it.

func lineV1(source, destination netip.AddrPort) string {
	family := "TCP4"
	if source.Addr().Is6() {
		family = "TCP6"
	}
	return fmt.Sprintf("PROXY %s %s %s %d %d\r\n", family, source.Addr(), destination.Addr(), source.Port(), destination.Port())
}

const signature = "\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A"

// header is a version 2 header; what it announces is what it has.
func header(command, family byte, parts ...string) string {
	body := ""
	for _, p := range parts {
		body += p
	}
	return string(binary.BigEndian.AppendUint16([]byte(signature+string([]byte{command, family})), uint16(len(body)))) + body
}

// ends are both addresses and both ports.
func ends(source, destination netip.AddrPort) string {
	b := append(source.Addr().AsSlice(), destination.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, source.Port())
	return string(binary.BigEndian.AppendUint16(b, destination.Port()))
}

func tlv(kind byte, value string) string {
	return string(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(value)))) + value
}

// tlsTLV says that the client came by TLS 1.3 without a certificate.
var tlsTLV = tlv(0x20, "\x01\x00\x00\x00\x01"+tlv(0x21, "TLSv1.3"))

// emptyCRC is the place of the checksum, which checked fills in.
var emptyCRC = tlv(0x03, "\x00\x00\x00\x00")

// checked writes the checksum into a header that ends in emptyCRC.
func checked(h string) string {
	b := []byte(h)
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return string(b)
}
