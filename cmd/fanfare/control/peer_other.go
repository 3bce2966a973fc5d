//go:build unix && !linux && !darwin && !freebsd

package control

import "os"

// peerOf can't tell here: the mode of the socket alone keeps others out.
func peerOf(int) (peer, error) { return peer{uid: os.Geteuid()}, nil }
