//go:build e2e && linux

package pebbletest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"fanfare/engine/tlsconn/certs/certstest"
)

// The account that Pebble wants ours to be bound to.
const (
	KeyID = "kid-1"
	Key   = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
)

// Brief is the profile of certificates that live for 12 seconds.
const Brief = "brief"

// Pebble is one that runs.
type Pebble struct {
	Directory string         // its URL
	Roots     string         // the file that its own server is checked by
	Issued    *x509.CertPool // what its certificates are checked by

	cmd    *exec.Cmd
	output logged
}

// Start runs one that looks for proofs at the two addresses, whatever the name, until
// Stop, or the test's end.
func Start(t *testing.T, tlsAddr, httpAddr string) *Pebble {
	t.Helper()
	folder, dns := t.TempDir(), serveDNS(t)
	authority := certstest.NewAuthority(t)
	certFile, keyFile := certstest.Write(t, folder, "pebble", authority.For(t, "localhost"))
	p := &Pebble{Roots: filepath.Join(folder, "roots.pem")}
	certstest.WriteFile(t, p.Roots, certstest.ChainPEM(&tls.Certificate{Certificate: [][]byte{authority.Root.Raw}}))
	listen, manage := freeAddr(t), freeAddr(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": manage, "certificate": certFile, "privateKey": keyFile,
		"tlsPort": portOf(t, tlsAddr), "httpPort": portOf(t, httpAddr), "keyAlgorithm": "ecdsa",
		"externalAccountBindingRequired": true, "externalAccountMACKeys": map[string]string{KeyID: Key},
		"domainBlocklist": []string{"blocked.example.com"},
		"retryAfter":      map[string]int{"authz": 1, "order": 1},
		"profiles": map[string]any{
			"default": map[string]any{"description": "three months", "validityPeriod": 90 * 24 * 3600},
			Brief:     map[string]any{"description": "seconds", "validityPeriod": 12},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	certstest.WriteFile(t, filepath.Join(folder, "pebble.json"), config)
	p.cmd = exec.CommandContext(t.Context(), tool(t, "pebble"), "-config", filepath.Join(folder, "pebble.json"), "-dnsserver", dns)
	p.cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("Pebble said:\n%s", &p.output)
		}
	})
	p.Directory = "https://" + strings.Replace(listen, "127.0.0.1", "localhost", 1) + "/dir"
	p.fetchRoot(t, authority, "https://"+strings.Replace(manage, "127.0.0.1", "localhost", 1)+"/roots/0")
	return p
}

// Stop ends it at once.
func (p *Pebble) Stop() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// fetchRoot waits until it serves, and takes what its certificates are checked by.
func (p *Pebble) fetchRoot(t *testing.T, authority *certstest.Authority, url string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Roots}, DisableKeepAlives: true}}
	p.Issued = x509.NewCertPool()
	Eventually(t, "Pebble serves", func() error {
		resp, err := client.Get(url)
		if err != nil {
			return err
		}
		defer resp.Body.Close() //nolint:errcheck // it was only read
		text, err := io.ReadAll(resp.Body)
		if err == nil && !p.Issued.AppendCertsFromPEM(text) {
			err = errors.New("it has no root")
		}
		return err
	})
	Eventually(t, "the directory is served", func() error {
		resp, err := client.Get(p.Directory)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

// tool builds a program of .ci/tools and gives its path.
func tool(t *testing.T, name string) string {
	t.Helper()
	mod, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("cannot find the module: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=.ci/tools/go.mod", "-n", name)
	cmd.Dir = filepath.Dir(string(mod))
	cmd.Stderr = os.Stderr
	path, err := cmd.Output()
	if err != nil {
		t.Fatalf("cannot build %s: %v", name, err)
	}
	return strings.TrimSpace(string(path))
}

// freeAddr is a loopback address that nobody listens on. Pebble can't tell which port
// it has taken, so it is given one.
func freeAddr(t *testing.T) string {
	t.Helper()
	l := listen(t)
	defer l.Close() //nolint:errcheck // nobody has connected
	return l.Addr().String()
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return int(a.Port())
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveDNS runs a name server, for which all names lead to 127.0.0.1.
func serveDNS(t *testing.T) string {
	t.Helper()
	l := listen(t)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close() //nolint:errcheck // the answer is out, or is not
				_ = answerDNS(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// answerDNS answers one question that came over TCP (RFC 1035 section 4.2.2).
func answerDNS(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return err
	}
	data := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, data); err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(data); err != nil {
		return err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	reply, err := m.AppendPack(make([]byte, 2))
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint16(reply, uint16(len(reply)-2))
	_, err = c.Write(reply)
	return err
}

// Eventually tries until it succeeds, for half a minute.
func Eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s: %v", what, err)
		case <-every.C:
		}
	}
}

// logged is what a program prints.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
