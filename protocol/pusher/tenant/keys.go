package tenant

import (
	"errors"
	"time"

	"fanfare/channels/apps"
	"fanfare/protocol/pusher/auth"
)

// Keys check signatures with an app's secret and those that it had before, for
// as long as they hold. Static; any goroutine.
type Keys struct {
	signer *auth.Signer
	former []former
}

type former struct {
	signer *auth.Signer
	until  time.Time
}

// NewKeys prepares the secrets of an app.
func NewKeys(app *apps.App) *Keys {
	k := &Keys{signer: auth.NewSigner(app.Key, app.Secret)}
	for _, f := range app.Former {
		k.former = append(k.former, former{auth.NewSigner(app.Key, f.Secret), f.Until})
	}
	return k
}

// Signer signs with the app's secret.
func (k *Keys) Signer() *auth.Signer { return k.signer }

// CheckChannel is [auth.CheckChannel] with each secret. What is borrowed may be.
func (k *Keys) CheckChannel(socketID, channel, data string, hasData bool, token string) error {
	return k.each(auth.CheckChannel(k.signer, socketID, channel, data, hasData, token), func(s *auth.Signer) error {
		return auth.CheckChannel(s, socketID, channel, data, hasData, token)
	})
}

// CheckUser is [auth.CheckUser] with each secret.
func (k *Keys) CheckUser(socketID, userData, token string) error {
	return k.each(auth.CheckUser(k.signer, socketID, userData, token), func(s *auth.Signer) error {
		return auth.CheckUser(s, socketID, userData, token)
	})
}

// CheckRequest is [auth.Signer.CheckRequest] with each secret.
func (k *Keys) CheckRequest(r *auth.Request, now time.Time) error {
	return k.each(k.signer.CheckRequest(r, now), func(s *auth.Signer) error { return s.CheckRequest(r, now) })
}

// each returns nil when a former secret makes right what was wrong with the
// current one, and else what that was: the people who look for the fault have
// the current one in hand.
func (k *Keys) each(err error, check func(*auth.Signer) error) error {
	if len(k.former) == 0 || !wrongSignature(err) {
		return err
	}
	for _, f := range k.former {
		if time.Now().Before(f.until) && check(f.signer) == nil {
			return nil
		}
	}
	return err
}

func wrongSignature(err error) bool {
	var (
		token   *auth.SignatureError
		request *auth.RequestSignatureError
	)
	return errors.As(err, &token) || errors.As(err, &request)
}
