package proxyproto

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// signatureV1 begins a line such as
//
//	PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n
//
// (section 2.1). "PROXY UNKNOWN" may be followed by anything up to CRLF.
const signatureV1 = "PROXY "

const formV1 = `it must read "PROXY TCP4 SOURCE DESTINATION PORT PORT" (or TCP6, or "PROXY UNKNOWN"), with single spaces and CRLF`

func parseV1(buf []byte) (Header, int, error) {
	line := buf[:min(len(buf), MaxV1)]
	end := bytes.IndexByte(line, '\n')
	switch {
	case end < 0 && len(line) < MaxV1:
		return Header{}, 0, nil
	case end < 0:
		return Header{}, 0, fmt.Errorf("PROXY header %q goes on after %d bytes: it must end there, with CRLF", line, MaxV1)
	case line[end-1] != '\r':
		return Header{}, 0, malformedV1(line[:end])
	}
	h, ok := fieldsV1(string(line[len(signatureV1) : end-1]))
	if !ok {
		return Header{}, 0, malformedV1(line[:end-1])
	}
	return h, end + 1, nil
}

func malformedV1(line []byte) error {
	return fmt.Errorf("PROXY header %q is malformed: %s", line, formV1)
}

// fieldsV1 reads what follows the signature.
func fieldsV1(text string) (h Header, ok bool) {
	family, rest, _ := strings.Cut(text, " ")
	if family == "UNKNOWN" {
		return Header{}, true
	}
	source, rest, _ := strings.Cut(rest, " ")
	destination, rest, _ := strings.Cut(rest, " ")
	sourcePort, destinationPort, _ := strings.Cut(rest, " ")
	addr, ok := parseAddr(source)
	port, ok2 := parsePort(sourcePort)
	_, ok3 := parsePort(destinationPort)
	// nginx announces the source's family, also when it was told a source of the
	// other family than its own address: so destinations may be of either.
	_, ok4 := parseAddr(destination)
	if !ok || !ok2 || !ok3 || !ok4 || family != familyV1(addr) {
		return Header{}, false
	}
	return Header{Source: netip.AddrPortFrom(addr.Unmap(), port)}, true
}

func familyV1(addr netip.Addr) string {
	if addr.Is4() {
		return "TCP4"
	}
	return "TCP6"
}

// parseAddr reads an address without a zone: zones mean nothing elsewhere.
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	return addr, err == nil && addr.Zone() == ""
}

// parsePort reads a decimal without sign or leading zeros.
func parsePort(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && (s == "0" || s[0] != '0')
}
