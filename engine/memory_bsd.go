//go:build unix && !linux

package engine

// memoryLimit is a cautious guess, in bytes.
func memoryLimit() int64 { return 4 << 30 }
