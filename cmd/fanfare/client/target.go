// Package client is the commands that speak to a server as its clients do,
// publish, tail and health, and what a newcomer copies to do the same. Other commands find a server
// and an app with the flags that these have, which a Target is made of.
//
// Nothing here is for several goroutines, but for tail's own.
package client

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
)

// Target is the server and the app that a client command speaks to.
type Target struct {
	Base               *url.URL // http or https, with the path prefix, no slash at its end
	AppID, Key, Secret string
	version            string // of this program, which servers are told

	// Own is that nobody named the server, so it is the one of the configuration, on
	// this machine. Its certificate bears the name that clients know, and is not
	// checked.
	Own bool
}

// httpClient is for one request.
func (t Target) httpClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig, transport.DisableKeepAlives = &tls.Config{InsecureSkipVerify: t.Own}, true
	return &http.Client{Transport: transport}
}

// TargetFlags are the flags by which publish and tail find their target. What
// they leave open comes from the configuration that serve would use.
type TargetFlags struct {
	config, apps, URL, AppID, Key, Secret string
}

// TargetGroup is the flags of Register in the help.
var TargetGroup = command.Group{Title: "Server and app", Names: []string{"url", "app-id", "key", "secret", "config", "apps-file"}}

// Register makes the flags.
func (t *TargetFlags) Register(fs *flag.FlagSet) {
	t.registerServer(fs)
	fs.StringVar(&t.AppID, "app-id", "", "`ID` of the app (default: the first of the configuration)")
	fs.StringVar(&t.Key, "key", "", "`KEY` of the app (default: the configuration's)")
	fs.StringVar(&t.Secret, "secret", "", "`SECRET` of the app (default: the configuration's; others on this machine can see "+
		"what is given here, FANFARE_APP_SECRET they cannot)")
}

// registerServer makes those that find the server.
func (t *TargetFlags) registerServer(fs *flag.FlagSet) {
	fs.StringVar(&t.URL, "url", "", "`URL` of the server, such as https://ws.example.com "+
		"(default: FANFARE_URL, else where the configuration makes serve listen)")
	fs.StringVar(&t.config, "config", "", config.FileFlagDoc)
	fs.StringVar(&t.apps, "apps-file", "", config.AppsFlagDoc)
}

// Resolve gives the target that the flags, the environment and the configuration
// name. What the command cannot do without is checked by Need.
func (t *TargetFlags) Resolve(env []string) (Target, error) {
	l, err := config.Load(config.Sources{Env: env, File: t.config, Apps: t.apps})
	if err != nil {
		return Target{}, err
	}
	out := t.chooseApp(l.Apps)
	out.Base, err = t.baseURL(env, &l.Config)
	out.Own = t.named(env) == ""
	return out, err
}

// chooseApp takes the configured app that the flags name, and lets them
// override its credentials.
func (t *TargetFlags) chooseApp(list []config.App) Target {
	i := slices.IndexFunc(list, func(a config.App) bool {
		return (t.AppID == "" || t.AppID == a.ID) && (t.Key == "" || t.Key == a.Key)
	})
	out := Target{AppID: t.AppID, Key: t.Key, Secret: t.Secret}
	if i < 0 {
		return out
	}
	app := list[i]
	out.AppID, out.Key = app.ID, app.Key
	if out.Secret == "" {
		out.Secret = app.Secret
	}
	return out
}

// named is the URL that somebody has given, if anybody has.
func (t *TargetFlags) named(env []string) string {
	if t.URL != "" {
		return t.URL
	}
	return config.LookupEnv(env, config.EnvURL)
}

func (t *TargetFlags) baseURL(env []string, cfg *config.Config) (*url.URL, error) {
	if text := t.named(env); text != "" {
		from := "--url"
		if t.URL == "" {
			from = config.EnvURL
		}
		return parseBase(text, from)
	}
	if cfg.Server.Port == 0 {
		return nil, command.Usagef("server.port is 0, so the server takes any free port: name the server with --url")
	}
	return serverURL(cfg, cfg.Server.Port), nil
}

// parseBase takes ws and wss for http and https, and a bare host:port.
func parseBase(text, from string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, command.Usagef("%s=%s: want a URL such as http://127.0.0.1:6001", from, text)
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	case "http", "https":
	default:
		return nil, command.Usagef("%s=%s: want a URL that begins with http://, https://, ws:// or wss://", from, text)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// serverURL is where a client on this machine finds a server that listens on
// port. Where that speaks TLS, the certificate is for another name.
func serverURL(c *config.Config, port int) *url.URL {
	scheme := "http"
	if c.IsTLSAlone() {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(clientHost(c.Server.Host), strconv.Itoa(port)), Path: c.Server.PathPrefix}
}

// clientHost turns addresses to listen on into one to connect to.
func clientHost(host string) string {
	switch host {
	case "localhost", "0.0.0.0", "*", "":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return host
}

// Need refuses a target that lacks what the command cannot do without.
func (t Target) Need(what string, fields map[string]string) error {
	for _, flag := range []string{"app-id", "key", "secret"} {
		if v, ok := fields[flag]; ok && v == "" {
			return command.Usagef("%s needs the app's %s: no configured app has these credentials, so give --%s", what, flag, flag)
		}
	}
	return nil
}

// tell says who is to blame when nobody answers.
func (t Target) tell(err error) error {
	return fmt.Errorf("cannot reach %s: %w (is `fanfare serve` running there? --url names another server)", t.Base, err)
}
