package issuer

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// Issuer has a certificate for each of its names, or gets it.
type Issuer struct {
	// Static after construction.
	cfg        Config
	log        *slog.Logger
	folder     folder
	challenges *challenges
	authority  authority
	again      chan struct{} // has room for one: forget the pauses

	mu      sync.Mutex
	domains []*domain // of which only the certificates are guarded
}

// New reads what the folder has. It asks nobody: that is Run's.
func New(cfg Config) (*Issuer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	f, err := openFolder(cfg.Dir, cfg.directory())
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(cfg.Dir); err == nil && info.Mode()&0o077 != 0 {
		cfg.Log.Warn("others can look into the folder for ACME, which has private keys: chmod 700", "folder", cfg.Dir, "mode", info.Mode().Perm().String())
	}
	i := &Issuer{cfg: cfg, log: cfg.Log, folder: f, challenges: newChallenges(f, cfg.Domains), again: make(chan struct{}, 1)}
	if i.authority, err = newClient(&i.cfg, f, i.challenges); err != nil {
		return nil, err
	}
	return i, i.read()
}

// read begins with what is there.
func (i *Issuer) read() error {
	if _, err := i.folder.accountKey(); err != nil { // which is better told at once
		return fmt.Errorf("cannot use the account's key: %w", err)
	}
	for _, name := range i.cfg.Domains {
		if slices.ContainsFunc(i.domains, func(d *domain) bool { return d.name == name }) {
			continue
		}
		d := &domain{name: name}
		if _, err := i.look(d); err != nil {
			i.log.Warn("a certificate of the folder for ACME can't be used: another one will be got", "name", name, "error", err)
		}
		d.last = i.folder.failure(name)
		if time.Until(d.last.Retry) > 0 {
			i.log.Warn("getting a certificate has failed before: SIGHUP tries at once", "name", name,
				"error", d.last.Reason, "attempts", d.last.Failures, "next_attempt", d.last.Retry)
		}
		i.domains = append(i.domains, d)
	}
	return nil
}

// Run gets and renews certificates until ctx ends. It is called once, when the
// authority's proofs can be answered.
func (i *Issuer) Run(ctx context.Context) {
	defer i.authority.close()
	for ctx.Err() == nil {
		next := i.pass(ctx)
		alarm := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
		case <-alarm.C:
		case <-i.again:
			i.forgive()
		}
		alarm.Stop()
	}
}

// pass does what is due, and tells when something will be.
func (i *Issuer) pass(ctx context.Context) (next time.Time) {
	for _, d := range i.domains {
		changed, err := i.look(d)
		if err != nil {
			i.log.Warn("a certificate of the folder for ACME can't be read", "name", d.name, "error", err)
		}
		if d.cert != nil && !time.Now().Before(d.ask) {
			i.heed(ctx, d)
		}
		if !time.Now().Before(d.orderAt()) && ctx.Err() == nil {
			changed = i.order(ctx, d) || changed
		}
		if changed && i.cfg.Changed != nil {
			i.cfg.Changed()
		}
	}
	next = time.Now().Add(lookEvery)
	for _, d := range i.domains {
		if at := d.due(); at.Before(next) {
			next = at
		}
	}
	return next
}

// Retry has Run try at once what it would try later, because it failed.
func (i *Issuer) Retry() {
	select {
	case i.again <- struct{}{}:
	default: // it will
	}
}

// forgive ends the pauses after failures. That there were failures is not forgotten.
func (i *Issuer) forgive() {
	for _, d := range i.domains {
		d.last.Retry = time.Time{}
	}
}

// Certificates are those that there are, in the order of Config.Domains.
func (i *Issuer) Certificates() []*tls.Certificate {
	i.mu.Lock()
	defer i.mu.Unlock()
	var list []*tls.Certificate
	for _, d := range i.domains {
		if d.cert != nil {
			list = append(list, d.cert)
		}
	}
	return list
}

// TLSChallenge is the certificate that answers an authority's handshake, whose only
// protocol is ALPN, for a name in lower case. It may read a file.
func (i *Issuer) TLSChallenge(name string) (*tls.Certificate, error) { return i.challenges.tls(name) }

// HTTPChallenge is the body that answers an authority's GET of a path that begins
// with HTTPPath; not ok: there is none. It may read a file.
func (i *Issuer) HTTPChallenge(path string) (body string, ok bool) { return i.challenges.http(path) }
