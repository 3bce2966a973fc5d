package serving

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Build compiles a command of this module, such as fanfare/cmd/fanfare, to a
// file. It is linked statically: the million's guest has no libraries.
func Build(ctx context.Context, to, command string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", to, command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w (run it from within the checkout)\n%s", cmd, err, out)
	}
	return nil
}
