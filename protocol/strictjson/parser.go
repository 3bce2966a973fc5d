package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/valyala/fastjson"

	"fanfare/protocol/borrow"
)

// What a text may cost to parse.
const (
	// MaxDepth is how deeply a text may nest. fastjson's error texts nest as
	// deep as the text.
	MaxDepth = 64
	// MaxValues is how many values a text may have. fastjson keeps about 90
	// bytes for each.
	MaxValues = 1 << 16

	// A parser that has grown beyond these is dropped after use.
	keepBytes  = 64 << 10
	keepValues = 1 << 10
)

// ErrSyntax is what the errors of texts that are not JSON wrap; all others are
// of texts that may be, and more than is read. Errors are predicates, such as
// "is not JSON: a string has no end": the caller puts before them what it read,
// "body" or "message". None quotes more than a few bytes of the text.
var ErrSyntax = errors.New("is not JSON")

// Parser reads one text after the other. The zero value is ready. Not for
// concurrent use.
type Parser struct{ parser fastjson.Parser }

// Parse reads one JSON value. It keeps nothing of text; the value is borrowed
// until the parser's next Parse.
func (p *Parser) Parse(text []byte) (*fastjson.Value, error) {
	values, err := scan(text)
	if err != nil {
		return nil, err
	}
	v, err := p.parser.ParseBytes(text)
	if len(text) > keepBytes || values > keepValues {
		p.parser = fastjson.Parser{} // v keeps what it needs alive
	}
	if err != nil {
		return nil, syntaxError(text)
	}
	return v, nil
}

// syntaxError says where a text stops being JSON, in the words of
// encoding/json: those of fastjson name no place.
func syntaxError(text []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(text, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%w: %w (byte %d)", ErrSyntax, syntax, syntax.Offset)
	}
	return ErrSyntax
}

// Absent tells whether a member is missing or null, which clients use alike.
func Absent(v *fastjson.Value) bool {
	return v == nil || v.Type() == fastjson.TypeNull
}

// String gives a value's string, borrowed from its parser. It is false for all
// other values, and for nil.
func String(v *fastjson.Value) (string, bool) {
	if v == nil || v.Type() != fastjson.TypeString {
		return "", false
	}
	return borrow.String(v.GetStringBytes()), true
}
