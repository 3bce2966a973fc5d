package proxyproto

import (
	"fmt"
	"net/netip"
)

// Header is what a proxy says of a connection.
type Header struct {
	// Source is the client's address, never an IPv4 address in IPv6's clothes.
	// It is not valid where the proxy speaks for itself (LOCAL), does not know
	// (UNKNOWN, UNSPEC), or names no TCP address: then the client is who the
	// socket says.
	Source netip.AddrPort
	// TLS tells that the client reached the proxy by TLS. Version 1 can't say.
	TLS bool
}

// The longest headers that are read, in bytes. Version 1 has its own bound
// (section 2.1). Version 2 could announce 64 KiB; what proxies really send
// beside the addresses is a few names and a certificate's subject.
const (
	MaxV1 = 107
	MaxV2 = headV2 + 4<<10
)

// Parse reads the header at the start of buf and says how long it is. n is 0
// while buf holds the beginning of one only; buf has reached MaxV2 bytes at
// most then. An error means that no header begins here, whatever comes.
func Parse(buf []byte) (h Header, n int, err error) {
	switch {
	case begins(buf, signatureV2):
		return parseV2(buf)
	case begins(buf, signatureV1):
		return parseV1(buf)
	}
	return Header{}, 0, fmt.Errorf("no PROXY protocol header begins with %q", buf[:min(len(buf), len(signatureV2))])
}

// begins tells that buf begins with the signature, as far as it is there.
func begins(buf []byte, signature string) bool {
	n := min(len(buf), len(signature))
	return string(buf[:n]) == signature[:n]
}
