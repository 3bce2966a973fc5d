package cases_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/engine/websocket"
	"fanfare/engine/websocket/cases"
)

func TestAll(t *testing.T) {
	all := cases.All()
	if len(all) < 300 {
		t.Errorf("%d cases, want some hundreds", len(all))
	}
	seen := map[string]bool{}
	for _, c := range all {
		if seen[c.ID] {
			t.Errorf("two cases are called %s", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || len(c.Send) == 0 || len(c.Want) == 0 {
			t.Errorf("case %s lacks a title, something to send or something to want", c.ID)
			continue
		}
		for i, w := range c.Want {
			last := i == len(c.Want)-1
			if w.End != last || (w.Op == websocket.Close) != last || last && len(w.Codes) == 0 {
				t.Errorf("case %s: want %d of %d is %v: a close that ends the connection stands last and only there",
					c.ID, i+1, len(c.Want), w)
			}
			if len(w.Payload) > cases.LargestMessage {
				t.Errorf("case %s wants a message of %d bytes", c.ID, len(w.Payload))
			}
		}
	}
}

// TestSections holds the list against Autobahn's table of contents: every case that does not only cut its writes in
// another way is here.
func TestSections(t *testing.T) {
	count := map[string]int{}
	for _, c := range cases.All() {
		if strings.Contains(c.ID, "X") {
			continue
		}
		section, _, _ := strings.Cut(c.ID, ".")
		count[section]++
	}
	for section, want := range map[string]int{
		"1": 14, "2": 9, "3": 7, "4": 10, "5": 11, "6": 145, "7": 40, "9": 20, "10": 1,
	} {
		if count[section] < want {
			t.Errorf("section %s has %d cases, want at least %d", section, count[section], want)
		}
	}
}

// TestSamplesValidity states for the groups of section 6 that are all valid or all invalid which they are, so that the
// answer wanted does not rest on unicode/utf8 alone.
func TestSamplesValidity(t *testing.T) {
	valid := map[string]bool{
		"6.5": true, "6.7": true, "6.9": true, "6.22": true, "6.23": true,
		"6.8": false, "6.10": false, "6.12": false, "6.13": false, "6.14": false, "6.15": false, "6.16": false,
		"6.17": false, "6.18": false, "6.19": false, "6.20": false, "6.21": false, "6.3": false, "6.4": false,
	}
	for _, c := range cases.All() {
		parts := strings.SplitN(c.ID, ".", 3)
		want, known := valid[strings.Join(parts[:2], ".")]
		if code := c.Want[len(c.Want)-1].Codes[0]; known && (code == 1000) != want {
			t.Errorf("case %s (%s) wants close %d, but its group is valid: %t", c.ID, c.Title, code, want)
		}
	}
}

// TestStopsAtOnce: the cases of one byte a fragment end with the byte that cannot be mended, each in a frame of seven bytes.
func TestStopsAtOnce(t *testing.T) {
	octets := map[string]int{
		"6.12.1.X": 1, "6.16.1.X": 1, "6.17.1.X": 1, "6.17.2.X": 2, "6.17.3.X": 2, "6.11.5.X": 2, "6.20.1.X": 2,
		"6.13.1.X": 1, "6.13.2.X": 2, "6.3.2": len("κόσμε") + 2,
	}
	for _, c := range cases.All() {
		if n, known := octets[c.ID]; known && len(c.Send) != 7*n {
			t.Errorf("case %s sends %d bytes, want %d frames of 7", c.ID, len(c.Send), n)
		}
		delete(octets, c.ID)
	}
	if len(octets) > 0 {
		t.Errorf("no such cases: %v", octets)
	}
}

// right is what a server without fault sends.
func right(c cases.Case) []byte {
	var out []byte
	for _, w := range c.Want {
		if w.Op == websocket.Close {
			out = websocket.AppendClose(out, w.Codes[0], "any reason")
			continue
		}
		out = websocket.AppendFrame(out, w.Op, w.Payload)
	}
	return out
}

func TestCheckAcceptsTheRightAnswer(t *testing.T) {
	for _, c := range cases.All() {
		if err := cases.Check(c, right(c), true); err != nil {
			t.Error(err)
		}
	}
}

// TestCheckRefusesWrongAnswers spoils the right answer of each case in every way that a bad server could.
func TestCheckRefusesWrongAnswers(t *testing.T) {
	for _, c := range cases.All() {
		good := right(c)
		last := c.Want[len(c.Want)-1]
		withoutClose := good[:len(good)-len(websocket.AppendClose(nil, last.Codes[0], "any reason"))]
		answers := map[string][]byte{
			"nothing":              {},
			"no close":             withoutClose,
			"cut off":              good[:len(good)-1],
			"another code":         websocket.AppendClose(slices.Clone(withoutClose), 4567, ""),
			"body of one byte":     websocket.AppendFrame(slices.Clone(withoutClose), websocket.Close, []byte{3}),
			"reason not UTF-8":     websocket.AppendFrame(slices.Clone(withoutClose), websocket.Close, []byte("\x03\xE8\xFF")),
			"a pong too many":      websocket.AppendFrame(slices.Clone(good), websocket.Pong, nil),
			"a pong before all":    append(websocket.AppendFrame(nil, websocket.Pong, []byte("?")), good...),
			"rubbish after all":    append(slices.Clone(good), 0),
			"reserved bit":         append([]byte{good[0] | 0x40}, good[1:]...),
			"not final":            append([]byte{good[0] &^ 0x80}, good[1:]...),
			"reserved opcode":      append([]byte{good[0] | 0x0F}, good[1:]...),
			"masked":               append([]byte{good[0], good[1] | 0x80}, good[2:]...),
			"length in long form":  append([]byte{good[0], 126, 0, good[1]}, good[2:]...),
			"text that is no text": append(websocket.AppendFrame(nil, websocket.Text, []byte{0xFF}), good...),
		}
		for name, answer := range answers {
			if cases.Check(c, answer, true) == nil {
				t.Errorf("case %s: Check accepts an answer with the fault %q: % x", c.ID, name, answer[:min(40, len(answer))])
			}
		}
		if cases.Check(c, good, false) == nil {
			t.Errorf("case %s: Check accepts a connection that stays open", c.ID)
		}
	}
}

func TestSplits(t *testing.T) {
	send := bytes.Repeat([]byte("0123456789"), 2000)
	for name, split := range map[string]cases.Split{
		"Whole": cases.Whole, "Octets": cases.Octets, "Random(1)": cases.Random(1), "Random(2)": cases.Random(2),
	} {
		var got []byte
		var pieces int
		for piece := range split(send) {
			got = append(got, piece...)
			pieces++
			if len(piece) == 0 {
				t.Fatalf("%s gives an empty piece", name)
			}
		}
		if !bytes.Equal(got, send) || name != "Whole" && pieces < 10 {
			t.Errorf("%s: %d pieces of together %d bytes, or other bytes", name, pieces, len(got))
		}
	}
	if !utf8.Valid(send) {
		t.Error("a split changed what is sent")
	}
}
