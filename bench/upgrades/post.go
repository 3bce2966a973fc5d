//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fanfare/bench/soak/inbox"
	"fanfare/protocol/pusher/auth"
)

// post is the receivers of the webhooks.
type post struct {
	members  *inbox.Inbox // of presence channels
	channels *inbox.Inbox // private ones
	whispers *hearing
}

func openPost() (p *post, err error) {
	p = &post{}
	signer := auth.NewSigner(key, secret)
	if p.members, err = inbox.Open(signer, time.Second); err != nil {
		return nil, err
	}
	if p.channels, err = inbox.Open(signer, time.Second); err == nil {
		p.whispers, err = listen(signer)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *post) close() (err error) {
	if p.members != nil {
		err = p.members.Close()
	}
	if p.channels != nil {
		err = errors.Join(err, p.channels.Close())
	}
	if p.whispers != nil {
		err = errors.Join(err, p.whispers.server.Close())
	}
	return err
}

// settle waits until all who came are told to have gone, and so many whispers have
// come. What is then missing is for the claims to tell.
func (p *post) settle(ctx context.Context, whispers int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		if p.members.Mail().Here+p.channels.Mail().Here == 0 && p.whispers.mail().Taken >= whispers {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("webhooks are still to come after a minute: %d members and %d channels have not gone, and %d of %d whispers have come: %w",
				p.members.Mail().Here, p.channels.Mail().Here, p.whispers.mail().Taken, whispers, context.Cause(ctx))
		}
	}
}
