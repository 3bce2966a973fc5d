//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"net/http"

	"fanfare/protocol/pusher/auth"
)

const secretChannel = "private-secret"

// crossApp is what mallory, whose app lives on the same server, can try with a socket id and a channel of the victim's. Nothing
// of it is let in, and the victim's subscriber gets what its own server publishes and nothing else.
var crossApp = attack{
	name:   "socket ids and signatures of other apps",
	growth: 16 * mib,
	why:    "20 connections at once",
	run: func(s *server) error {
		return together(20, func(i int) error {
			x := &crossing{server: s, client: kept(1), channel: fmt.Sprint(secretChannel, i)}
			defer x.client.CloseIdleConnections()
			return rounds(x.run)
		})
	},
}

// crossing is one attempt, and whom it is aimed at.
type crossing struct {
	*server

	client  *http.Client
	channel string
	target  *peer // the victim's subscriber
	foreign *peer // mallory's, in an app of her own, on a channel of the same name
	inside  *peer // mallory's, in the victim's app
}

func (x *crossing) run() error {
	var errs [5]error
	x.target, errs[0] = x.connect(victim)
	x.foreign, errs[1] = x.connect(mallory)
	x.inside, errs[2] = x.connect(victim)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	defer x.target.Close()
	defer x.foreign.Close()
	defer x.inside.Close()
	return errors.Join(
		x.target.join(victim, x.channel, ""),
		x.foreign.join(mallory, x.channel, ""),
		x.subscribes(),
		x.calls(),
		x.excludes(),
	)
}

// subscribes tries signatures that are somebody else's.
func (x *crossing) subscribes() error {
	mine, theirs := x.inside.socketID, x.target.socketID
	forged := auth.NewSigner(victim.key, mallory.secret)
	tokens := map[string][2]string{
		"of the target's socket":     {victim.signer.Token(theirs, x.channel), "Invalid signature"},
		"of mallory's other socket":  {victim.signer.Token(x.foreign.socketID, x.channel), "Invalid signature"},
		"of another channel":         {victim.signer.Token(mine, x.channel+"x"), "Invalid signature"},
		"as on a presence channel":   {victim.signer.Token(mine, x.channel, `{"user_id":"1"}`), "Invalid signature"},
		"with mallory's secret":      {forged.Token(mine, x.channel), "Invalid signature"},
		"with mallory's credentials": {mallory.signer.Token(mine, x.channel), "Invalid key"},
		"missing":                    {"", "should be of format"},
	}
	return each(tokens, func(t [2]string) error {
		return x.inside.refused(subscribeWith(map[string]string{"channel": x.channel, "auth": t[0]}), t[1])
	})
}

// calls tries the victim's HTTP API.
func (x *crossing) calls() error {
	path, body := "/apps/victim/events", publication(x.channel, "forged", "x", "")
	forged := &app{id: "victim", key: victim.key, signer: auth.NewSigner(victim.key, mallory.secret)}
	return each(map[string]*app{"mallory's credentials": mallory, "mallory's secret": forged}, func(a *app) error {
		status, answer, err := x.call(x.client, a, http.MethodPost, path, nil, body)
		if err == nil && status != http.StatusUnauthorized {
			err = fmt.Errorf("a publish was answered with %d %s, want 401", status, answer)
		}
		status, answer, err2 := x.call(x.client, a, http.MethodGet, "/apps/victim/channels", nil, nil)
		if err2 == nil && status != http.StatusUnauthorized {
			err2 = fmt.Errorf("channels were answered with %d %s, want 401", status, answer)
		}
		return errors.Join(err, err2)
	})
}

// excludes names sockets of the other app in exclusions: each app's subscriber gets its own app's event and no other's.
func (x *crossing) excludes() error {
	if err := errors.Join(
		x.publish(x.client, mallory, publication(x.channel, "mallory's", "1", x.target.socketID)),
		x.publish(x.client, victim, publication(x.channel, "victim's", "2", x.foreign.socketID)),
	); err != nil {
		return err
	}
	return errors.Join(
		x.target.getsOnly(x.channel, "victim's", ""),
		x.foreign.getsOnly(x.channel, "mallory's", ""),
		x.inside.getsOnly("", "", ""),
	)
}
