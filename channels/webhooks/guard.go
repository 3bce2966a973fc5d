package webhooks

import (
	"fmt"
	"net/netip"
	"syscall"
)

// guard refuses, as a net.Dialer's Control, to connect to an address that is
// not on the public internet. It sees the address that the socket is about to
// connect to, so what a name resolves to by then can't slip past it.
func guard(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("cannot tell whether %q is a public address: %w", address, err)
	}
	if why := privacy(ap.Addr()); why != "" {
		return fmt.Errorf("%s is a %s address: set private_targets = true on this webhook, or webhooks.allow_private for all, if it may be reached", ap.Addr(), why)
	}
	return nil
}

// special are the blocks that netip has no method for and that are not on the
// public internet: those of IANA's special-purpose registries (RFC 6890) which
// are not globally reachable, those that carry an IPv4 address to somebody who
// unpacks it, and public ones that clouds use inside. The first that fits counts.
var special = []struct {
	prefix netip.Prefix
	why    string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this-network"},            // RFC 791; Linux takes it for loopback
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT"},   // RFC 6598
	{netip.MustParsePrefix("168.63.129.16/32"), "cloud platform"},   // Azure's host, which gives out machines' secrets
	{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignment"},  // RFC 6890; a cloud's metadata
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},        // RFC 5737
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay anycast"}, // RFC 7526
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},        // RFC 2544
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},     // RFC 5737
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},      // RFC 5737
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},              // RFC 1112, broadcast included
	{netip.MustParsePrefix("::/96"), "IPv4-compatible"},             // RFC 4291
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "IPv4-translated"},   // RFC 2765
	{netip.MustParsePrefix("64:ff9b::/96"), "NAT64"},                // RFC 6052
	{netip.MustParsePrefix("64:ff9b:1::/48"), "NAT64"},              // RFC 8215
	{netip.MustParsePrefix("100::/64"), "discard"},                  // RFC 6666
	{netip.MustParsePrefix("100:0:0:1::/64"), "dummy"},              // RFC 9780
	{netip.MustParsePrefix("2001::/32"), "Teredo"},                  // RFC 4380
	{netip.MustParsePrefix("2001:2::/48"), "benchmarking"},          // RFC 5180
	{netip.MustParsePrefix("2001:10::/28"), "ORCHID"},               // RFC 4843
	{netip.MustParsePrefix("2001:20::/28"), "ORCHID"},               // RFC 7343, of identities and no hosts
	{netip.MustParsePrefix("2001::/23"), "protocol assignment"},     // RFC 2928, what is left of it
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},       // RFC 3849
	{netip.MustParsePrefix("2002::/16"), "6to4"},                    // RFC 3056
	{netip.MustParsePrefix("3fff::/20"), "documentation"},           // RFC 9637
	{netip.MustParsePrefix("5f00::/16"), "segment routing"},         // RFC 9602
	{netip.MustParsePrefix("fec0::/10"), "site-local"},              // RFC 3879
}

// globalUnicast is where all public IPv6 addresses are: IANA has given out no
// others.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// privacy says in a word why the address is not on the public internet; "" when
// it is. IPv4 written as IPv6 is IPv4.
func privacy(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid(), a.IsUnspecified():
		return "unspecified"
	case a.IsLoopback():
		return "loopback"
	case a.IsPrivate():
		return "private"
	case a.IsLinkLocalUnicast(), a.IsLinkLocalMulticast():
		return "link-local"
	case a.IsMulticast():
		return "multicast"
	}
	for _, s := range special {
		if s.prefix.Contains(a) {
			return s.why
		}
	}
	if a.Is6() && !globalUnicast.Contains(a) {
		return "reserved"
	}
	return ""
}
