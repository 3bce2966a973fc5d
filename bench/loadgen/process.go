package loadgen

// Process is a server's process id. What it takes can be read on Linux.
type Process int
