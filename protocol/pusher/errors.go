package pusher

import (
	"errors"
	"fmt"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/protocol"
	"fanfare/protocol/pusher/auth"
)

// Close codes of the protocol. None from 4300 up may end a connection:
// clients would stay away for good.
const (
	codeTLS          = 4000
	codeUnknownApp   = 4001
	codeDisabled     = 4003
	codeQuota        = 4004
	codePath         = 4005
	codeVersion      = 4006
	codeProtocol     = 4007
	codeNoProtocol   = 4008
	codeUnauthorized = 4009
	codeCapacity     = 4100
	codeReconnect    = protocol.CodeReconnect
	codeNoPong       = 4201
)

// Codes of pusher:error on a connection that goes on.
const (
	codeCommand      = 0    // written as null: one command failed
	codeClientEvents = 4301 // a client event came too soon after others
	codeWatchlist    = 4302 // a watchlist is too long
)

// Types and statuses of pusher:subscription_error, soketi's where it has them.
const (
	typeAuth    = "AuthError"
	typeLimit   = "LimitReached"
	typeInvalid = "InvalidData"

	statusUnauthorized = 401
	statusForbidden    = 403
	statusMalformed    = 400
	statusName         = 4009
	statusFull         = 4100
	statusMemberSize   = 4301
)

const (
	maxEcho          = 200     // bytes of a client's own words in an error
	maxEchoedChannel = 1 << 10 // bytes of a channel's name that is no longer echoed at all
)

// refusal is why a subscription was refused, for pusher:error and, with type
// and status after soketi, for pusher:subscription_error.
type refusal struct {
	text   string
	kind   string // the error's type
	status int
	why    apps.Refusal
}

func (e *refusal) Error() string { return e.text }

// refused makes an error of any of the packages below a refusal.
func refused(err error) *refusal {
	var (
		known     *refusal
		format    *auth.FormatError
		key       *auth.KeyError
		signature *auth.SignatureError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &format), errors.As(err, &key), errors.As(err, &signature):
		return &refusal{err.Error(), typeAuth, statusUnauthorized, apps.RefusedSignature}
	case errors.Is(err, channels.ErrCrowded):
		return &refusal{"Cannot subscribe: " + err.Error(), typeLimit, statusFull, apps.RefusedCapacity}
	case errors.Is(err, channels.ErrMembersFull):
		return &refusal{err.Error(), typeLimit, statusFull, apps.RefusedCount}
	}
	return &refusal{err.Error(), typeInvalid, statusMalformed, apps.RefusedMalformed}
}

// The texts that are known from the hosted service are kept letter by letter.

func textDuplicate(channel string) string { return "Existing subscription to channel " + clip(channel) }

func textNotSubscribed(channel string) string {
	return "No current subscription to channel " + clip(channel) + ", or subscription in progress"
}

func textUnsupported(event string) string {
	return "Unsupported event received on socket: " + clip(event)
}

func textNotMember(channel string) string {
	return "Cannot broadcast client event (connection not subscribed to channel " + clip(channel) + ")"
}

func errTooManyChannels(channel string, limit int) *refusal {
	return &refusal{
		fmt.Sprintf("Cannot subscribe to channel %s: this connection has %d channels, which is the app's limit; unsubscribe from some first", clip(channel), limit),
		typeLimit, statusFull, apps.RefusedCount,
	}
}

// clip shortens what a client said before it is said back. It cuts between
// characters.
func clip(s string) string {
	if len(s) <= maxEcho {
		return s
	}
	cut := maxEcho
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "..."
}
