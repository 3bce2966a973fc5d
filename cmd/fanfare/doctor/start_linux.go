package doctor

import (
	"log/slog"
	"os"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/doctor/machine"
)

// smallLimit is a descriptor limit that somebody has made small, or that nobody
// has raised: systemd gives services 524,288.
const smallLimit = 65536

// WarnAtStart writes the one line about this machine that matters to a server
// which has just started, or none. limit is the number of connections at which
// newcomers are refused. It reads a few dozen files, in less than a millisecond.
func WarnAtStart(log *slog.Logger, cfg *config.Config, limit int) {
	m := machine.Read(os.DirFS("/"), "self", machine.Probes{PageSize: int64(os.Getpagesize())})
	if text, args := atStart(m, cfg, int64(limit)); text != "" {
		log.Warn(text, args...)
	}
}

// atStart looks for what ends connections below the number that is configured,
// then for tcp_mem, which is the first to hurt. Without a configured number only a
// small descriptor limit is worth a line.
func atStart(m *machine.Machine, cfg *config.Config, limit int64) (text string, args []any) {
	const see = "fanfare doctor --fix"
	n := needOf(cfg, m)
	n.IOUring = false // the engine tells of it
	if n.Connections = int64(cfg.Server.MaxConnections); n.Connections == 0 {
		if open := m.Process.Open; !open.OK() || open.Value.Hard >= smallLimit {
			return "", nil
		}
		return "the descriptor limit is small: newcomers are refused beyond max_connections; raise it (LimitNOFILE, ulimit -n) or say in server.max_connections how many there may be",
			[]any{"nofile", m.Process.Open.Value.Hard, "max_connections", limit, "see", see}
	}
	for _, c := range []check{descriptors, systemFiles, epollWatches, memory, commitment, tracking, ports, eventMemory} {
		if f := c(m, &n); f.Verdict == Bad || f.Verdict == Low && f.Check == checkEvents {
			return "this machine is not set up for server.max_connections",
				[]any{"max_connections", n.Connections, "check", f.Check, "is", f.Is, "should_be", f.Should, "see", see}
		}
	}
	return "", nil
}
