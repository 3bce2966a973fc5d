package config

import (
	"fmt"
	"strings"
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config/setting"
)

// slowFromText reads FANFARE_APP_SLOW, or whatever else name is:
// PATTERN:POLICY[:KEY=VALUE...] for each table, with spaces between. Neither
// colons nor spaces are in channel names.
func slowFromText(name, text string) (setting.Draft, error) {
	var draft setting.Draft
	for j, entry := range strings.Fields(text) {
		label := name + ": " + entry
		parts := strings.Split(entry, ":")
		if len(parts) < 2 {
			return nil, fmt.Errorf("%s: want a pattern and a policy, such as market-*:conflate", label)
		}
		values := append([]string{"channels=" + parts[0], "policy=" + parts[1]}, parts[2:]...)
		for _, value := range values {
			key, v, _ := strings.Cut(value, "=")
			if _, ok := setting.Find(setting.Of(&Slow{}), key); !ok {
				return nil, fmt.Errorf("%s: %q is no limit: want bytes=, frames= or age=, such as camera-*:drop-oldest:frames=4:age=2", label, value)
			}
			draft = append(draft, setting.Value{Path: fmt.Sprintf("slow[%d].%s", j, key), Text: v, Origin: name, Label: label + ": " + value})
		}
	}
	return draft, nil
}

func slowRecord(policy string, bytes setting.Bytes, frames int, age time.Duration) apps.Slow {
	return apps.Slow{Policy: apps.SlowPolicy(policy), Bytes: int(bytes), Frames: frames, Age: age}
}
