package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/term"
)

// event is a frame on a channel, and when it came.
type event struct {
	at time.Time
	frame
}

// eventPrinter returns what prints one event in one line.
func eventPrinter(c *command.Process, asJSON bool) func(event) error {
	if asJSON {
		return func(e event) error { return json.NewEncoder(c.Stdout).Encode(e.object()) }
	}
	s := term.StyleOf(c.Stdout, c.Getenv)
	return func(e event) error {
		_, err := fmt.Fprintln(c.Stdout, e.line(s))
		return err
	}
}

func (e event) line(s term.Style) string {
	columns := []string{
		s.Dim(e.at.Format("15:04:05.000")),
		s.Cyan(term.Printable(e.Channel)),
		s.Bold(term.Printable(e.Event)),
	}
	if e.UserID != "" {
		columns = append(columns, s.Dim("from "+term.Printable(e.UserID)))
	}
	return strings.Join(append(columns, e.dataText()), "  ")
}

// dataText is the data as the publisher wrote it.
func (e event) dataText() string {
	if text, ok := e.text(); ok {
		return term.Printable(text)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, e.Data); err != nil {
		return term.Printable(string(e.Data))
	}
	return term.Printable(b.String())
}

// eventObject is an event as --json prints it. Data is decoded as pusher-js
// does it: what holds JSON is that JSON, other text stays text.
type eventObject struct {
	Time    time.Time       `json:"time"`
	Channel string          `json:"channel,omitempty"`
	Event   string          `json:"event"`
	Data    json.RawMessage `json:"data,omitempty"`
	UserID  string          `json:"user_id,omitempty"`
}

func (e event) object() eventObject {
	o := eventObject{e.at, e.Channel, e.Event, e.Data, e.UserID}
	if text, ok := e.text(); ok && json.Valid([]byte(text)) {
		o.Data = json.RawMessage(text)
	}
	return o
}
