package pusher

import (
	"errors"
	"fmt"

	"github.com/valyala/fastjson"

	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/strictjson"
)

// verb is what a client asks for.
type verb uint8

const (
	verbUnknown verb = iota
	verbPing
	verbPong
	verbSubscribe
	verbUnsubscribe
	verbSignin
	verbClientEvent
)

// command is one client frame, taken apart. Everything in it is borrowed from
// the parser, until its next frame.
type command struct {
	verb    verb
	event   string
	channel string

	auth           string // subscribe and sign-in
	channelData    string // subscribe: decoded once, exactly what was signed
	hasChannelData bool
	userData       string          // sign-in: the same
	data           *fastjson.Value // client events; nil when absent
}

var (
	errNotObject = errors.New(`message is not a JSON object: send one such as {"event":"pusher:ping","data":{}}`)
	errNoEvent   = errors.New(`message has no event: its member "event" must be a string, such as "pusher:subscribe"`)
)

// errUnread is for a message that can't be read.
func errUnread(why error) error {
	if errors.Is(why, strictjson.ErrSyntax) {
		return fmt.Errorf(`message %w; send one JSON object per frame, such as {"event":"pusher:ping","data":{}}`, why)
	}
	return fmt.Errorf("message %w", why)
}

// parser reads client frames. One per loop. Not for concurrent use.
type parser struct {
	frame  strictjson.Parser
	nested strictjson.Parser // a command's data that came as a string
	signed strictjson.Parser // channel_data or user_data, while the command is still in use
}

// pings are the frames that pusher-js and others send, recognised without
// parsing.
const (
	pingObject = `{"event":"pusher:ping","data":{}}`
	pingString = `{"event":"pusher:ping","data":"{}"}`
	pingBare   = `{"event":"pusher:ping"}`
)

func isPing(text []byte) bool {
	return string(text) == pingObject || string(text) == pingString || string(text) == pingBare
}

// parse takes one frame apart. The error's text is for the client. A command
// comes with an error too when its verb could be read.
func (p *parser) parse(text []byte) (command, error) {
	v, err := p.frame.Parse(text)
	if err != nil {
		return command{}, errUnread(err)
	}
	if v.Type() != fastjson.TypeObject {
		return command{}, errNotObject
	}
	event, ok := strictjson.String(v.Get("event"))
	if !ok {
		return command{}, errNoEvent
	}
	cmd := command{event: event, verb: verbOf(event)}
	switch cmd.verb {
	case verbSubscribe, verbUnsubscribe:
		err = p.channelCommand(&cmd, v.Get("data"))
	case verbSignin:
		err = p.signin(&cmd, v.Get("data"))
	case verbClientEvent:
		err = cmd.clientEvent(v)
	}
	return cmd, err
}

func verbOf(event string) verb {
	switch event {
	case "pusher:ping":
		return verbPing
	case "pusher:pong":
		return verbPong
	case "pusher:subscribe":
		return verbSubscribe
	case "pusher:unsubscribe":
		return verbUnsubscribe
	case "pusher:signin":
		return verbSignin
	}
	if names.IsClientEvent(event) {
		return verbClientEvent
	}
	return verbUnknown
}

// object gives a command's data: an object, or a string that holds one. member
// is an example of what it needs.
func (p *parser) object(cmd *command, data *fastjson.Value, member string) (*fastjson.Value, error) {
	if text, ok := strictjson.String(data); ok {
		inner, err := p.nested.Parse(borrow.Bytes(text))
		if err != nil {
			return nil, fmt.Errorf("data of %s is a string that holds no JSON object: it %w", cmd.event, err)
		}
		data = inner
	}
	if data == nil || data.Type() != fastjson.TypeObject {
		return nil, fmt.Errorf(`%s needs data, such as {"event":"%[1]s","data":{%s}}`, cmd.event, member)
	}
	return data, nil
}

// channelCommand reads the data of subscribe and unsubscribe.
func (p *parser) channelCommand(cmd *command, data *fastjson.Value) error {
	data, err := p.object(cmd, data, `"channel":"my-channel"`)
	if err != nil {
		return err
	}
	var ok bool
	if cmd.channel, ok = strictjson.String(data.Get("channel")); !ok {
		return fmt.Errorf(`data of %s has no channel: its member "channel" must be a string`, cmd.event)
	}
	if cmd.verb == verbUnsubscribe {
		return nil
	}
	return cmd.credentials(data)
}

func (cmd *command) credentials(data *fastjson.Value) error {
	var ok bool
	if auth := data.Get("auth"); !strictjson.Absent(auth) {
		if cmd.auth, ok = strictjson.String(auth); !ok {
			return errors.New(`auth must be a string of the form "key:signature"`)
		}
	}
	if channelData := data.Get("channel_data"); !strictjson.Absent(channelData) {
		if cmd.channelData, ok = strictjson.String(channelData); !ok {
			return errors.New("channel_data must be a JSON string, exactly the one that was signed")
		}
		cmd.hasChannelData = true
	}
	return nil
}

// signin reads the data of a sign-in.
func (p *parser) signin(cmd *command, data *fastjson.Value) error {
	data, err := p.object(cmd, data, `"auth":"KEY:SIGNATURE","user_data":"{\"id\":\"1\"}"`)
	if err != nil {
		return err
	}
	var ok bool
	if cmd.userData, ok = strictjson.String(data.Get("user_data")); !ok {
		return errors.New("user_data must be a JSON string, exactly the one that was signed")
	}
	return cmd.credentials(data)
}

func (cmd *command) clientEvent(v *fastjson.Value) error {
	var ok bool
	if cmd.channel, ok = strictjson.String(v.Get("channel")); !ok {
		return fmt.Errorf(`client event has no channel: send {"event":"client-...","channel":"private-...","data":...}`)
	}
	cmd.data = v.Get("data")
	return nil
}
