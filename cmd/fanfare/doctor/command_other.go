//go:build !linux

package doctor

import (
	"context"
	"errors"
	"runtime"

	"fanfare/cmd/fanfare/command"
)

func (o *options) run(context.Context, *command.Process, []string) error {
	if err := o.check(); err != nil {
		return err
	}
	return errors.New("doctor judges Linux, where the server runs, and this is " + runtime.GOOS + ": run it there")
}
