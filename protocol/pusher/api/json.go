package api

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fastjson"

	"fanfare/channels/apps"
	"fanfare/protocol/borrow"
)

// object reads the body, which must be a JSON object.
func (k *call) object() (*fastjson.Object, *refusal) {
	o, err := k.home.parse(k.body)
	if err != nil {
		return nil, &refusal{status: 400, why: apps.RefusedMalformed, text: err.Error()}
	}
	return o, nil
}

// parse reads a body that must be a JSON object. The value is borrowed until
// the loop's next parse.
func (h *home) parse(body []byte) (*fastjson.Object, error) {
	if len(body) == 0 {
		return nil, errors.New("body is empty: send a JSON object")
	}
	v, err := h.parser.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("body %w", err)
	}
	o, err := v.Object()
	if err != nil {
		return nil, fmt.Errorf("body is %s: send a JSON object", describe(v))
	}
	return o, nil
}

// describe names a value in a text: its type, and the beginning of it.
func describe(v *fastjson.Value) string {
	switch v.Type() {
	case fastjson.TypeString:
		return "the string " + strconv.Quote(clip(borrow.String(v.GetStringBytes())))
	case fastjson.TypeObject, fastjson.TypeArray:
		return "the " + v.Type().String() + " " + clip(borrow.String(v.MarshalTo(nil)))
	}
	return clip(borrow.String(v.MarshalTo(nil)))
}
