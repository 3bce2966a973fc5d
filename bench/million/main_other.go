//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "million: this needs Linux: epoll, /proc and user-mode Linux")
	os.Exit(1)
}
