package wire

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the Pusher HTTP API names MD5 for body_md5
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// App is one application's credentials.
type App struct{ ID, Key, Secret string }

// ParseApp reads "ID:KEY:SECRET".
func ParseApp(s string) (App, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return App{}, fmt.Errorf("app %q must be ID:KEY:SECRET", s)
	}
	return App{ID: parts[0], Key: parts[1], Secret: parts[2]}, nil
}

func (a App) String() string { return a.ID + ":" + a.Key + ":" + a.Secret }

// Sign returns the HMAC-SHA256 of text in lower-case hex.
func (a App) Sign(text string) string {
	mac := hmac.New(sha256.New, []byte(a.Secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Token authorises socket on channel: the private form, or, with channelData,
// the presence form.
func (a App) Token(socket, channel, channelData string) string {
	text := socket + ":" + channel
	if channelData != "" {
		text += ":" + channelData
	}
	return a.Key + ":" + a.Sign(text)
}

// Param is one query parameter with its decoded value.
type Param struct{ Name, Value string }

// Request is one request of the HTTP API before it is signed.
type Request struct {
	Method string
	Path   string // as it is sent; already escaped where it must be
	Signed string // as it is signed; empty means Path
	Query  []Param
	Body   string
	Header []string // complete lines, "Name: value"
}

// Authenticate returns r with the auth_* parameters of the Pusher HTTP API.
// A parameter that r has already is left as it is, and one with the value
// "-" is dropped, so that a caller can send a wrong or an incomplete set.
func (a App) Authenticate(r Request, now time.Time) Request {
	given := slices.Clone(r.Query)
	for _, p := range a.authParams(r, now) {
		if !slices.ContainsFunc(given, func(g Param) bool { return g.Name == p.Name }) {
			given = append(given, p)
		}
	}
	r.Query = slices.DeleteFunc(given, func(p Param) bool { return p.Value == "-" })
	if !slices.ContainsFunc(r.Query, func(p Param) bool { return p.Name == "auth_signature" }) {
		r.Query = append(r.Query, Param{"auth_signature", a.Sign(r.TextToSign())})
	}
	return r
}

func (a App) authParams(r Request, now time.Time) []Param {
	params := []Param{
		{"auth_key", a.Key},
		{"auth_timestamp", strconv.FormatInt(now.Unix(), 10)},
		{"auth_version", "1.0"},
	}
	if r.Body != "" {
		sum := md5.Sum([]byte(r.Body)) //nolint:gosec // see the import
		params = append(params, Param{"body_md5", hex.EncodeToString(sum[:])})
	}
	return params
}

// TextToSign is the text that auth_signature covers: method, path, and the
// parameters sorted by their lower-cased names, values unescaped.
func (r Request) TextToSign() string {
	params := slices.Clone(r.Query)
	slices.SortStableFunc(params, func(a, b Param) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	pairs := make([]string, 0, len(params))
	for _, p := range params {
		if p.Name != "auth_signature" {
			pairs = append(pairs, strings.ToLower(p.Name)+"="+p.Value)
		}
	}
	path := r.Signed
	if path == "" {
		path = r.Path
	}
	return r.Method + "\n" + path + "\n" + strings.Join(pairs, "&")
}
