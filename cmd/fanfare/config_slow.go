package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fanfare/channels/apps"
)

// slowPath is what precedes the keys of an app's j-th [[apps.slow]] table.
func slowPath(j int) string { return "slow[" + strconv.Itoa(j) + "]." }

// slowFromEnv reads FANFARE_APP_SLOW: PATTERN:POLICY[:KEY=VALUE...] for each
// table, with spaces between. Neither colons nor spaces are in channel names.
func slowFromEnv(text string) ([]assignment, error) {
	var list []assignment
	for j, entry := range strings.Fields(text) {
		label := envSlow + ": " + entry
		parts := strings.Split(entry, ":")
		if len(parts) < 2 {
			return nil, fmt.Errorf("%s: want a pattern and a policy, such as market-*:conflate", label)
		}
		values := append([]string{"channels=" + parts[0], "policy=" + parts[1]}, parts[2:]...)
		for _, value := range values {
			key, v, _ := strings.Cut(value, "=")
			if !slices.Contains(pathsOf(settingsOf(&Slow{})), key) {
				return nil, fmt.Errorf("%s: %q is no limit: want bytes=, frames= or age=, such as camera-*:drop-oldest:frames=4:age=2", label, value)
			}
			list = append(list, assignment{path: slowPath(j) + key, text: v, origin: envSlow, label: label + ": " + value})
		}
	}
	return list, nil
}

// splitSlow takes the values of [[apps.slow]] tables out of an app's, by table
// and with the paths within one. A later source replaces all of an earlier
// one's tables.
func splitSlow(draft []assignment) (own []assignment, slow [][]assignment) {
	origin := ""
	for _, a := range draft {
		table, path, ok := strings.Cut(a.path, "].")
		if !ok {
			own = append(own, a)
			continue
		}
		if a.origin != origin {
			origin, slow = a.origin, nil
		}
		j, _ := strconv.Atoi(strings.TrimPrefix(table, "slow["))
		for len(slow) <= j {
			slow = append(slow, nil)
		}
		a.path = path
		slow[j] = append(slow[j], a)
	}
	return own, slow
}

func slowRecord(policy string, bytes Bytes, frames int, age time.Duration) apps.Slow {
	return apps.Slow{Policy: apps.SlowPolicy(policy), Bytes: int(bytes), Frames: frames, Age: age}
}
