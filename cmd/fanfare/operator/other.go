//go:build !unix

package operator

import (
	"context"
	"errors"

	"fanfare/cmd/fanfare/command"
)

var errUnix = errors.New("this command is for Unix, where servers run: use it on the server's machine")

func (d *draining) run(context.Context, *command.Process, []string) error { return errUnix }

func (u *upgrading) run(context.Context, *command.Process, []string) error { return errUnix }

func (s *asking) run(context.Context, *command.Process, []string) error { return errUnix }

func (w *where) reload(context.Context, *command.Process) error { return errUnix }

func (w *where) setLogLevel(context.Context, *command.Process, string) error { return errUnix }
