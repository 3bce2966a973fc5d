package proxyproto

import (
	"fmt"
	"net/netip"
)

// Trusted are the addresses of the proxies whose word about others is taken.
type Trusted []netip.Prefix

// Contains tells whether addr is one of them. An IPv4 address that is written
// as an IPv6 one counts as what it is, and a zone does not count.
func (t Trusted) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range t {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Validate reports a prefix that no address could match.
func (t Trusted) Validate() error {
	for _, p := range t {
		switch {
		case !p.IsValid():
			return fmt.Errorf("trusted proxies: %v is no prefix: write one as in 10.0.0.0/8 or 2001:db8::/32", p)
		case p.Addr().Is4In6():
			return fmt.Errorf("trusted proxies: %v is IPv4 written as IPv6: write it as in 10.0.0.0/8", p)
		}
	}
	return nil
}
