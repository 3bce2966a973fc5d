package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// unmask decodes one client frame the way a server does, and returns its
// payload.
func unmask(t *testing.T, frame []byte, op byte) []byte {
	t.Helper()
	if frame[0] != finBit|op {
		t.Fatalf("first byte %#x, want %#x", frame[0], finBit|op)
	}
	if frame[1]&maskBit == 0 {
		t.Fatal("the client frame is not masked")
	}
	n, rest := uint64(frame[1]&lengthBits), frame[2:]
	switch n {
	case 126:
		n, rest = uint64(binary.BigEndian.Uint16(rest)), rest[2:]
	case 127:
		n, rest = binary.BigEndian.Uint64(rest), rest[8:]
	}
	key, payload := rest[:4], bytes.Clone(rest[4:])
	if uint64(len(payload)) != n {
		t.Fatalf("the frame declares %d bytes and has %d", n, len(payload))
	}
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return payload
}

func TestAppendFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 70000} {
		want := []byte(strings.Repeat("p", n))
		if got := unmask(t, AppendFrame(nil, OpText, want), OpText); !bytes.Equal(got, want) {
			t.Errorf("a payload of %d bytes came out as %d other ones", n, len(got))
		}
	}
}

func TestReadFrame(t *testing.T) {
	long := strings.Repeat("p", 65536)
	tests := []struct {
		name, bytes string
		payload     string
		wantErr     string
	}{
		{"text", "\x81\x02hi", "hi", ""},
		{"empty close", "\x88\x00", "", ""},
		{"16 bit length", "\x81\x7e\x00\x7e" + long[:126], long[:126], ""},
		{"64 bit length", "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + long, long, ""},
		{"reserved bit", "\xc1\x02hi", "", "reserved bit"},
		{"reserved opcode", "\x83\x00", "", "reserved"},
		{"masked", "\x81\x82\x00\x00\x00\x00hi", "", "masked"},
		{"fragmented ping", "\x09\x00", "", "fragmented"},
		{"long ping", "\x89\x7e\x00\x7e", "", "over 125"},
		{"16 bit length for 125", "\x81\x7e\x00\x7d", "", "shortest form"},
		{"64 bit length for 65535", "\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", "", "shortest form"},
		{"a length of 2^63", "\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "", "over the suite's"},
		{"cut payload", "\x81\x05hi", "", "unexpected EOF"},
		{"cut length", "\x81\x7e\x00", "", "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := ReadFrame(bufio.NewReader(strings.NewReader(tt.bytes)))
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("got error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil || string(f.Payload) != tt.payload {
				t.Fatalf("got %d bytes and error %v, want %d bytes", len(f.Payload), err, len(tt.payload))
			}
		})
	}
}

func TestParseClose(t *testing.T) {
	tests := []struct {
		payload string
		want    Close
		ok      bool
	}{
		{"", Close{}, true},
		{"\x10\x68", Close{Code: 4200}, true},
		{"\x0f\xa1no ü", Close{4001, "no ü"}, true},
		{"\x0f", Close{}, false},
		{"\x0f\xa1\xff", Close{}, false},
	}
	for _, tt := range tests {
		got, err := ParseClose([]byte(tt.payload))
		if (err == nil) != tt.ok || tt.ok && got != tt.want {
			t.Errorf("ParseClose(%q) = %v, %v, want %v, ok %v", tt.payload, got, err, tt.want, tt.ok)
		}
	}
}
