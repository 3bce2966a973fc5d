//go:build unix

package operator

import (
	"context"
	"io"

	"fanfare/cmd/fanfare/control"
)

// Upgrade is fanfare upgrade without a word: it returns when another process serves.
// Where socket is empty the server is the one of this user that listens on a port.
func Upgrade(ctx context.Context, env []string, socket, port string) (control.Upgraded, error) {
	u := &upgrading{where: where{socket: socket, port: port}}
	client, s, err := u.find(ctx, env)
	if err != nil {
		return control.Upgraded{}, err
	}
	defer client.Close()
	if s, err = client.Upgrade(ctx, control.UpgradeRequest{}); err != nil {
		return control.Upgraded{}, err
	}
	result, err := awaitUpgrade(ctx, client.Path, &progress{to: io.Discard}, s.PID)
	if err != nil {
		return control.Upgraded{}, err
	}
	return result.Upgraded, nil
}
