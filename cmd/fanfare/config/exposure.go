package config

import (
	"net/netip"

	"fanfare/channels/apps"
)

// CheckExposure refuses to offer credentials that everybody knows to other
// machines. hosts are the addresses that the server is to listen on.
func (c *Config) CheckExposure(hosts []string) error {
	for i := range c.Apps {
		if c.Apps[i].Secret != apps.DefaultSecret {
			continue
		}
		for _, host := range hosts {
			if !IsLoopback(host) {
				return Errorf("app %q has the secret that everybody knows (%s), so %s is not served to other machines (server.host = %q): "+
					"run `fanfare init`, which writes a %s with credentials of your own, or listen on localhost",
					c.Apps[i].ID, apps.DefaultSecret, host, c.Server.Host, DefaultFile)
			}
		}
	}
	return nil
}

// IsLoopback tells whether nobody but this machine reaches the address.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
