package node

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/handover"
)

// offer tells the other process what there is to take over, and sends it the sockets
// that listen.
func (m *Main) offer(link *handover.Link, check bool) error {
	sockets, descriptors, err := m.sockets()
	defer func(all []int) { handover.CloseAll(all) }(descriptors)
	if err != nil {
		return fmt.Errorf("cannot copy the listening sockets: %w", err)
	}
	o := handover.Offer{
		Talk: handover.Talk, State: handover.State, Version: m.Version, PID: os.Getpid(),
		Check: check, Connections: int(m.connections()), Address: addressOf(&m.Config),
	}
	secrets := m.secrets()
	for {
		n, k := min(len(descriptors), handover.Most), min(len(secrets), secretsAtOnce)
		o.Sockets, o.Secrets, o.More = sockets[:n], secrets[:k], n < len(descriptors) || k < len(secrets)
		if err := link.Send(&handover.Message{Offer: &o}, startTime, descriptors[:n]...); err != nil { // it may not listen yet
			return err
		}
		if sockets, descriptors, secrets = sockets[n:], descriptors[n:], secrets[k:]; !o.More {
			return nil
		}
	}
}

// sockets are copies of all that listen. The caller closes them, also where there is an
// error.
func (m *Main) sockets() (list []handover.Socket, descriptors []int, err error) {
	all, err := m.engine.Listeners()
	for _, l := range all {
		list = append(list, handover.Socket{Addr: l.Addr, TLS: l.TLS})
		descriptors = append(descriptors, l.Descriptor)
	}
	if err != nil {
		return list, descriptors, err
	}
	var failed error
	err = m.private.Each(func(addr string, descriptor int) {
		copied, err := unix.FcntlInt(uintptr(descriptor), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			failed = os.NewSyscallError("fcntl", err)
			return
		}
		list, descriptors = append(list, handover.Socket{Addr: addr, Private: true}), append(descriptors, copied)
	})
	return list, descriptors, errors.Join(err, failed)
}

func addressOf(c *config.Config) handover.Address {
	a := handover.Address{Host: c.Server.Host, Port: c.Server.Port}
	if c.TLS.Enabled {
		a.TLSPort = c.TLS.Port
	}
	return a
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// hearOffer takes the sockets over, and tells whether this node can take the rest.
func (m *Main) hearOffer(link *handover.Link) (*handover.Offer, error) {
	for {
		said, descriptors, err := link.Receive(answerTime)
		if err != nil {
			return nil, err
		}
		o := said.Offer
		if o == nil || len(o.Sockets) != len(descriptors) {
			handover.CloseAll(descriptors)
			return nil, fmt.Errorf("the hand-over began with %+v and %d descriptors", said, len(descriptors))
		}
		for i, s := range o.Sockets {
			m.keepSocket(s, os.NewFile(uintptr(descriptors[i]), s.Addr))
		}
		m.keepSecrets(o.Secrets)
		if !o.More {
			return o, m.judge(o)
		}
	}
}

func (m *Main) keepSocket(s handover.Socket, f *os.File) {
	switch {
	case s.Private:
		m.PrivateListeners = append(m.PrivateListeners, f)
	case s.TLS:
		m.TLSListeners = append(m.TLSListeners, f)
	default:
		m.Listeners = append(m.Listeners, f)
	}
}

// judge says why an offer can't be taken up.
func (m *Main) judge(o *handover.Offer) error {
	was, is := o.Address, addressOf(&m.Config)
	secure := len(m.TLSListeners) > 0 // the port may be 0: any
	const how = "what is listened on can't change in an upgrade: set it back, or restart the server"
	switch {
	case o.Talk != handover.Talk || o.State != handover.State:
		return fmt.Errorf("the server that runs (%s) hands over in another form (%d.%d) than this version takes up (%d.%d): restart it (fanfare drain) instead",
			o.Version, o.Talk, o.State, handover.Talk, handover.State)
	case was.Host != is.Host:
		return fmt.Errorf("server.host is %q now, and the server was started with %q: %s", is.Host, was.Host, how)
	case was.Port != is.Port:
		return fmt.Errorf("server.port is %d now, and the server was started with %d: %s", is.Port, was.Port, how)
	case m.Config.TLS.Enabled != secure:
		return fmt.Errorf("tls.enabled is %v now, and the server was started with %v: %s", m.Config.TLS.Enabled, secure, how)
	case was.TLSPort != is.TLSPort:
		return fmt.Errorf("tls.port is %d now, and the server was started with %d: %s", is.TLSPort, was.TLSPort, how)
	}
	return nil
}
