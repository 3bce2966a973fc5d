package pusher

import "unsafe"

// borrow gives b as a string without copying. It lives as long as b's bytes
// are left alone: for parsers' results and lookups, never to keep.
func borrow[T ~string | ~[]byte](b T) string {
	if len(b) == 0 {
		return ""
	}
	// Both begin with a pointer to the bytes.
	return unsafe.String(*(**byte)(unsafe.Pointer(&b)), len(b))
}

// borrowBytes gives s as bytes without copying. They must only be read.
func borrowBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
