//go:build linux

package main

import (
	"context"
	"path/filepath"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/serving"
)

// running is a server process, as scenarios want it.
type running struct {
	scenario.Server
	process *serving.Server
}

// start starts a program on its core, in a folder of its own: it must not find
// a configuration of anybody's.
func (b built) start(ctx context.Context, p program, c cores) (*running, error) {
	how := p.command(b)
	how.Dir, how.Log, how.Cores = b.dir, filepath.Join(b.dir, "server.log"), []int{c.server}
	if p.spread {
		how.Cores = append(how.Cores, c.load)
	}
	s, err := how.Serve(ctx)
	if err != nil {
		return nil, err
	}
	r := &running{process: s}
	r.Processes = []loadgen.Process{loadgen.Process(s.ID())}
	if p.limit > 0 {
		r.Target = loadgen.NewBareTarget(s.Addr)
		return r, nil
	}
	if r.Target, err = p.target(s); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// target is where the load goes.
func (p program) target(s *serving.Server) (*loadgen.Target, error) {
	if p.tls == "" {
		return loadgen.NewTarget("ws://"+s.Addr.String()+"/app/"+appKey, appID, appSecret)
	}
	t, err := loadgen.NewTarget("wss://"+s.TLS.String()+"/app/"+appKey, appID, appSecret)
	if err == nil {
		t.TLS.InsecureSkipVerify = true // nobody has signed it
	}
	return t, err
}

// stop ends the process. The limit program ends by the signal, which is no
// failure.
func (r *running) stop() { _ = r.process.Stop() }
