// Package page reads the pages of docs/ for the tests that do what they say. A
// block that begins with ```sh is meant to be typed as it stands, from the
// repository's root; all others are to be looked at.
package page

import (
	"fmt"
	"os"
	"strings"
)

// Commands are the blocks of a page that are meant to be typed, in their order.
// One that has none is an error.
func Commands(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var blocks []string
	var block *strings.Builder
	for line := range strings.Lines(string(text)) {
		switch {
		case block == nil && line == "```sh\n":
			block = new(strings.Builder)
		case block != nil && line == "```\n":
			blocks, block = append(blocks, block.String()), nil
		case block != nil:
			block.WriteString(line)
		}
	}
	if block != nil || len(blocks) == 0 {
		return nil, fmt.Errorf("%s has %d blocks of commands, or one that does not end", file, len(blocks))
	}
	return blocks, nil
}
