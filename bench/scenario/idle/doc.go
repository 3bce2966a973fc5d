// Package idle measures connections that get nothing: their memory, and the CPU
// that they take.
package idle
