package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// validate checks what no single key can tell.
func (l *Loaded) validate() error {
	errs := []error{l.checkPathPrefix(), l.checkPorts(), l.checkTLS(), l.checkProxies(), l.checkDatabase(), l.checkToken()}
	for i := range l.Apps {
		errs = append(errs, l.checkApp(i), l.checkTargets(i))
	}
	return errors.Join(append(errs, l.checkTwice())...)
}

// checkTwice refuses two apps with one id or key, and names where both are.
func (l *Loaded) checkTwice() error {
	var errs []error
	ids, keys := make(map[string]int), make(map[string]int)
	once := func(seen map[string]int, field, value string, i int) {
		if first, ok := seen[value]; ok {
			errs = append(errs, fmt.Errorf("%s: app %q: %s %q is that of app %q in %s: give each app its own",
				l.origin(AppPath(i)+field), l.Apps[i].ID, field, value, l.Apps[first].ID, l.origin(AppPath(first)+field)))
			return
		}
		seen[value] = i
	}
	for i := range l.Apps {
		once(ids, "id", l.Apps[i].ID, i)
		once(keys, "key", l.Apps[i].Key, i)
	}
	return errors.Join(errs...)
}

// checkApp tells what is wrong with an app, in lines that each name it and
// where it comes from.
func (l *Loaded) checkApp(i int) error {
	err := l.Apps[i].record().Validate()
	if err == nil {
		return nil
	}
	app := fmt.Sprintf("app %q: ", l.Apps[i].ID)
	var errs []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		line = strings.TrimPrefix(line, app)
		line = strings.ReplaceAll(line, "limits.", "limit.") // the file's name of the table: limits is a key
		errs = append(errs, fmt.Errorf("%s: %s%s", l.originOfFault(i, line), app, line))
	}
	return errors.Join(errs...)
}

// originOfFault is where the key came from that a line of checkApp begins with.
// What is missing counts as the app's: the place of its id.
func (l *Loaded) originOfFault(i int, line string) string {
	key, _, _ := strings.Cut(line, " ")
	if o, ok := l.origins[AppPath(i)+key]; ok {
		return o
	}
	return l.origin(AppPath(i) + "id")
}

func (l *Loaded) checkPathPrefix() error {
	p := l.Server.PathPrefix
	if p == "" || strings.HasPrefix(p, "/") && !strings.HasSuffix(p, "/") && !strings.ContainsAny(p, "?#% ") {
		return nil
	}
	return fmt.Errorf("server.path_prefix = %q (%s): want a path such as /rt, with a slash at its front and none at its end",
		p, l.origin("server.path_prefix"))
}

// checkProxies checks the addresses, and that somebody may send the PROXY
// headers that are waited for.
func (l *Loaded) checkProxies() error {
	s := &l.Server
	if _, err := s.TrustedNetworks(); err != nil {
		return fmt.Errorf("server.trusted_proxies (%s): %w", l.origin("server.trusted_proxies"), err)
	}
	if s.ProxyProtocol && len(s.TrustedProxies) == 0 {
		return fmt.Errorf("server.proxy_protocol = true (%s), but no proxy is trusted: name them in server.trusted_proxies",
			l.origin("server.proxy_protocol"))
	}
	return nil
}

// TrustedNetworks are the trusted proxies. It reads addresses as networks of one.
func (s *Server) TrustedNetworks() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range s.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, Errorf("%q is no network: want one such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7", text)
		}
		list = append(list, prefix.Masked())
	}
	return list, nil
}

// checkPorts wants a port of its own for metrics. Clients' ports may be one.
func (l *Loaded) checkPorts() error {
	if !l.Metrics.Enabled || l.Metrics.Port == 0 {
		return nil
	}
	var errs []error
	refuse := func(port int, key string) {
		if port == l.Metrics.Port {
			errs = append(errs, fmt.Errorf("metrics.port = %d (%s) is the port of %s (%s): give each its own",
				l.Metrics.Port, l.origin("metrics.port"), key, l.origin(key)))
		}
	}
	refuse(l.Server.Port, "server.port")
	if l.TLS.Enabled {
		refuse(l.TLS.Port, "tls.port")
	}
	return errors.Join(errs...)
}

// minToken is how many characters make a token that nobody guesses.
const minToken = 16

// checkToken refuses what can't be sent in a header, or be guessed.
func (l *Loaded) checkToken() error {
	token := l.Metrics.Token
	if token == "" {
		return nil
	}
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(token) < minToken || strings.ContainsFunc(token, odd) {
		return fmt.Errorf("metrics.token (%s): want %d or more letters, digits and signs of ASCII without spaces, such as those that `openssl rand -hex 24` prints",
			l.origin("metrics.token"), minToken)
	}
	return nil
}
