package cases

import (
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"time"
)

// Patience is how long Drive waits for the end of a connection.
const Patience = 20 * time.Second

// A Split cuts what a client sends into the pieces that it writes.
type Split func(send []byte) iter.Seq[[]byte]

// Whole is everything in one piece.
func Whole(send []byte) iter.Seq[[]byte] { return slices.Values([][]byte{send}) }

// Octets is byte by byte; what comes after the first 4,096 bytes goes in pieces of 997, so that a large message does not
// cost a packet for each byte of its payload.
func Octets(send []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for sent := 0; sent < len(send); {
			n := 1
			if sent >= 4096 {
				n = min(997, len(send)-sent)
			}
			if !yield(send[sent : sent+n]) {
				return
			}
			sent += n
		}
	}
}

// Random is pieces of 1 to 4,096 bytes, short ones more often. The same seed gives the same pieces.
func Random(seed uint64) Split {
	return func(send []byte) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			random := rand.New(rand.NewPCG(seed, 0))
			for sent := 0; sent < len(send); {
				n := min(1+random.IntN(1<<random.IntN(13)), len(send)-sent)
				if !yield(send[sent : sent+n]) {
					return
				}
				sent += n
			}
		}
	}
}

// Drive plays the client's part of a case on conn, which has been upgraded and of which all of the 101 and no more has been
// read. It returns when the server ended the connection, at the latest after Patience, and gives the verdict of Check. It
// does not close conn; it sets its deadline. A reset counts as an end too, but may have cost the last frames.
func Drive(conn net.Conn, c Case, split Split) error {
	if err := conn.SetDeadline(time.Now().Add(Patience)); err != nil {
		return err
	}
	type result struct {
		received []byte
		err      error
	}
	done := make(chan result, 1)
	go func() { // a server that echoes while we write must not wait for us
		received, err := io.ReadAll(conn)
		done <- result{received, err}
	}()
	for piece := range split(c.Send) {
		if _, err := conn.Write(piece); err != nil {
			break // the server has closed, as it should in many cases: what it sent decides
		}
	}
	r := <-done
	return Check(c, r.received, !errors.Is(r.err, os.ErrDeadlineExceeded))
}
