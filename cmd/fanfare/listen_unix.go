//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"fanfare/channels/apps"
)

// newLogger makes the log that [log] asks for, and what its level can be
// changed by.
func newLogger(w io.Writer, cfg Log) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		panic(err) // the configuration has been checked
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" || cfg.Format == auto && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, o)), level
	}
	return slog.New(slog.NewJSONHandler(w, o)), level
}

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

// checkExposure refuses to offer credentials that everybody knows to other
// machines.
func (c *Config) checkExposure(hosts []string) error {
	for i := range c.Apps {
		if c.Apps[i].Secret != apps.DefaultSecret {
			continue
		}
		for _, host := range hosts {
			if !isLoopback(host) {
				return fmt.Errorf("app %q has the secret that everybody knows (%s), so %s is not served to other machines (%s = %q): "+
					"run `fanfare init`, which writes a %s with credentials of your own, or listen on localhost",
					c.Apps[i].ID, apps.DefaultSecret, host, "server.host", c.Server.Host, defaultFile)
			}
		}
	}
	return nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
