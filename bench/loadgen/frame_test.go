package loadgen

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// serverFrame writes a frame as RFC 6455 section 5.2 has it from a server.
func serverFrame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func TestParseFrame(t *testing.T) {
	f := func(size int) {
		t.Helper()
		payload := strings.Repeat("p", size)
		wire := append(serverFrame(0x81, payload), 0x81, 0x05) // and the beginning of the next
		got, n, need, err := parseFrame(wire)
		if err != nil || n != len(wire)-2 || need != n || got.opcode != opText || string(got.payload) != payload {
			t.Errorf("size %d: opcode %d, payload of %d, length %d of %d, %v", size, got.opcode, len(got.payload), n, len(wire)-2, err)
		}
	}
	for _, size := range []int{0, 1, 125, 126, 127, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
		f(size)
	}
}

func TestParseFrameInPieces(t *testing.T) {
	f := func(size int) {
		t.Helper()
		wire := serverFrame(0x81, strings.Repeat("p", size))
		for have := range len(wire) {
			_, n, need, err := parseFrame(wire[:have])
			if n != 0 || err != nil || need <= have || need > len(wire) {
				t.Fatalf("%d of %d bytes: length %d, need %d, %v", have, len(wire), n, need, err)
			}
		}
	}
	f(0)
	f(5)
	f(200)
	f(70000)
}

func TestParseFrameRefuses(t *testing.T) {
	f := func(wire []byte, want string) {
		t.Helper()
		_, n, _, err := parseFrame(wire)
		if n != 0 || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("% x: length %d, %v; want %q", wire, n, err, want)
		}
	}
	f([]byte{0x01, 0x05}, "0x01")                                     // a first fragment
	f([]byte{0xc1, 0x05}, "0xc1")                                     // RSV1: compressed
	f([]byte{0x81, 0x85}, "masked")                                   // as a client would
	f([]byte{0x82, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0}, "declares")       // 2^63 bytes
	f([]byte{0x82, 127, 0, 0, 0, 0, 0x80, 0, 0, 1}, "declares 21474") // 2 GiB and a byte
}

// What the generator sends must be what it reads, once unmasked.
func TestAppendFrame(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 1<<16 - 1, 1 << 16} {
		payload := bytes.Repeat([]byte("abc"), size/3+1)[:size]
		wire := appendFrame(nil, opText, payload)
		at := len(wire) - size
		if wire[1]&0x80 == 0 || !bytes.Equal(wire[at-4:at], maskKey[:]) {
			t.Fatalf("size %d: not masked: % x", size, wire[:at])
		}
		plain := append(append([]byte{wire[0], wire[1] &^ 0x80}, wire[2:at-4]...), wire[at:]...)
		for i := range size {
			plain[at-4+i] ^= maskKey[i%4]
		}
		got, n, _, err := parseFrame(plain)
		if err != nil || n != len(plain) || got.opcode != opText || !bytes.Equal(got.payload, payload) {
			t.Errorf("size %d: length %d of %d, %v", size, n, len(plain), err)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(serverFrame(0x81, "hello"))
	f.Add(serverFrame(0x89, strings.Repeat("p", 126)))
	f.Add([]byte{0x82, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, n, need, err := parseFrame(b)
		switch {
		case err != nil && n != 0:
			t.Errorf("length %d with %v", n, err)
		case n > len(b) || len(got.payload) > n:
			t.Errorf("length %d and payload of %d from %d bytes", n, len(got.payload), len(b))
		case err == nil && n == 0 && need <= len(b):
			t.Errorf("has %d bytes, says that it needs %d", len(b), need)
		}
	})
}

func BenchmarkParseFrameAndMark(b *testing.B) {
	mark := AppendMark(nil, Mark{3, 42})
	wire := serverFrame(0x81, `{"event":"tick","channel":"bench","data":"`+string(mark)+strings.Repeat("x", 130)+`"}`)
	b.ReportAllocs()
	hint := 0
	for b.Loop() {
		f, _, _, err := parseFrame(wire)
		if err != nil {
			b.Fatal(err)
		}
		if _, hint = FindMark(f.payload, hint); hint < 0 {
			b.Fatal("no mark")
		}
	}
}
