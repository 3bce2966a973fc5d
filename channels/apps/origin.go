package apps

import (
	"errors"
	"fmt"
	"strings"
)

// OriginAllowed reports whether a page with this Origin header may connect.
// It allocates nothing.
//
// An empty list allows every page. A request without Origin is allowed too: no
// browser sends one, and whoever is no browser can send what he likes. Patterns:
//
//	https://example.com     exactly this scheme, host and port
//	https://*.example.com   every name below example.com, not example.com itself
//	http://localhost:*      every port
//	example.com             this host, whatever the scheme and port
//	*.example.com           every name below it, whatever the scheme and port
//	*                       every page, also "null"
//
// Upper and lower case are equal (RFC 6454 has both in lower case).
func (a *App) OriginAllowed(origin string) bool {
	if origin == "" || len(a.AllowedOrigins) == 0 {
		return true
	}
	scheme, host, port, ok := splitOrigin(origin)
	for _, p := range a.AllowedOrigins {
		if p == "*" || strings.EqualFold(p, origin) {
			return true
		}
		if ok && matchOrigin(p, scheme, host, port) {
			return true
		}
	}
	return false
}

// matchOrigin matches one pattern. Without a scheme it speaks of the host alone.
func matchOrigin(pattern, scheme, host, port string) bool {
	wantScheme, rest, hasScheme := strings.Cut(pattern, "://")
	if !hasScheme {
		return matchHost(pattern, host)
	}
	wantHost, wantPort := splitPort(rest)
	return strings.EqualFold(wantScheme, scheme) &&
		(wantPort == port || wantPort == "*") &&
		matchHost(wantHost, host)
}

// matchHost wants a whole label before the suffix, so that *.example.com does
// not let evil-example.com in.
func matchHost(pattern, host string) bool {
	suffix, wild := strings.CutPrefix(pattern, "*")
	if !wild {
		return strings.EqualFold(pattern, host)
	}
	cut := len(host) - len(suffix)
	return cut > 0 && strings.EqualFold(host[cut:], suffix)
}

// splitOrigin takes a serialised origin (RFC 6454 section 6.2) apart. Anything
// that has more than scheme, host and port is none: a suffix match on
// "https://evil.test/.example.com" must not happen.
func splitOrigin(origin string) (scheme, host, port string, ok bool) {
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || scheme == "" || strings.ContainsAny(rest, "/@?#\\ ,") {
		return "", "", "", false
	}
	host, port = splitPort(rest)
	return scheme, host, port, host != ""
}

// splitPort cuts the port off, and leaves the colons of an IPv6 address alone.
func splitPort(hostport string) (host, port string) {
	i := strings.LastIndexByte(hostport, ':')
	if i < 0 || strings.HasSuffix(hostport, "]") {
		return hostport, ""
	}
	return hostport[:i], hostport[i+1:]
}

func checkOrigins(patterns []string) error {
	var errs []error
	for i, p := range patterns {
		if why := originFault(p); why != "" {
			errs = append(errs, fmt.Errorf("allowed_origins[%d] is %q: %s", i, p, why))
		}
	}
	return errors.Join(errs...)
}

// originFault says what is wrong with a pattern that could never match, or
// that matches more than its writer thinks; "" when it is fine.
func originFault(p string) string {
	const example = `like "https://example.com", "https://*.example.com" or "*"`
	if p == "*" || p == "null" {
		return ""
	}
	scheme, rest, hasScheme := strings.Cut(p, "://")
	host, port := splitPort(rest)
	if !hasScheme {
		scheme, host, port = "any", p, ""
	}
	suffix, wild := strings.CutPrefix(host, "*")
	switch {
	case scheme == "" || host == "":
		return "write an origin " + example
	case strings.ContainsAny(host, "/@?#\\ ,"):
		return "an origin has no path, user or white space; write one " + example
	case strings.Contains(suffix, "*"), wild && len(suffix) < 2, wild && suffix[0] != '.':
		return `"*" may only stand for whole labels at the front of the host, ` + example
	case !hasScheme && strings.Contains(p, ":") && p[0] != '[':
		return "a port needs a scheme before it, " + example
	case !validPort(port):
		return `the port must be digits or "*"`
	}
	return ""
}

func validPort(port string) bool {
	return port == "*" || strings.Trim(port, "0123456789") == ""
}
