//go:build unix

package node

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
)

// listenHosts gives the addresses that a host of the configuration stands
// for. key names it in errors. localhost is both loopback addresses; a machine
// without ::1 is told of in the log.
func listenHosts(ctx context.Context, log *slog.Logger, key, host string) ([]string, error) {
	if host == "localhost" {
		if err := tryListen(ctx, "::1"); err != nil {
			log.Info("this machine has no ::1, so localhost is 127.0.0.1 alone", "error", err)
			return []string{"127.0.0.1"}, nil
		}
		return []string{"127.0.0.1", "::1"}, nil
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
