package machine

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Card is a network card: an interface that stands for a device and is up.
type Card struct {
	Name    string `json:"name"`
	Receive int    `json:"receive_queues"`
	Spread  bool   `json:"rps"`    // whether the kernel spreads what arrives over processors (RPS)
	Missed  int64  `json:"missed"` // packets that came when no room was left for them, since the start
}

// maxCards bounds what is looked at; a host of containers has thousands of
// interfaces, but those stand for no device.
const maxCards = 64

func readCards(root fs.FS) Fact[[]Card] {
	const folder = "sys/class/net"
	entries, err := fs.ReadDir(root, folder)
	if err != nil {
		return unknown[[]Card](fmt.Errorf("/%s: %w", folder, reason(err)))
	}
	cards := []Card{}
	for _, e := range entries {
		at := path.Join(folder, e.Name())
		state, _ := text(root, path.Join(at, "operstate")) // what can't be read is not up
		if _, err := fs.Stat(root, path.Join(at, "device")); err != nil || state != "up" {
			continue
		}
		if cards = append(cards, readCard(root, at)); len(cards) == maxCards {
			break
		}
	}
	return known(cards)
}

func readCard(root fs.FS, at string) Card {
	c := Card{Name: path.Base(at), Missed: number(root, path.Join(at, "statistics/rx_missed_errors")).Value}
	queues, _ := fs.ReadDir(root, path.Join(at, "queues")) // without them there is nothing to say of them
	for _, q := range queues {
		if !strings.HasPrefix(q.Name(), "rx-") {
			continue
		}
		c.Receive++
		mask, err := text(root, path.Join(at, "queues", q.Name(), "rps_cpus"))
		c.Spread = c.Spread || err == nil && strings.Trim(mask, "0,") != ""
	}
	return c
}
