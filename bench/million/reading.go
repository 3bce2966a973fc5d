//go:build linux

package main

import (
	"context"
	"os"
	"time"

	"fanfare/bench/loadgen"
)

// reading is the server and the kernel at one moment. What counts does so
// since the server's start.
type reading struct {
	At time.Time `json:"at"`

	Sessions      uint64 `json:"sessions"`
	Subscriptions uint64 `json:"subscriptions"`
	Pings         uint64 `json:"pings_sent"` // to silent clients
	TimedOut      uint64 `json:"closed_4201"`
	Sent          uint64 `json:"events_sent"` // one for each receiver

	Resident int64         `json:"server_resident_bytes"`
	CPU      time.Duration `json:"server_cpu_ns"`

	Free    int64 `json:"free_bytes"`        // memory
	Slab    int64 `json:"slab_bytes"`        // the kernel's objects: sockets, files, epoll items, their buffers
	Tables  int64 `json:"page_table_bytes"`  // of all processes
	Sockets int64 `json:"tcp_sockets"`       // in use
	Buffers int64 `json:"tcp_buffers_bytes"` // with what was not read yet
}

func (s *server) read(ctx context.Context) (reading, error) {
	r := reading{At: time.Now()}
	if err := r.readMetrics(ctx, s.Metrics.String()); err != nil {
		return r, err
	}
	var err error
	process := loadgen.Process(s.ID())
	if r.Resident, err = process.Resident(); err != nil {
		return r, err
	}
	if r.CPU, err = process.CPU(); err != nil {
		return r, err
	}
	return r, r.readKernel()
}

func (r *reading) readKernel() error {
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return err
	}
	r.Free = number(memory, "MemFree:", 0) << 10
	r.Slab = number(memory, "Slab:", 0) << 10
	r.Tables = number(memory, "PageTables:", 0) << 10
	sockets, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return err
	}
	r.Sockets = number(sockets, "TCP:", 1)
	r.Buffers = number(sockets, "TCP:", 9) * int64(os.Getpagesize())
	return nil
}
