package issuer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// domain is a name and the certificate that it has. All but cert is owned by Run.
type domain struct {
	name string
	cert *tls.Certificate // guarded by the Issuer's mu; nil: there is none yet
	got  time.Time        // when it was put into the folder
	file fs.FileInfo      // that was looked at last; nil: none

	renew time.Time // when to order the next one
	wish  window    // that renew is of; zero: none was told
	ask   time.Time // when to ask the authority for its wish

	last failure // zero: none
}

// due is when there is something to do for the name, an order or a question.
func (d *domain) due() time.Time {
	at := d.ask
	if d.cert == nil {
		at = d.last.Retry
	}
	if order := d.orderAt(); order.Before(at) {
		at = order
	}
	return at
}

// orderAt is when the next order is due, in view of those that failed.
func (d *domain) orderAt() time.Time {
	if d.cert == nil || d.last.Retry.After(d.renew) {
		return d.last.Retry
	}
	return d.renew
}

// take puts a certificate in force.
func (i *Issuer) take(d *domain, cert *tls.Certificate, got time.Time) {
	i.mu.Lock()
	d.cert = cert
	i.mu.Unlock()
	d.got, d.wish, d.ask = got, window{}, time.Time{}
	d.renew = between(ownWindow(cert.Leaf).pick(), cert.Leaf, got)
	d.last = failure{}
}

// look takes over what another process has put into the folder.
func (i *Issuer) look(d *domain) (changed bool, err error) {
	file, err := i.folder.stat(d.name)
	if err != nil || file == nil || sameFile(file, d.file) {
		return false, err
	}
	d.file = file
	cert, err := i.folder.certificate(d.name)
	if err != nil {
		return false, err
	}
	if d.cert != nil && !cert.Leaf.NotAfter.After(d.cert.Leaf.NotAfter) {
		return false, nil // the one that there is, or an old one that was put back
	}
	got := file.ModTime()
	if now := time.Now(); got.After(now) { // by another clock
		got = now
	}
	i.take(d, cert, got)
	return true, nil
}

func sameFile(a, b fs.FileInfo) bool {
	return b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// heed asks the authority when it would like the certificate to be renewed.
func (i *Issuer) heed(ctx context.Context, d *domain) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	wish, again, err := i.authority.window(ctx, d.cert.Leaf)
	now := time.Now()
	if err != nil {
		d.ask = now.Add(noWish)
		if !errors.Is(err, acme.ErrUnsupported) {
			i.log.Debug("the ACME authority did not say when to renew", "name", d.name, "error", err)
		}
		return
	}
	d.ask = now.Add(max(minWish, min(again.Sub(now), maxWish)))
	if wish == d.wish {
		return // the moment that was picked stands
	}
	d.wish = wish
	d.renew = between(wish.pick(), d.cert.Leaf, d.got)
	i.log.Debug("the ACME authority said when to renew", "name", d.name, "from", wish.start, "to", wish.end, "renewal", d.renew)
}

// order gets a certificate for the name, unless another process is at it or has done
// it meanwhile. It tells whether there is a new one.
func (i *Issuer) order(ctx context.Context, d *domain) (changed bool) {
	unlock, err := i.folder.lock()
	if errors.Is(err, errLocked) {
		d.last.Retry = time.Now().Add(othersOrder)
		return false
	}
	if err == nil {
		defer unlock()
		if changed, _ := i.look(d); changed { // what can't be read is replaced
			return true
		}
		err = i.orderLocked(ctx, d)
	}
	if err != nil && ctx.Err() == nil {
		i.failed(d, err)
	}
	return err == nil
}

func (i *Issuer) orderLocked(ctx context.Context, d *domain) error {
	ctx, cancel := context.WithTimeoutCause(ctx, orderPatience, fmt.Errorf("it took longer than %v", orderPatience))
	defer cancel()
	key, err := newKey()
	if err != nil {
		return err
	}
	replaces := d.cert
	if replaces == nil {
		replaces = &tls.Certificate{}
	}
	chain, err := i.authority.order(ctx, d.name, key, replaces.Leaf)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.Join(err, context.Cause(ctx))
		}
		return err
	}
	cert, err := i.folder.putCertificate(d.name, chain, key)
	if err != nil {
		return err
	}
	i.take(d, cert, time.Now())
	i.log.Info("certificate obtained", "name", d.name, "not_after", cert.Leaf.NotAfter, "renewal", d.renew, "authority", i.cfg.directory())
	return i.folder.remove(d.name + ".failure")
}

// failed notes a failure, and when to try again.
func (i *Issuer) failed(d *domain, err error) {
	pause := pauseAfter(d.last.Failures + 1)
	if isProblem(err, acme.ProblemTypeRateLimited) {
		pause = max(pause, rateLimited)
	}
	d.last = failure{Failures: d.last.Failures + 1, Retry: time.Now().Add(pause), Reason: err.Error()}
	level := i.log.Warn
	if d.cert == nil || time.Until(d.cert.Leaf.NotAfter) < d.cert.Leaf.NotAfter.Sub(d.cert.Leaf.NotBefore)/6 {
		level = i.log.Error
	}
	level("cannot get a certificate", "name", d.name, "error", d.last.Reason, "attempts", d.last.Failures, "next_attempt", d.last.Retry, "authority", i.cfg.directory())
	if err := i.folder.putFailure(d.name, d.last); err != nil {
		i.log.Warn("cannot write down what failed, so a restart tries again at once", "name", d.name, "error", err)
	}
}
