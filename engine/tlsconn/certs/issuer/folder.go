package issuer

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// folder is what is kept of one authority. Its files are replaced at once, so a
// reader sees the old or the new one, and never half of either.
type folder struct{ path string }

// openFolder makes the folder of an authority where there is none, and makes sure
// that it can be written to: that has to be known before a certificate is got which
// couldn't be kept.
func openFolder(dir, directory string) (folder, error) {
	f := folder{filepath.Join(dir, authorityName(directory))}
	if err := os.MkdirAll(f.file("challenges"), 0o700); err != nil {
		return folder{}, fmt.Errorf("cannot make the folder for ACME: %w", err)
	}
	probe, err := os.CreateTemp(f.path, ".probe-*")
	if err != nil {
		return folder{}, fmt.Errorf("cannot write into the folder for ACME: %w: it has to belong to the user that serves", err)
	}
	return f, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// authorityName is a directory's URL as the name of a folder:
// acme-v02.api.letsencrypt.org-directory.
func authorityName(directory string) string {
	u, err := url.Parse(directory)
	if err != nil {
		panic(err) // it has been checked
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return '-'
	}, strings.Trim(u.Host+u.Path, "/"))
}

func (f folder) file(name ...string) string {
	return filepath.Join(append([]string{f.path}, name...)...)
}

// read gives nil for a file that is not there.
func (f folder) read(name ...string) ([]byte, error) {
	data, err := os.ReadFile(f.file(name...))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// write replaces a file. It outlasts a loss of power once write has returned.
func (f folder) write(data []byte, name ...string) error {
	path := f.file(name...)
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

func (f folder) remove(name ...string) error {
	if err := os.Remove(f.file(name...)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// stat looks at the file of a name's certificate; nil: there is none.
func (f folder) stat(name string) (fs.FileInfo, error) {
	info, err := os.Stat(f.file(name + ".pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // as its comment says
	}
	return info, err
}

// certificate reads what a name has.
func (f folder) certificate(name string) (*tls.Certificate, error) {
	data, err := os.ReadFile(f.file(name + ".pem"))
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(data, data)
	if err == nil {
		err = cert.Leaf.VerifyHostname(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.file(name+".pem"), err)
	}
	return &cert, nil
}

// putCertificate keeps the chain that was got for a name, and its key.
func (f folder) putCertificate(name string, chain []byte, key crypto.Signer) (*tls.Certificate, error) {
	text, err := keyPEM(key)
	if err != nil {
		return nil, err
	}
	data := bytes.Join([][]byte{bytes.TrimSpace(chain), text}, []byte("\n"))
	cert, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, fmt.Errorf("what the authority sent can't be used: %w", err)
	}
	if err := cert.Leaf.VerifyHostname(name); err != nil {
		return nil, fmt.Errorf("what the authority sent can't be used: %w", err)
	}
	return &cert, f.write(data, name+".pem")
}

// failure is what failed last for a name, and when to try again.
type failure struct {
	Failures int       `json:"failures"` // in a row
	Retry    time.Time `json:"retry"`
	Reason   string    `json:"reason"`
}

// failure reads what failed last; one that can't be read is none.
func (f folder) failure(name string) (last failure) {
	data, err := f.read(name + ".failure")
	if err != nil || json.Unmarshal(data, &last) != nil {
		return failure{}
	}
	return last
}

func (f folder) putFailure(name string, last failure) error {
	data, err := json.MarshalIndent(last, "", "  ")
	if err != nil {
		return err
	}
	return f.write(data, name+".failure")
}

const accountKeyFile = "account.key"

// accountKey reads the key of our account; nil: there is none yet.
func (f folder) accountKey() (crypto.Signer, error) {
	data, err := f.read(accountKeyFile)
	if data == nil {
		return nil, err
	}
	return parseKey(f.file(accountKeyFile), data)
}

// makeAccountKey is called with the folder locked: of two processes that begin
// together one makes it, and the other one reads it.
func (f folder) makeAccountKey() (crypto.Signer, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	text, err := keyPEM(key)
	if err != nil {
		return nil, err
	}
	return key, f.write(text, accountKeyFile)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func keyPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func parseKey(file string, data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s has no key in PEM form: bring it back, or remove it with account.json beside it to be given a new account", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: a %T can't sign", file, key)
	}
	return signer, nil
}
