// Package strictjson reads JSON from strangers, exactly as RFC 8259 has it, and
// writes JSON strings.
//
// It is fastjson with a scanner in front. fastjson alone takes broken numbers,
// escapes and control characters as they come, and they would then be relayed
// to every subscriber; it makes other text of half a surrogate pair, silently;
// and it may be made to spend memory far beyond what was sent. So the scanner
// judges all that has no structure, and bounds what the parser may cost; the
// structure is left to the parser. That is quicker than letting fastjson
// validate first.
//
// What is read has to be text that every client understands: bytes that are no
// UTF-8 and halves of surrogate pairs are refused too, although RFC 8259 leaves
// them to the reader (sections 8.1 and 8.2).
//
// A [Parser] and all that came from it belong to one goroutine, in a server to
// one loop.
package strictjson
