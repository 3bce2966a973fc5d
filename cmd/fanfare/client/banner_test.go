package client

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
	"fanfare/engine/tlsconn/certs/certstest"
)

func TestBanner(t *testing.T) {
	certificate, _ := certstest.Write(t, t.TempDir(), "rt", certstest.NewAuthority(t).For(t, "*.example.com", "rt.example.com"))
	tests := []struct {
		name   string
		src    config.Sources
		port   int
		golden string // of all, else
		lines  []string
	}{
		{name: "nothing configured", port: 6001, golden: "testdata/banner.golden"},
		{name: "port of a flag", src: config.Sources{Flags: map[string]string{"port": "7000"}}, port: 7000, lines: []string{
			"bin/fanfare tail my-channel --url http://127.0.0.1:7000",
			`bin/fanfare publish my-channel my-event '{"hello":"world"}' --url http://127.0.0.1:7000`,
			"REVERB_PORT=7000",
			"  wsPort: 7000,",
		}},
		{name: "free port", src: config.Sources{Flags: map[string]string{"port": "0"}}, port: 4567, lines: []string{
			"bin/fanfare tail my-channel --url http://127.0.0.1:4567",
		}},
		{name: "file of another name", src: config.Sources{File: "../config/testdata/full.good.toml"}, port: 443, lines: []string{
			"bin/fanfare tail my-channel --config ../config/testdata/full.good.toml",
			"PUSHER_APP_KEY=one",
			`  wsPath: "/rt",`,
		}},
		{name: "credentials of variables", src: config.Sources{Env: []string{"FANFARE_APP_ID=7", "FANFARE_APP_KEY=k", "FANFARE_APP_SECRET=it's $5 #1"}}, port: 6001, lines: []string{
			`bin/fanfare tail my-channel --app-id 7 --key k --secret 'it'\''s $5 #1'`,
			`PUSHER_APP_SECRET="it's \$5 #1"`,
		}},
		{name: "TLS alone, certificate that can't be read", src: config.Sources{Flags: map[string]string{
			"port": "7443", "tls-enabled": "true", "tls-port": "7443", "tls-cert": "chain.pem",
		}}, port: 7443, lines: []string{
			"bin/fanfare tail my-channel --url https://127.0.0.1:7443",
			"PUSHER_SCHEME=https",
			"  wssPort: 7443,",
			"  forceTLS: true,",
		}},
		{name: "TLS alone, certificate by ACME", src: config.Sources{Flags: map[string]string{
			"port": "443", "tls-enabled": "true", "tls-port": "443", "tls-acme-domains": "*.example.com,ws.example.com", "tls-acme-dir": "acme",
		}}, port: 443, lines: []string{
			"PUSHER_HOST=ws.example.com",
			`  wsHost: "ws.example.com",`,
		}},
		{name: "TLS alone, certificate of a file", src: config.Sources{Flags: map[string]string{
			"port": "443", "tls-enabled": "true", "tls-port": "443", "tls-cert": certificate,
		}}, port: 443, lines: []string{
			"bin/fanfare tail my-channel --url https://rt.example.com:443",
			"PUSHER_HOST=rt.example.com",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := bannerText(t, tt.src, tt.port)
			if tt.golden != "" {
				want, err := os.ReadFile(tt.golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
			for _, line := range tt.lines {
				if !strings.Contains(got, "\n"+line+"\n") {
					t.Errorf("no line %q in\n%s", line, got)
				}
			}
		})
	}
}

func bannerText(t *testing.T, src config.Sources, port int) string {
	t.Helper()
	l, err := config.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return writeBanner(t, l, port, true)
}

func writeBanner(t *testing.T, l *config.Loaded, port int, secrets bool) string {
	t.Helper()
	b, ok := NewBanner(&command.Process{Program: "bin/fanfare", Stdout: new(bytes.Buffer)}, l, port, secrets)
	if !ok {
		t.Fatal("no banner")
	}
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A secret that isn't asked for isn't shown, in no line, unless everybody
// knows it.
func TestBannerMasksSecrets(t *testing.T) {
	const hint = "\n# The app's secret is masked: serve --banner shows it\n"
	f := func(src config.Sources, secret string, asked, shown bool) {
		t.Helper()
		l, err := config.Load(src)
		if err != nil {
			t.Fatal(err)
		}
		got := writeBanner(t, l, 6001, asked)
		if strings.Contains(got, secret) != shown || strings.Contains(got, hint) == shown || strings.Contains(got, setting.Mask) == shown {
			t.Errorf("asked for %v: want the secret %s shown %v:\n%s", asked, secret, shown, got)
		}
	}
	variables := config.Sources{Env: []string{"FANFARE_APP_ID=7", "FANFARE_APP_KEY=k", "FANFARE_APP_SECRET=of-our-own"}}
	f(variables, "of-our-own", false, false)
	f(variables, "of-our-own", true, true)
	file := config.Sources{File: filepath.Join("..", "config", "testdata", "full.good.toml")}
	f(file, "s1", false, false)
	f(file, "s1", true, true)
	f(config.Sources{}, "app-secret", false, true)
	f(config.Sources{}, "app-secret", true, true)
}

// TestBannerFindsTheServer runs the flags that a banner shows through the
// command that they are for.
func TestBannerFindsTheServer(t *testing.T) {
	src := config.Sources{
		File:  filepath.Join("..", "config", "testdata", "full.good.toml"),
		Flags: map[string]string{"port": "7000", "path-prefix": "/other"},
		Env:   []string{"FANFARE_APP_ID=1", "FANFARE_APP_SECRET=changed"},
	}
	for line := range strings.Lines(bannerText(t, src, 7000)) {
		rest, ok := strings.CutPrefix(line, "bin/fanfare tail my-channel ")
		if !ok {
			continue
		}
		var flags TargetFlags
		fs := command.NewFlags("tail")
		flags.Register(fs)
		if err := fs.Parse(strings.Fields(rest)); err != nil {
			t.Fatal(err)
		}
		to, err := flags.Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join([]string{to.Base.String(), to.AppID, to.Key, to.Secret}, " ")
		if want := "http://127.0.0.1:7000/other 1 one changed"; got != want {
			t.Errorf("tail would speak to %s, want %s", got, want)
		}
		return
	}
	t.Error("the banner has no tail line")
}
