//go:build unix && !linux

package engine

// MemoryLimit is a cautious guess, in bytes.
func MemoryLimit() int64 { return 4 << 30 }
