package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// explain adds to a failure what would be right, where that is known.
func (t *Target) explain(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: nothing listens on %s; start the server, or correct --url", err, t.Addr)
	}
	if errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("%w: raise the limit of open files (ulimit -n), or open fewer --connections", err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the server has cut the connection without a word; its log may tell why", err)
	}
	return err
}

const badSecret = "; the signature was refused: check --secret"

// refused is what a server says when it refuses a connection, a subscription
// or a request, with what would be right.
func (t *Target) refused(what string, code int, words []byte) error {
	hint := ""
	switch code {
	case 0: // Pusher's own code for it is null
		if bytes.Contains(words, []byte("nvalid signature")) {
			hint = badSecret
		}
	case 401, 4009:
		hint = badSecret
	case 403:
		hint = "; the server does not allow it to this app"
	case 404:
		hint = "; check the path in --url and --app-id"
	case 413:
		hint = "; the server takes less at once: use a smaller --frame-bytes or --batch"
	case 4001:
		hint = "; the server has no app with this key: check --url or --key"
	case 4004:
		hint = "; the app may have no more: use fewer --connections, or raise its limit"
	case 4301:
		hint = "; the app's connections may send fewer client events: use a lower --rate, or raise its limit"
	}
	return fmt.Errorf("%s %d: %.300s%s", what, code, bytes.TrimSpace(words), hint)
}

// codeOf finds the number of "code" or "status" in a pusher:error or
// pusher:subscription_error; 0 when there is none.
func codeOf(payload []byte) (code int) {
	for _, name := range [...]string{`code`, `status`} {
		_, rest, found := bytes.Cut(payload, []byte(name))
		if !found {
			continue
		}
		for _, c := range bytes.TrimLeft(rest, `\": `) {
			if c < '0' || c > '9' || code > 9999 {
				break
			}
			code = code*10 + int(c-'0')
		}
		return code
	}
	return 0
}
