//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "the benchmarks need Linux: epoll, /proc and processor affinity")
	os.Exit(1)
}
