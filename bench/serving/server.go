//go:build linux

package serving

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"
)

// Server is a process that listens.
type Server struct {
	*Process

	Addr    netip.AddrPort // of the one port that clients and publishers share
	TLS     netip.AddrPort // of Fanfare's port that speaks TLS, if it has one
	Metrics netip.AddrPort // of Fanfare; the limit program has none
}

// Serve starts a server: Fanfare, or the limit program. It returns when it
// listens; a server that does not is stopped.
func (p Program) Serve(ctx context.Context) (*Server, error) {
	process, err := p.Start()
	if err != nil {
		return nil, err
	}
	s := &Server{Process: process}
	if err := s.await(ctx); err != nil {
		err = s.Because(err)
		_ = s.Stop() // how it ended is less than why it had to
		return nil, err
	}
	return s, nil
}

// await looks into the log until it tells where the server listens.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.patience, fmt.Errorf("it does not listen after %s", s.patience))
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		finished := s.Finished() // before the log is read: its last word counts
		text, err := os.ReadFile(s.Log)
		if err != nil || s.listens(text) {
			return err
		}
		if finished {
			return errors.New("it does not listen")
		}
		select {
		case <-again.C:
		case <-s.ended:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// listens takes the addresses from a log. It is true when nothing more is to
// come: Fanfare tells that of its metrics last.
func (s *Server) listens(log []byte) bool {
	for line := range bytes.Lines(log) {
		if port, found := bytes.CutPrefix(line, []byte("port ")); found {
			return s.listensOn(port)
		}
		var entry struct {
			Msg  string         `json:"msg"`
			Addr netip.AddrPort `json:"addr"`
			TLS  bool           `json:"tls"`
		}
		if json.Unmarshal(line, &entry) != nil {
			continue // half a line, or no JSON
		}
		switch entry.Msg {
		case "listening":
			if entry.TLS {
				s.TLS = entry.Addr
				continue
			}
			s.Addr = entry.Addr
		case "metrics":
			s.Metrics = entry.Addr
		}
	}
	return s.Addr.IsValid() && s.Metrics.IsValid()
}

// listensOn takes what the limit program says, if it is a whole line.
func (s *Server) listensOn(port []byte) bool {
	digits, whole := bytes.CutSuffix(port, []byte("\n"))
	n, err := strconv.ParseUint(string(digits), 10, 16)
	if err != nil || !whole {
		return false
	}
	s.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(n))
	return true
}
