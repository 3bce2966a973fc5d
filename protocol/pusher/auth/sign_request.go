package auth

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SignRequest returns the query, encoded and with its signature, for a request
// to path (unescaped, without any prefix that a proxy strips). The parameters
// must have none of the names that sign; a body_md5 is added when there is a
// body.
func (s *Signer) SignRequest(method, path string, params []Param, body []byte, now time.Time) string {
	all := append(
		make([]Param, 0, len(params)+5),
		Param{paramKey, s.key},
		Param{paramTimestamp, strconv.FormatInt(now.Unix(), 10)},
		Param{paramVersion, version},
	)
	if len(body) > 0 {
		sum := hexMD5(body)
		all = append(all, Param{paramBodyMD5, string(sum[:])})
	}
	all = append(all, params...)
	signature := s.Hex([]byte(StringToSign(method, path, all)))
	return encodeQuery(append(all, Param{paramSignature, signature}))
}

func encodeQuery(params []Param) string {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Key))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.Value))
	}
	return b.String()
}
