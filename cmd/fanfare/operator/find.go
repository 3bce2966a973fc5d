//go:build unix

package operator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/control"
)

// patience is how long a server has for an answer.
const patience = 5 * time.Second

// find connects to the server that the flags, the environment and the
// configuration name, and asks it how it is.
func (w *where) find(ctx context.Context, env []string) (*control.Client, control.Status, error) {
	places, port, err := w.places(env)
	if err != nil {
		return nil, control.Status{}, err
	}
	for _, path := range places {
		client := control.Dial(path)
		s, err := statusOf(ctx, client)
		if err == nil && !serves(s, port) {
			err = fmt.Errorf("it listens on %s, and not on port %d: name the right one with --port or --socket", strings.Join(s.Addresses, ", "), port)
		}
		if err == nil {
			return client, s, nil
		}
		client.Close()
		if !absent(err) {
			return nil, s, fmt.Errorf("cannot speak to the server at %s: %w", path, err)
		}
	}
	return nil, control.Status{}, fmt.Errorf("no server listens on %s: is one running here, as this user? --socket PATH names "+
		"another place; the server's log has it", strings.Join(places, ", nor on "))
}

func statusOf(ctx context.Context, client *control.Client) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return client.Status(ctx)
}

// absent tells that there is no server, from one that does not do as it should.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTDIR)
}

// places is where to look, and the port that the server there has to have; 0 is
// any.
func (w *where) places(env []string) (list []string, port int, err error) {
	if w.socket != "" {
		return []string{w.socket}, 0, nil
	}
	flags := map[string]string{}
	if w.port != "" {
		flags["port"] = w.port
	}
	l, err := config.Load(config.Sources{Flags: flags, Env: env, File: w.config})
	if err != nil {
		return nil, 0, err
	}
	switch l.Control.Socket {
	case control.Auto:
	case "":
		return nil, 0, command.Usagef("control.socket is empty, so the server has none: name the socket with --socket, or use signals")
	default:
		return []string{l.Control.Socket}, 0, nil
	}
	port = l.Server.Port
	if port == 0 {
		return nil, 0, command.Usagef("server.port is 0, so the server takes any free port: name it with --port, or its socket with --socket")
	}
	list = control.Places(port, env)
	if w.port == "" && port == defaultPort {
		port = 0 // nobody has named one
	}
	return list, port, nil
}

// defaultPort is server.port's.
const defaultPort = 6001

func serves(s control.Status, port int) bool {
	if port == 0 {
		return true
	}
	for _, addr := range s.Addresses {
		if _, p, err := net.SplitHostPort(addr); err == nil && p == strconv.Itoa(port) {
			return true
		}
	}
	return false
}
