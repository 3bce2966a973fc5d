package pusher

import (
	"errors"
	"fmt"
	"strings"

	"github.com/valyala/fastjson"
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

	auth           string // subscribe
	channelData    string // subscribe: decoded once, exactly what was signed
	hasChannelData bool
	data           *fastjson.Value // client events; nil when absent
}

const (
	clientPrefix = "client-"

	// maxDepth and maxValues bound what a frame may cost to parse. fastjson
	// nests its error texts as deep as the document and keeps about 90 bytes
	// for each value.
	maxDepth  = 64
	maxValues = 1 << 16

	// A parser that has grown beyond these is dropped after use.
	keepBytes  = 64 << 10
	keepValues = 1 << 10
)

var (
	errNotJSON   = errors.New(`message is not JSON: send one JSON object per frame, such as {"event":"pusher:ping","data":{}}`)
	errNotObject = errors.New(`message is not a JSON object: send one such as {"event":"pusher:ping","data":{}}`)
	errNoEvent   = errors.New(`message has no event: its member "event" must be a string, such as "pusher:subscribe"`)
	errDepth     = fmt.Errorf("message is nested too deeply: at most %d levels are read", maxDepth)
	errValues    = fmt.Errorf("message has too many values: at most %d are read", maxValues)
)

// parser reads client frames. One per loop. Not for concurrent use.
type parser struct {
	frame  fastjson.Parser
	nested fastjson.Parser // a command's data that came as a string
	signed fastjson.Parser // channel_data, while the command is still in use
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
	v, err := readJSON(&p.frame, text)
	if err != nil {
		return command{}, err
	}
	if v.Type() != fastjson.TypeObject {
		return command{}, errNotObject
	}
	event, ok := str(v.Get("event"))
	if !ok {
		return command{}, errNoEvent
	}
	cmd := command{event: event, verb: verbOf(event)}
	switch cmd.verb {
	case verbSubscribe, verbUnsubscribe:
		err = p.channelCommand(&cmd, v.Get("data"))
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
	if strings.HasPrefix(event, clientPrefix) {
		return verbClientEvent
	}
	return verbUnknown
}

// channelCommand reads the data of subscribe and unsubscribe: an object, or a
// string that holds one.
func (p *parser) channelCommand(cmd *command, data *fastjson.Value) error {
	if text, ok := str(data); ok {
		inner, err := readJSON(&p.nested, text)
		if err != nil {
			return fmt.Errorf("data of %s is a string that holds no JSON object", cmd.event)
		}
		data = inner
	}
	if data == nil || data.Type() != fastjson.TypeObject {
		return fmt.Errorf(`%s needs data with a channel, such as {"event":"%[1]s","data":{"channel":"my-channel"}}`, cmd.event)
	}
	var ok bool
	if cmd.channel, ok = str(data.Get("channel")); !ok {
		return fmt.Errorf(`data of %s has no channel: its member "channel" must be a string`, cmd.event)
	}
	if cmd.verb == verbUnsubscribe {
		return nil
	}
	return cmd.credentials(data)
}

func (cmd *command) credentials(data *fastjson.Value) error {
	var ok bool
	if auth := data.Get("auth"); !absent(auth) {
		if cmd.auth, ok = str(auth); !ok {
			return errors.New(`auth must be a string of the form "key:signature"`)
		}
	}
	if channelData := data.Get("channel_data"); !absent(channelData) {
		if cmd.channelData, ok = str(channelData); !ok {
			return errors.New("channel_data must be a JSON string, exactly the one that was signed")
		}
		cmd.hasChannelData = true
	}
	return nil
}

func (cmd *command) clientEvent(v *fastjson.Value) error {
	var ok bool
	if cmd.channel, ok = str(v.Get("channel")); !ok {
		return fmt.Errorf(`client event has no channel: send {"event":"client-...","channel":"private-...","data":...}`)
	}
	cmd.data = v.Get("data")
	return nil
}

// absent tells whether a member is missing or null, which clients use alike.
func absent(v *fastjson.Value) bool {
	return v == nil || v.Type() == fastjson.TypeNull
}

// str gives a value's string, borrowed from its parser.
func str(v *fastjson.Value) (string, bool) {
	if v == nil || v.Type() != fastjson.TypeString {
		return "", false
	}
	return borrow(v.GetStringBytes()), true
}

// readJSON parses strictly: fastjson's parser alone lets broken numbers,
// escapes and control characters pass, which would then be relayed.
func readJSON[T ~string | ~[]byte](p *fastjson.Parser, text T) (*fastjson.Value, error) {
	values, err := shape(text)
	if err != nil {
		return nil, err
	}
	if fastjson.Validate(borrow(text)) != nil {
		return nil, errNotJSON
	}
	v, err := p.Parse(borrow(text))
	if len(text) > keepBytes || values > keepValues {
		*p = fastjson.Parser{} // v keeps what it needs alive
	}
	if err != nil {
		return nil, errNotJSON
	}
	return v, nil
}

// shape bounds depth and number of values before any parser sees them, and
// refuses control characters in strings.
func shape[T ~string | ~[]byte](text T) (values int, err error) {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inString && c < ' ':
			return values, errNotJSON // fastjson overlooks it before an escape
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			values++
			if depth > maxDepth {
				return values, errDepth
			}
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
	}
	if values > maxValues {
		return values, errValues
	}
	return values, nil
}
