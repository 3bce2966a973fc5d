// Package machine reads what a machine and its container give a server: limits,
// memory, processors, and the kernel's settings. It judges nothing.
//
// Everything is read from the files of /proc and /sys below a root that the caller
// gives, so that a recorded tree stands for a machine; what no file tells is in
// Probes. Files are bounded and may hold anything: what can't be read or makes no
// sense becomes a Fact with an error, never a panic. Nothing is written.
package machine
