package apps

import (
	"fmt"
	"time"
)

// Names of the presets, as a configuration spells them in `limits = "..."`.
const (
	PresetGenerous = "generous"
	PresetPusher   = "pusher"
)

// hostedActivityTimeout is what the hosted service tells its clients.
const hostedActivityTimeout = 120 * time.Second

// ApplyPreset sets all limits, and the activity timeout that goes with them,
// to a named set: [PresetGenerous] ([GenerousLimits], 30 s) or [PresetPusher]
// ([PusherLimits], 120 s). Single settings are to be made after it.
func (a *App) ApplyPreset(name string) error {
	switch name {
	case PresetGenerous:
		a.Limits, a.ActivityTimeout = GenerousLimits(), DefaultActivityTimeout
	case PresetPusher:
		a.Limits, a.ActivityTimeout = PusherLimits(), hostedActivityTimeout
	default:
		return fmt.Errorf("limits is %q: use %q or %q", name, PresetGenerous, PresetPusher)
	}
	return nil
}
