//go:build unix

package engine

// openRings gives every loop a ring. One that can't be had is done without:
// each send is then a system call of its own.
func (t *sockets) openRings() {
	t.rings = make([]*ring, len(t.server.loops))
	if t.server.cfg.NoIOUring {
		return
	}
	for i := range t.rings {
		r, err := newRing()
		if err != nil {
			t.server.cfg.Logger.Info("io_uring can't be used here; broadcasts cost somewhat more", "error", err)
			return
		}
		t.rings[i] = r
	}
}

// TryIOUring tells whether broadcasts can leave through io_uring here: nil, or
// why not. It makes a ring as a loop does, sends a byte, and lets go of it.
func TryIOUring() error {
	r, err := newRing()
	if err != nil {
		return err
	}
	r.close()
	return nil
}

// sendByRing sends to the loop's connections with one system call. What has
// no result afterwards is left to send.
func (t *sockets) sendByRing(loop int, list []Sending) {
	err := t.rings[loop].send(list)
	if err == nil {
		return
	}
	t.server.cfg.Logger.Warn("io_uring failed and is not used any more", "error", err, "loop", loop)
	t.rings[loop].close()
	t.rings[loop] = nil
}

func (t *sockets) closeRings() {
	for _, r := range t.rings {
		if r != nil {
			r.close()
		}
	}
}
