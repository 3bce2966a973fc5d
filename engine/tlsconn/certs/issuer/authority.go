package issuer

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// authority issues certificates. The one that is there speaks ACME; tests have
// others.
type authority interface {
	// order gets a chain for a name and the key, as PEM. replaces is the certificate
	// that there is; nil: none. It may take until ctx ends. The folder is locked.
	order(ctx context.Context, name string, key crypto.Signer, replaces *x509.Certificate) (chain []byte, err error)

	// window is when the authority would like a certificate to be renewed, and when
	// to ask again. Its error tells that there is no answer.
	window(ctx context.Context, leaf *x509.Certificate) (w window, again time.Time, err error)

	// close gives connections back.
	close()
}

// window is a span of time.
type window struct{ start, end time.Time }

// client is an authority that speaks ACME. It is for one goroutine.
type client struct {
	cfg     *Config
	folder  folder
	acme    *acmez.Client
	account acme.Account // zero: not read yet
}

func newClient(cfg *Config, f folder, c *challenges) (*client, error) {
	roots, err := cfg.roots()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	solvers := map[string]acmez.Solver{TLSALPN01: tlsSolver{c}}
	if cfg.challenge() == HTTP01 {
		solvers = map[string]acmez.Solver{HTTP01: httpSolver{c}}
	}
	return &client{cfg: cfg, folder: f, acme: &acmez.Client{
		Client: &acme.Client{
			Directory:   cfg.directory(),
			HTTPClient:  &http.Client{Transport: bounded{transport}, Timeout: askPatience},
			UserAgent:   "fanfare",
			PollTimeout: orderPatience,
		},
		ChallengeSolvers: solvers,
	}}, nil
}

func (c *client) close() { c.acme.HTTPClient.CloseIdleConnections() }

func (c *client) order(ctx context.Context, name string, key crypto.Signer, replaces *x509.Certificate) ([]byte, error) {
	chain, err := c.tryOrder(ctx, name, key, replaces)
	switch {
	case isProblem(err, acme.ProblemTypeAccountDoesNotExist): // the authority has forgotten us
		if err := c.folder.remove(accountFile); err != nil {
			return nil, err
		}
		c.account = acme.Account{}
		return c.tryOrder(ctx, name, key, nil)
	case replaces != nil && refusesOrder(err):
		return c.tryOrder(ctx, name, key, nil)
	}
	return chain, err
}

// refusesOrder tells whether an authority would not even begin. What the order said
// to replace may be why: a certificate that the authority does not know, or that
// another account of ours got. An order need not say it (RFC 9773 section 5). Failed
// proofs are not meant, which are counted, nor limits.
func refusesOrder(err error) bool {
	problem, ok := errors.AsType[acme.Problem](err)
	return ok && problem.Resource == nil && problem.Type != acme.ProblemTypeRateLimited
}

func (c *client) tryOrder(ctx context.Context, name string, key crypto.Signer, replaces *x509.Certificate) ([]byte, error) {
	if err := c.signIn(ctx); err != nil {
		return nil, fmt.Errorf("no account: %w", err)
	}
	csr, err := acmez.NewCSR(key, []string{name})
	if err != nil {
		return nil, err
	}
	params, err := acmez.OrderParametersFromCSR(c.account, csr)
	if err != nil {
		return nil, err
	}
	params.Profile = c.cfg.Profile
	if replaces != nil && c.offersWindows(ctx) {
		params.Replaces = replaces
	}
	chains, err := c.acme.ObtainCertificate(ctx, params)
	if err != nil {
		return nil, err
	}
	if len(chains) == 0 {
		return nil, errors.New("the authority sent no certificate")
	}
	return chains[0].ChainPEM, nil // the one that it takes to be best
}

// offersWindows tells whether the authority knows what an order may replace.
func (c *client) offersWindows(ctx context.Context) bool {
	dir, err := c.acme.GetDirectory(ctx)
	return err == nil && dir.RenewalInfo != ""
}

const accountFile = "account.json"

// signIn makes sure that we have an account.
func (c *client) signIn(ctx context.Context) error {
	if c.account.PrivateKey != nil {
		return nil
	}
	key, err := c.folder.accountKey()
	if key == nil && err == nil {
		key, err = c.folder.makeAccountKey()
	}
	if err != nil {
		return err
	}
	data, err := c.folder.read(accountFile)
	if err != nil {
		return err
	}
	account := acme.Account{}
	if data == nil || json.Unmarshal(data, &account) != nil || account.Location == "" {
		return c.register(ctx, key)
	}
	account.PrivateKey = key
	if !slices.Equal(account.Contact, c.contact()) {
		account.Contact = c.contact()
		if account, err = c.acme.UpdateAccount(ctx, account); err != nil {
			return err
		}
		return c.keep(account)
	}
	c.account = account
	return nil
}

// register asks for an account. An authority that has one for the key already gives
// that.
func (c *client) register(ctx context.Context, key crypto.Signer) error {
	account := acme.Account{Contact: c.contact(), TermsOfServiceAgreed: true, PrivateKey: key}
	if c.cfg.EABKeyID != "" {
		binding := acme.EAB{KeyID: c.cfg.EABKeyID, MACKey: strings.TrimRight(c.cfg.EABKey, "=")}
		if err := account.SetExternalAccountBinding(ctx, c.acme.Client, binding); err != nil {
			return err
		}
	}
	account, err := c.acme.NewAccount(ctx, account)
	if err != nil {
		return err
	}
	account.Contact = c.contact() // whatever the authority tells of it
	return c.keep(account)
}

func (c *client) keep(account acme.Account) error {
	data, err := json.MarshalIndent(account, "", "  ")
	if err != nil {
		return err
	}
	c.account = account
	return c.folder.write(data, accountFile)
}

func (c *client) contact() []string {
	if c.cfg.Email == "" {
		return nil
	}
	return []string{"mailto:" + c.cfg.Email}
}

func (c *client) window(ctx context.Context, leaf *x509.Certificate) (w window, again time.Time, err error) {
	info, err := c.acme.GetRenewalInfo(ctx, leaf)
	if err != nil {
		return window{}, time.Time{}, err
	}
	if info.RetryAfter != nil {
		again = *info.RetryAfter
	}
	return window{info.SuggestedWindow.Start, info.SuggestedWindow.End}, again, nil
}

// isProblem tells whether an authority's answer is of that kind.
func isProblem(err error, kind string) bool {
	problem, ok := errors.AsType[acme.Problem](err)
	return ok && problem.Type == kind
}

// bounded cuts answers off that are larger than any of an authority's.
type bounded struct{ *http.Transport }

const maxAnswer = 1 << 20

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.Transport.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}
