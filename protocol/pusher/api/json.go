package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

const (
	// maxDepth and maxValues bound what a body may cost to parse. fastjson
	// nests its error texts as deep as the document and keeps about 90 bytes
	// for each value.
	maxDepth  = 64
	maxValues = 1 << 16

	// A parser that has grown beyond these is dropped after use.
	keepBytes  = 64 << 10
	keepValues = 1 << 10
)

// parse reads a body that must be a JSON object. The value is borrowed until
// the loop's next parse.
func (h *home) parse(body []byte) (*fastjson.Object, error) {
	if len(body) == 0 {
		return nil, errors.New("body is empty: send a JSON object")
	}
	values, err := scan(body)
	if err != nil {
		return nil, err
	}
	v, err := h.parser.ParseBytes(body)
	if len(body) > keepBytes || values > keepValues {
		h.parser = fastjson.Parser{} // v keeps what it needs alive
	}
	if err != nil {
		return nil, notJSON(body)
	}
	o, err := v.Object()
	if err != nil {
		return nil, fmt.Errorf("body is %s: send a JSON object", describe(v))
	}
	return o, nil
}

// notJSON says where a body stops being JSON, in the words of encoding/json:
// those of fastjson name no place.
func notJSON(body []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(body, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("body is not JSON: %w (byte %d)", syntax, syntax.Offset)
	}
	return errors.New("body is not JSON")
}

// describe names a value in a text: its type, and the beginning of it.
func describe(v *fastjson.Value) string {
	switch v.Type() {
	case fastjson.TypeString:
		return "the string " + strconv.Quote(clip(borrow(v.GetStringBytes())))
	case fastjson.TypeObject, fastjson.TypeArray:
		return "the " + v.Type().String() + " " + clip(borrow(v.MarshalTo(nil)))
	}
	return clip(borrow(v.MarshalTo(nil)))
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if !plain[s[i]] || s[i] >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // a string can be marshalled
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
