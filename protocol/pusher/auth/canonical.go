package auth

import (
	"slices"
	"strings"
)

// form says how a parameter that has several values is written into the text
// to sign. Libraries differ, and the text does not tell which one wrote it.
type form bool

const (
	brackets form = false // k[]=a&k[]=b, as the vendor's verifier writes it
	commas   form = true  // k=a,b, as the PHP and Node libraries write it
)

// signedParam is a parameter on its way into the text to sign.
type signedParam struct {
	base  string // lower-case key without [] or [0]
	key   string // lower-case key as it came
	value string
}

// StringToSign returns the text that signs an HTTP API request: the method in
// upper case, the path (unescaped, without a proxy's prefix) and the canonical
// query, joined with newlines. The query is every parameter but auth_signature,
// keys in lower case and sorted, values decoded. Values of an array (k[], k[0])
// keep their order and their keys.
func StringToSign(method, path string, params []Param) string {
	var c scratch
	c.addParams(params)
	c.writeText(method, path, brackets)
	return string(c.text)
}

// addParams sorts the parameters into c and reports whether one is an array.
func (c *scratch) addParams(params []Param) (arrays bool) {
	for _, p := range params {
		key := strings.ToLower(p.Key)
		if key == paramSignature {
			continue
		}
		base := arrayBase(key)
		arrays = arrays || len(base) < len(key)
		c.params = append(c.params, signedParam{base, key, p.Value})
	}
	slices.SortStableFunc(c.params, func(a, b signedParam) int {
		return strings.Compare(a.base, b.base)
	})
	return arrays
}

// writeText makes c.text the text to sign.
func (c *scratch) writeText(method, path string, f form) {
	c.text = append(c.text[:0], strings.ToUpper(method)...)
	c.text = append(c.text, '\n')
	c.text = append(c.text, path...)
	c.text = append(c.text, '\n')
	for i, p := range c.params {
		switch {
		case f == commas && i > 0 && p.sameArray(c.params[i-1]):
			c.text = append(c.text, ',')
		case f == commas:
			c.writeKey(i, p.base)
		default:
			c.writeKey(i, p.key)
		}
		c.text = append(c.text, p.value...)
	}
}

func (c *scratch) writeKey(i int, key string) {
	if i > 0 {
		c.text = append(c.text, '&')
	}
	c.text = append(c.text, key...)
	c.text = append(c.text, '=')
}

// sameArray reports whether p is the next value of the array that prev is of.
func (p signedParam) sameArray(prev signedParam) bool {
	return p.base == prev.base && len(p.base) < len(p.key) && len(prev.base) < len(prev.key)
}

// arrayBase returns key without a final [] or [digits]; all of it when it has
// none.
func arrayBase(key string) string {
	if !strings.HasSuffix(key, "]") {
		return key
	}
	open := strings.LastIndexByte(key, '[')
	if open < 1 || strings.Trim(key[open+1:len(key)-1], "0123456789") != "" {
		return key
	}
	return key[:open]
}
