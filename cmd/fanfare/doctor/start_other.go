//go:build unix && !linux

package doctor

import (
	"log/slog"

	"fanfare/cmd/fanfare/config"
)

// WarnAtStart has nothing to say of systems that the server is only developed on.
func WarnAtStart(*slog.Logger, *config.Config, int) {}
