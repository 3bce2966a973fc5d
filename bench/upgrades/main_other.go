//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "upgrades: it needs Linux: epoll and pidfd")
	os.Exit(1)
}
