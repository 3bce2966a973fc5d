package tlsconn

import "testing"

// Whatever comes is taken or refused; nothing panics, and no more is taken than
// there is.
func FuzzOpen(f *testing.F) {
	server, client := twins(f)
	state := server.State()
	f.Add([]byte{}, []byte{})
	f.Add([]byte{typeApplicationData, 3, 3, 0, 17}, []byte{msgKeyUpdate, 0, 0, 1, 0, typeHandshake})
	f.Add(client.Seal(nil, []byte("data")), []byte("data\x17"))
	f.Fuzz(func(t *testing.T, raw, inner []byte) {
		c, err := Restore(state)
		if err != nil {
			t.Fatal(err)
		}
		for data := raw; ; {
			plain, n, err := c.Open(data)
			if n > len(data) || len(plain) > n {
				t.Fatalf("took %d of %d bytes, gave %d", n, len(data), len(plain))
			}
			if n == 0 || err != nil {
				break
			}
			data = data[n:]
		}
		if len(inner) > maxPlain {
			return
		}
		peer := &Conn{suite: c.suite, out: half{keys: client.out.keys}} // what is inside a record
		c, err = Restore(State{Suite: state.Suite, In: Half{Secret: state.In.Secret}, Out: state.Out})
		if err != nil {
			t.Fatal(err)
		}
		_, _, _ = c.Open(peer.seal(nil, 0, inner))
	})
}
