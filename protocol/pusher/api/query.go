package api

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/strictjson"
)

// parameters reads what a publish brings: members of the JSON object in the
// body, or parameters of the query, or some as these and some as those. What is
// given as both is refused, because which of them counts would be a guess. The
// object is borrowed until the loop's next request.
func (k *call) parameters() (*fastjson.Object, *refusal) {
	if !k.inQuery() {
		return k.object()
	}
	q, no := k.query()
	if no != nil || len(k.body) == 0 {
		return q, no
	}
	o, no := k.object()
	if no != nil {
		return nil, no
	}
	q.Visit(func(key []byte, v *fastjson.Value) {
		member := string(key)
		if no == nil && given(o, member) {
			no = malformed("%s is in the body and in the query: send it in one of them", member)
		}
		o.Set(member, v)
	})
	return o, no
}

// memberOf names the member of an event that a parameter of the query stands
// for, "" if none: it is the parameter's name, but for lists, which come as
// channels[]=a&channels[]=b or channels[0]=a&channels[1]=b, and info, which may.
func memberOf(key string) string {
	switch key {
	case "name", "data", "channel", "channels", "socket_id", "info":
		return key
	}
	switch {
	case strings.HasPrefix(key, "channels["):
		return "channels"
	case strings.HasPrefix(key, "info["):
		return "info"
	}
	return ""
}

// inQuery tells whether the query has a part of an event.
func (k *call) inQuery() bool {
	for i := range k.home.params {
		if memberOf(k.home.params[i].Key) != "" {
			return true
		}
	}
	return false
}

// given tells whether an event has a member: null is as good as none, except for
// data.
func given(o *fastjson.Object, member string) bool {
	v := o.Get(member)
	return !strictjson.Absent(v) || v != nil && member == "data"
}

// query gives what the query has of an event, as an object like that of a body.
// It goes by way of JSON text: fastjson's own way to make strings spoils control
// characters.
func (k *call) query() (*fastjson.Object, *refusal) {
	h := k.home
	h.inner = append(h.inner, '{')
	for i, p := range h.params {
		member := memberOf(p.Key)
		switch {
		case member == "":
		case !utf8.ValidString(p.Value):
			return nil, malformed("%s in the query is not UTF-8", member)
		case isElement(p.Key, member):
		case member != p.Key || member == "channels":
			return nil, malformed("%q in the query is no list: send %[2]s[]=A&%[2]s[]=B", clip(p.Key), member)
		case !comesAgain(h.params[i+1:], p.Key):
			h.inner = strictjson.AppendString(append(strictjson.AppendString(h.inner, member), ':'), p.Value)
			h.inner = append(h.inner, ',')
		}
	}
	h.inner = appendList(h.inner, h.params)
	if info, ok := elements(h.params, "info"); ok {
		h.inner = append(strictjson.AppendString(append(h.inner, `"info":`...), info), ',')
	}
	h.inner = append(bytes.TrimSuffix(h.inner, comma), '}')
	v, err := h.queryParser.Parse(h.inner)
	if err != nil {
		return nil, malformed("query %v", err)
	}
	return v.GetObject(), nil
}

// comesAgain tells whether a parameter is given once more. The last counts, as
// with those that sign.
func comesAgain(rest []auth.Param, key string) bool {
	for i := range rest {
		if rest[i].Key == key {
			return true
		}
	}
	return false
}

// isElement tells whether a parameter is one of a list: LIST[] or LIST[0]. They
// count in the order in which they come.
func isElement(key, list string) bool {
	index, ok := strings.CutPrefix(key, list)
	if !ok || len(index) < 2 || index[0] != '[' || index[len(index)-1] != ']' {
		return false
	}
	return strings.Trim(index[1:len(index)-1], "0123456789") == ""
}

// elements joins the elements of a list with commas, and tells whether there are
// any.
func elements(params []auth.Param, list string) (joined string, ok bool) {
	for i := range params {
		switch {
		case !isElement(params[i].Key, list):
		case ok:
			joined += "," + params[i].Value
		default:
			joined, ok = params[i].Value, true
		}
	}
	return joined, ok
}

var comma = []byte{','}

// appendList appends the list of channels as a member of an object, with a comma
// behind it, if there is one.
func appendList(dst []byte, params []auth.Param) []byte {
	before := `"channels":[`
	for i := range params {
		if isElement(params[i].Key, "channels") {
			dst = strictjson.AppendString(append(dst, before...), params[i].Value)
			before = ","
		}
	}
	if before == "," {
		dst = append(dst, "],"...)
	}
	return dst
}

// nothingInQuery refuses a batch with parts of an event in the query.
func (k *call) nothingInQuery() *refusal {
	for i := range k.home.params {
		if key := k.home.params[i].Key; key == "batch" || memberOf(key) != "" {
			return malformed("%q is in the query: a batch is read from the body only, as JSON", clip(key))
		}
	}
	return nil
}

// info gives the attributes that a question asks for: info=a,b as documented, or
// the list that the PHP library makes of an array, info[0]=a&info[1]=b.
func (k *call) info() string {
	if list, ok := elements(k.home.params, "info"); ok {
		return list
	}
	return k.param("info")
}

// param gives a parameter of the query, "" without it. Of one that is given
// twice the last counts, as with those that sign.
func (k *call) param(name string) string {
	value := ""
	for _, p := range k.home.params {
		if p.Key == name {
			value = p.Value
		}
	}
	return value
}
