package http1

import "fmt"

// Chunks decodes one body in chunked transfer coding (RFC 9112 section 7.1), in whatever pieces it arrives. The zero
// value is ready; set it back to Chunks{} for the next body. It holds no bytes, only where it stands.
type Chunks struct {
	state  chunkState
	digits uint8  // of the chunk size that is being read
	extra  uint16 // bytes of chunk extensions so far, or of trailers once they begin
	left   uint64 // bytes of the chunk that are still to come; while its size is read, the size
	total  uint64 // bytes of chunks announced so far
}

// chunkState travels (ChunksState): the numbers keep their meaning.
type chunkState uint8

const (
	chunkSize      chunkState = iota // in the hexadecimal size
	chunkExtension                   // behind it, in what we skip
	chunkSizeLF                      // CR seen, LF must follow
	chunkData
	chunkDataCR
	chunkDataLF
	trailerStart // at the start of a line: a trailer, or the blank line that ends the body
	trailerName
	trailerValue
	trailerLF
	chunksLF // LF of the blank line
	chunksDone
)

const (
	maxSizeDigits = 16   // as many as 64 bits have; more, even zeros, would be an endless line
	maxExtensions = 2048 // bytes in one body: enough for signed chunks, which nobody sends here
	maxTrailers   = 2048 // bytes in one body
)

// ChunksState is where Chunks stands, written down. Plain data that travels between versions.
type ChunksState struct {
	Step   uint8  `json:"step,omitempty"`
	Digits uint8  `json:"digits,omitempty"`
	Extra  uint16 `json:"extra,omitempty"`
	Left   uint64 `json:"left,omitempty"`
	Total  uint64 `json:"total,omitempty"`
}

// State writes down where c stands.
func (c *Chunks) State() ChunksState {
	return ChunksState{Step: uint8(c.state), Digits: c.digits, Extra: c.extra, Left: c.left, Total: c.total}
}

// RestoreState sets c to what State wrote down. On an error it is unchanged.
func (c *Chunks) RestoreState(s ChunksState) error {
	if chunkState(s.Step) > chunksDone {
		return fmt.Errorf("cannot restore chunks: there is no step %d", s.Step)
	}
	*c = Chunks{state: chunkState(s.Step), digits: s.Digits, extra: s.Extra, left: s.Left, total: s.Total}
	return nil
}

// Decode appends decoded bytes to dst and returns it, with the number n of bytes of src that it used: call again with
// the rest and what has arrived since. Nothing is kept of src, and dst grows by what has arrived, never by
// what a size announces. When done, src[n:] belongs to the next request.
//
// A body of more than limit bytes is refused with 413 as soon as a chunk announces it, malformed coding with 400, both
// as *Error; Chunks is not to be used after that. Extensions and trailers are checked, bounded (2 KiB each) and dropped.
func (c *Chunks) Decode(dst, src []byte, limit int) (out []byte, n int, done bool, err error) {
	for n < len(src) && c.state != chunksDone {
		if c.state == chunkData {
			k := int(min(c.left, uint64(len(src)-n)))
			dst = append(dst, src[n:n+k]...)
			n += k
			c.took(k)
			continue
		}
		if err := c.step(src[n], limit); err != nil {
			return dst, n, false, err
		}
		n++
	}
	return dst, n, c.state == chunksDone, nil
}

func (c *Chunks) took(k int) {
	c.left -= uint64(k)
	if c.left == 0 {
		c.state = chunkDataCR
	}
}

// step takes one byte outside of chunk data.
func (c *Chunks) step(b byte, limit int) error {
	switch c.state {
	case chunkSize:
		return c.size(b, limit)
	case chunkExtension:
		return c.extension(b)
	case chunkSizeLF:
		return c.sizeEnd(b)
	case chunkDataCR:
		return c.expect(b, '\r', chunkDataLF, "chunk is not followed by CRLF: its size must be that of its data")
	case chunkDataLF:
		return c.expect(b, '\n', chunkSize, "chunk is not followed by CRLF: its size must be that of its data")
	case chunksLF:
		return c.expect(b, '\n', chunksDone, "last chunk is not followed by CRLF")
	case trailerLF:
		return c.expect(b, '\n', trailerStart, "trailer does not end in CRLF")
	}
	return c.trailer(b)
}

func (c *Chunks) expect(b, want byte, next chunkState, message string) error {
	if b != want {
		return refuse(400, "%s", message)
	}
	c.state = next
	return nil
}

// size reads hexadecimal digits until a CR or a semicolon. White space behind them, which the grammar allows before a
// semicolon only, is refused.
func (c *Chunks) size(b byte, limit int) error {
	if d := hexDigit(b); d >= 0 {
		if c.digits == maxSizeDigits {
			return refuse(400, "chunk size has more than %d digits: send smaller chunks", maxSizeDigits)
		}
		c.digits++
		c.left = c.left<<4 | uint64(d)
		return nil
	}
	if c.digits == 0 || b != '\r' && b != ';' {
		return refuse(400, "chunk size holds %q: send hexadecimal digits, then CRLF", []byte{b})
	}
	if room := uint64(max(limit, 0)); c.left > room-min(c.total, room) {
		return refuse(413, "body is longer than %d bytes: send a smaller one", limit)
	}
	c.total += c.left
	c.digits = 0
	if b == '\r' {
		c.state = chunkSizeLF
		return nil
	}
	c.state = chunkExtension
	return nil
}

func (c *Chunks) extension(b byte) error {
	if b == '\r' {
		c.state = chunkSizeLF
		return nil
	}
	return c.skip(b, maxExtensions, "chunk extensions")
}

// skip counts and drops a byte of an extension or trailer.
func (c *Chunks) skip(b byte, most uint16, what string) error {
	if class[b]&valueChar == 0 {
		return refuse(400, "%s hold control character %q: end the line with CRLF", what, []byte{b})
	}
	if c.extra == most {
		return refuse(400, "%s are longer than %d bytes: send none", what, most)
	}
	c.extra++
	return nil
}

// sizeEnd takes the LF behind a size. Size 0 is the last chunk.
func (c *Chunks) sizeEnd(b byte) error {
	if c.left > 0 {
		return c.expect(b, '\n', chunkData, "chunk size does not end in CRLF")
	}
	c.extra = 0
	return c.expect(b, '\n', trailerStart, "chunk size does not end in CRLF")
}

// trailer takes "name: value" lines by the rules for header lines, until a blank one.
func (c *Chunks) trailer(b byte) error {
	switch {
	case c.state == trailerStart && b == '\r':
		c.state = chunksLF
		return nil
	case c.state == trailerValue && b == '\r':
		c.state = trailerLF
		return nil
	case c.state == trailerName && b == ':':
		c.state = trailerValue
	case c.state != trailerValue && class[b]&tokenChar == 0:
		return refuse(400, `trailer holds %q in its name: write "Name: value"`, []byte{b})
	case c.state == trailerStart:
		c.state = trailerName
	}
	return c.skip(b, maxTrailers, "trailers")
}
