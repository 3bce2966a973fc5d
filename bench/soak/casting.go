//go:build linux

package main

import (
	"strconv"
	"time"

	"fanfare/bench/soak/crowd"
)

// The crowds, by what is done to them.
const (
	steady   = "steady"   // nothing: who loses a connection here must have been sent away
	restless = "restless" // come and go by themselves
	proxied  = "proxied"  // behind the fault proxy
	stopped  = "stopped"  // their process is stopped now and then
	narrow   = "narrow"   // behind a link of a low rate
	sealed   = "sealed"   // speak TLS
	leased   = "leased"   // of the app that is disabled now and then
)

const roomSize = 10

// cast is who takes part.
type cast struct {
	rooms   int
	members int
	crowds  map[string][]crowd.Group
	order   []string
	// The members with a channel of their own: those that publishers reach directly,
	// and those that they reach through the proxy.
	near, far []int
}

// role is a group before it has numbers.
type role struct {
	crowd   string
	kind    crowd.Kind
	share   int // of a thousand connections
	stay    time.Duration
	whisper time.Duration
	buffer  int
}

// slowBuffer is SO_RCVBUF of clients that are to be felt by the server when they
// do not read.
const slowBuffer = 8 << 10

func roles(t tempo) []role {
	stay := t.activity / 2
	return []role{
		{crowd: steady, kind: crowd.Market, share: 250},
		{crowd: steady, kind: crowd.Notify, share: 115},
		{crowd: steady, kind: crowd.Room, share: 85, whisper: 20 * time.Second},
		{crowd: steady, kind: crowd.Camera, share: 10},
		{crowd: steady, kind: crowd.Bulk, share: 5},
		{crowd: steady, kind: crowd.Quotes, share: 20},
		{crowd: sealed, kind: crowd.Market, share: 45},
		{crowd: sealed, kind: crowd.Notify, share: 15},
		{crowd: sealed, kind: crowd.Room, share: 15, whisper: 20 * time.Second},
		{crowd: restless, kind: crowd.Market, share: 60, stay: stay},
		{crowd: restless, kind: crowd.Room, share: 30, stay: stay},
		{crowd: proxied, kind: crowd.Market, share: 100},
		{crowd: proxied, kind: crowd.Notify, share: 40},
		{crowd: proxied, kind: crowd.Room, share: 40, whisper: 20 * time.Second},
		{crowd: stopped, kind: crowd.Market, share: 30, buffer: slowBuffer},
		{crowd: stopped, kind: crowd.Bulk, share: 10, buffer: slowBuffer},
		{crowd: stopped, kind: crowd.Camera, share: 15, buffer: slowBuffer},
		{crowd: stopped, kind: crowd.Quotes, share: 20, buffer: slowBuffer},
		{crowd: narrow, kind: crowd.Market, share: 30, buffer: slowBuffer},
		{crowd: narrow, kind: crowd.Bulk, share: 10, buffer: slowBuffer},
		{crowd: narrow, kind: crowd.Camera, share: 15, buffer: slowBuffer},
		{crowd: narrow, kind: crowd.Quotes, share: 20, buffer: slowBuffer},
		{crowd: leased, kind: crowd.Market, share: 20},
	}
}

// door is how a crowd reaches the server.
type door func(crowd string, of app) (url string)

// assemble gives everybody a number, and a way in.
func assemble(connections int, t tempo, way door) *cast {
	c := &cast{crowds: map[string][]crowd.Group{}}
	list := roles(t)
	inRooms := 0
	for _, r := range list {
		if r.kind == crowd.Room {
			inRooms += r.count(connections)
		}
	}
	c.rooms = max(1, inRooms/roomSize)
	for _, r := range list {
		c.add(r, connections, way)
	}
	return c
}

func (r *role) count(connections int) int { return max(1, connections*r.share/1000) }

func (c *cast) add(r role, connections int, way door) {
	of := mainApp
	if r.crowd == leased {
		of = tenant
	}
	g := crowd.Group{
		Name: r.crowd + " " + string(r.kind), URL: way(r.crowd, of), AppID: of.id, Secret: of.secret,
		First: c.members, Count: r.count(connections), Kind: r.kind, Each: 1,
		Stay: r.stay, Whisper: r.whisper, ReceiveBuffer: r.buffer, Silent: r.crowd == leased,
	}
	switch r.kind {
	case crowd.Market:
		g.Channels, g.Each = crowd.MarketChannels, 3
	case crowd.Room:
		g.Channels = c.rooms
	case crowd.Camera:
		g.Channels = crowd.CameraChannels
	case crowd.Bulk:
		g.Channels = crowd.BulkChannels
	case crowd.Quotes:
		g.Channels, g.Each = crowd.QuotesChannels, 2
	case crowd.Notify:
		for i := range g.Count {
			if r.crowd == proxied {
				c.far = append(c.far, g.First+i)
			} else {
				c.near = append(c.near, g.First+i)
			}
		}
	}
	c.members += g.Count
	if c.crowds[r.crowd] == nil {
		c.order = append(c.order, r.crowd)
	}
	c.crowds[r.crowd] = append(c.crowds[r.crowd], g)
}

// occupied are the channels of the main app that have subscribers while all
// stand, by name, with how many.
func (c *cast) occupied() map[string]int {
	all := map[string]int{}
	for name, groups := range c.crowds {
		if name == leased {
			continue
		}
		for i := range groups {
			for m := range groups[i].Count {
				for _, k := range groups[i].Joins(m) {
					all[groups[i].Kind.Channel(k)]++
				}
			}
		}
	}
	return all
}

func address(host string, port int, of app) string {
	return "ws://" + host + ":" + strconv.Itoa(port) + "/app/" + of.key
}
