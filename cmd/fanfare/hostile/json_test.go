//go:build e2e

package hostile

import (
	"fmt"
	"net/http"
	"strings"
)

// deepJSON nests as deeply as messages are long, in every place where JSON is read. Each gets an error and keeps its connection.
var deepJSON = attack{
	name:   "deeply nested JSON",
	growth: 48 * mib,
	why:    "20 connections and 20 publishers at once, of which a message of 200 KB each is kept while it arrives",
	run: func(s *server) error {
		return together(40, func(i int) error {
			if i%2 == 1 {
				return s.publishDeep()
			}
			p, err := s.connect(victim)
			if err != nil {
				return err
			}
			defer p.Close()
			return rounds(p.sayDeep)
		})
	},
}

const depth = 100_000

var (
	arrays  = strings.Repeat("[", depth) + strings.Repeat("]", depth)
	objects = strings.Repeat(`{"a":`, depth/4) + "1" + strings.Repeat("}", depth/4)
)

func (p *peer) sayDeep() error {
	user := `{"user_id":"1","user_info":` + arrays[depth-500:depth+500] + `}`
	messages := map[string][2]string{
		"arrays":        {arrays, "nested too deeply"},
		"unclosed":      {arrays[:depth], "nested too deeply"},
		"objects":       {objects, "nested too deeply"},
		"event data":    {`{"event":"client-x","channel":"private-x","data":` + arrays + `}`, "nested too deeply"},
		"data":          {`{"event":"pusher:subscribe","data":` + objects + `}`, "nested too deeply"},
		"data, quoted":  {`{"event":"pusher:subscribe","data":"` + arrays + `"}`, "holds no JSON object"},
		"values":        {`{"event":"client-x","channel":"private-x","data":[` + strings.Repeat("1,", depth) + `1]}`, "too many values"},
		"channel_data":  {subscription(victim, p.socketID, "presence-x", user), "channel_data must be a JSON object"},
		"unclosed text": {`{"event":"` + strings.Repeat(`\"`, depth), "not JSON"},
	}
	return each(messages, func(m [2]string) error { return p.refused(m[0], m[1]) })
}

// publishDeep publishes nested JSON, rightly signed. Data of an event may be any JSON; that it is nested beyond reason is the
// publisher's fault.
func (s *server) publishDeep() error {
	client := kept(1)
	defer client.CloseIdleConnections()
	bodies := map[string]string{
		"arrays":  arrays,
		"objects": objects,
		"data":    `{"name":"x","channel":"deep","data":` + arrays + `}`,
		"ignored": `{"name":"x","channel":"deep","data":"x","more":` + objects + `}`,
		"values":  `{"name":"x","channel":"deep","channels":[` + strings.Repeat("1,", depth) + `1],"data":"x"}`,
	}
	return rounds(func() error {
		return each(bodies, func(body string) error {
			status, answer, err := s.call(client, victim, http.MethodPost, "/apps/victim/events", nil, []byte(body))
			if err == nil && status != http.StatusBadRequest {
				err = fmt.Errorf("answered with %d %.200s, want 400", status, answer)
			}
			return err
		})
	})
}
