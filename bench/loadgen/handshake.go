package loadgen

import "fmt"

// checkUpgrade looks for the 101 at the start of b and returns its length; 0
// while it is not whole.
func (t *Target) checkUpgrade(b []byte) (int, error) {
	a, n, err := parseAnswer(b)
	switch {
	case n == 0 || err != nil:
		return 0, err
	case a.status != 101:
		return 0, t.refused("upgrade answered with", a.status, a.body)
	}
	if accept := a.header("sec-websocket-accept"); string(accept) != handshakeAccept {
		return 0, fmt.Errorf("upgrade answered with Sec-WebSocket-Accept %q, want %q", accept, handshakeAccept)
	}
	return n, nil
}
