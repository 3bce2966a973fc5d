package auth

import (
	"fmt"
	"net/url"
	"strings"
)

// Param is one decoded parameter of a query, in the order of the query.
type Param struct {
	Key, Value string
}

// MaxParams is how many parameters a query may have. The API knows a dozen; a
// list of channels may need a hundred.
const MaxParams = 256

// AppendQuery appends the parameters of a raw query (without its question mark)
// to dst, percent-decoded, with '+' for a space. Strings without an escape are
// parts of raw, not copies. Unlike net/url it takes ';' for a character like
// any other: channel names may hold one, and some libraries do not escape it.
func AppendQuery(dst []Param, raw string) ([]Param, error) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		if len(dst) == MaxParams {
			return dst, fmt.Errorf("query has more than %d parameters", MaxParams)
		}
		key, value, _ := strings.Cut(pair, "=")
		p, err := unescapePair(key, value)
		if err != nil {
			return dst, fmt.Errorf("query cannot be decoded: %w", err)
		}
		dst = append(dst, p)
	}
	return dst, nil
}

func unescapePair(key, value string) (p Param, err error) {
	if p.Key, err = url.QueryUnescape(key); err != nil {
		return p, err
	}
	p.Value, err = url.QueryUnescape(value)
	return p, err
}
