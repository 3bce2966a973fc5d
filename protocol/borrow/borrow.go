// Package borrow looks at bytes as a string, or the other way round, without
// copying them. What it gives is for a look-up, a comparison or a parser's
// result. Never keep it: it changes when its owner uses the memory again. Copy
// with strings.Clone, bytes.Clone or Keep what has to last.
package borrow

import "unsafe"

// String gives b as a string. It holds until b's bytes change.
func String(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Bytes gives s as bytes, which must only be read.
func Bytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
