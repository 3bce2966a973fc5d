//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/node"
	"fanfare/cmd/fanfare/systemd"
)

// underManager lets the service manager that has started this process, such as
// systemd, know how the node is, and has the node serve the sockets that the
// manager hands over. Without a manager it does nothing.
func underManager(c *command.Process, m *node.Main) (*systemd.Service, error) {
	pid := os.Getpid()
	sockets, err := systemd.Inherited(c.Getenv, pid)
	if err != nil {
		return nil, err
	}
	for _, f := range sockets {
		switch {
		case f.Name() == "https":
			m.TLSListeners = append(m.TLSListeners, f)
		case forClients(f.Name()):
			m.Listeners = append(m.Listeners, f)
		default:
			return nil, fmt.Errorf("the service manager hands over a socket with the name %q, and there is no such port: "+
				"write FileDescriptorName=http for the port of clients, https for that of TLS, or leave the line out", f.Name())
		}
	}
	notifier, err := systemd.NewNotifier(c.Getenv)
	if err != nil {
		return nil, err
	}
	watchdog, err := systemd.WatchdogInterval(c.Getenv, pid)
	if err != nil {
		return nil, err
	}
	s := &systemd.Service{Notifier: notifier, Log: m.Log, Watchdog: watchdog, Status: m.Status, Stalled: m.Stalled}
	m.Reloading = s.Reloading
	return s, nil
}

// forClients tells whether a socket of that name is for server.port: it is called
// so, or nobody gave it a name, so that it bears that of its unit, or none.
func forClients(name string) bool {
	return name == "http" || name == "unknown" || strings.HasSuffix(name, ".socket")
}
