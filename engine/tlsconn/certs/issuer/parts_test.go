package issuer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"fanfare/engine/tlsconn/certs/certstest"
)

// fake is an authority that issues without proof, or fails as it is told.
type fake struct {
	t  *testing.T
	ca *certstest.Authority

	mu     sync.Mutex // guards the others
	life   time.Duration
	fails  error         // all orders, while it is not nil
	hangs  bool          // orders last until their ctx ends
	wish   func() window // nil: it has none
	asked  int           // for its wish
	orders []order
}

// order is one that the fake was given.
type order struct {
	name     string
	at       time.Time
	key      crypto.Signer
	replaces *x509.Certificate
}

func newFake(t *testing.T) *fake {
	return &fake{t: t, ca: certstest.NewAuthority(t), life: 90 * 24 * time.Hour}
}

func (f *fake) order(ctx context.Context, name string, key crypto.Signer, replaces *x509.Certificate) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders = append(f.orders, order{name, time.Now(), key, replaces})
	if f.hangs {
		f.mu.Unlock()
		<-ctx.Done()
		f.mu.Lock()
		return nil, ctx.Err()
	}
	if f.fails != nil {
		return nil, f.fails
	}
	now := time.Now()
	cert := f.ca.Issue(f.t, certstest.Order{Names: []string{name}, Key: key, NotBefore: now, NotAfter: now.Add(f.life)})
	return certstest.ChainPEM(cert), nil
}

func (f *fake) window(context.Context, *x509.Certificate) (w window, again time.Time, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.wish == nil {
		return window{}, time.Time{}, acme.ErrUnsupported
	}
	return f.wish(), time.Now().Add(6 * time.Hour), nil
}

func (f *fake) close() {}

// all is what was ordered until now.
func (f *fake) all() []order {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.orders)
}

// set changes what it does.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// newFolder is one that nobody else can look into.
func newFolder(t *testing.T) string { return filepath.Join(t.TempDir(), "acme") }

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// count is how many lines have the text.
func (l *lines) count(text string) (n int) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// open makes an Issuer that asks the fake.
func (f *fake) open(dir string, domains ...string) (*Issuer, *lines) {
	f.t.Helper()
	log := &lines{}
	i, err := New(Config{Domains: domains, Dir: dir, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		f.t.Fatal(err)
	}
	i.authority = f
	return i, log
}

// start runs it until the test, or stop, ends it.
func start(t *testing.T, i *Issuer) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { i.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// after lets time pass in a bubble.
func after(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
}

var errRefused = errors.New("HTTP 403 urn:ietf:params:acme:error:unauthorized - the name leads elsewhere")
