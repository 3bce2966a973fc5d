//go:build !unix

package main

import (
	"context"
	"errors"

	"fanfare/cmd/fanfare/command"
)

func (s *serving) serve(context.Context, *command.Process) error {
	return errors.New("serving on this system is not supported yet: run `fanfare serve` on Linux (or in WSL); publish and tail work here")
}
