//go:build unix

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"fanfare/cmd/fanfare/config"
)

// findHosts finds the addresses to listen on, without their ports: those of the
// configuration, or of sockets that listen already.
func (m *Main) findHosts(ctx context.Context) (err error) {
	if m.open, err = hostsOf(m.TLSListeners); err != nil {
		return err
	}
	if len(m.Listeners) > 0 {
		m.hosts, err = hostsOf(m.Listeners)
		return err
	}
	m.hosts, err = listenHosts(ctx, m.Log, "server.host", m.Config.Server.Host)
	return err
}

// reachedAt are the addresses that clients come to.
func (m *Main) reachedAt() []string { return slices.Concat(m.hosts, m.open) }

// checkExposure refuses what others could reach with a secret that everybody knows.
func (m *Main) checkExposure(c *config.Config) error { return c.CheckExposure(m.reachedAt()) }

// checkListeners tells of inherited sockets that the configuration has no use for.
func (m *Main) checkListeners() error {
	switch {
	case len(m.TLSListeners) > 0 && !m.Config.TLS.Enabled:
		return errors.New("the service manager hands over a socket for TLS, and there is no certificate: set tls.enabled and tls.cert, or give it another name (FileDescriptorName=http)")
	case len(m.Listeners) > 0 && m.Config.IsTLSAlone():
		return errors.New("server.port is to speak TLS, as tls.port is the same, but the service manager hands over a socket without TLS: name it https (FileDescriptorName=https)")
	}
	return nil
}

// hostsOf are the addresses that sockets listen on, each once.
func hostsOf(sockets []*os.File) (hosts []string, err error) {
	for _, f := range sockets {
		ln, err := net.FileListener(f) // of a copy
		if err != nil {
			return nil, fmt.Errorf("cannot serve the inherited socket %q: %w", f.Name(), err)
		}
		if tcp, ok := ln.Addr().(*net.TCPAddr); ok { // the engine refuses others
			hosts = append(hosts, tcp.AddrPort().Addr().Unmap().String())
		}
		_ = ln.Close()
	}
	slices.Sort(hosts)
	return slices.Compact(hosts), nil
}

func (m *Main) closeListeners() {
	for _, f := range slices.Concat(m.Listeners, m.TLSListeners, m.PrivateListeners) {
		_ = f.Close()
	}
}

// listenHosts gives the addresses that a host of the configuration stands
// for. key names it in errors.
func listenHosts(ctx context.Context, log *slog.Logger, key, host string) ([]string, error) {
	switch host {
	case "localhost":
		return bothFamilies(ctx, log, host, "127.0.0.1", "::1"), nil
	case "*":
		return bothFamilies(ctx, log, host, "0.0.0.0", "::"), nil
	}
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return []string{addr.String()}, nil
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("%s = %q is no address of this machine: %w", key, host, err)
	}
	return found, nil
}

// bothFamilies are the two addresses; a machine without that of IPv6 is told of
// in the log.
func bothFamilies(ctx context.Context, log *slog.Logger, host, ipv4, ipv6 string) []string {
	if err := tryListen(ctx, ipv6); err != nil {
		log.Info("this machine has no IPv6, so only IPv4 is listened on", "host", host, "addr", ipv4, "error", err)
		return []string{ipv4}
	}
	return []string{ipv4, ipv6}
}

// tryListen tells whether the machine has the address.
func tryListen(ctx context.Context, host string) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	return ln.Close()
}

func joinPort(hosts []string, port int) []string {
	addrs := make([]string, len(hosts))
	for i, host := range hosts {
		addrs[i] = net.JoinHostPort(host, fmt.Sprint(port))
	}
	return addrs
}
