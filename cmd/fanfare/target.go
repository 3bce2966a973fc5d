package main

import (
	"flag"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fanfare/cmd/fanfare/config"
)

// target is the server and the app that a client command speaks to.
type target struct {
	base               *url.URL // http or https, with the path prefix, no slash at its end
	appID, key, secret string
}

// targetFlags are the flags by which publish and tail find their target. What
// they leave open comes from the configuration that serve would use.
type targetFlags struct {
	config, apps, url, appID, key, secret string
}

var targetGroup = flagGroup{"Server and app", []string{"url", "app-id", "key", "secret", "config", "apps-file"}}

func (t *targetFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&t.url, "url", "", "`URL` of the server, such as https://ws.example.com "+
		"(default: FANFARE_URL, else where the configuration makes serve listen)")
	fs.StringVar(&t.appID, "app-id", "", "`ID` of the app (default: the first of the configuration)")
	fs.StringVar(&t.key, "key", "", "`KEY` of the app (default: the configuration's)")
	fs.StringVar(&t.secret, "secret", "", "`SECRET` of the app (default: the configuration's; others on this machine can see "+
		"what is given here, FANFARE_APP_SECRET they cannot)")
	fs.StringVar(&t.config, "config", "", config.FileFlagDoc)
	fs.StringVar(&t.apps, "apps-file", "", config.AppsFlagDoc)
}

func (t *targetFlags) resolve(env []string) (target, error) {
	l, err := config.Load(config.Sources{Env: env, File: t.config, Apps: t.apps})
	if err != nil {
		return target{}, err
	}
	out := t.chooseApp(l.Apps)
	out.base, err = t.baseURL(env, &l.Config)
	return out, err
}

// chooseApp takes the configured app that the flags name, and lets them
// override its credentials.
func (t *targetFlags) chooseApp(list []config.App) target {
	i := slices.IndexFunc(list, func(a config.App) bool {
		return (t.appID == "" || t.appID == a.ID) && (t.key == "" || t.key == a.Key)
	})
	out := target{appID: t.appID, key: t.key, secret: t.secret}
	if i < 0 {
		return out
	}
	app := list[i]
	out.appID, out.key = app.ID, app.Key
	if out.secret == "" {
		out.secret = app.Secret
	}
	return out
}

func (t *targetFlags) baseURL(env []string, cfg *config.Config) (*url.URL, error) {
	text, from := t.url, "--url"
	if text == "" {
		text, from = config.LookupEnv(env, config.EnvURL), config.EnvURL
	}
	if text != "" {
		return parseBase(text, from)
	}
	if cfg.Server.Port == 0 {
		return nil, usagef("server.port is 0, so the server takes any free port: name the server with --url")
	}
	return clientURL(&cfg.Server, cfg.Server.Port), nil
}

// parseBase takes ws and wss for http and https, and a bare host:port.
func parseBase(text, from string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, usagef("%s=%s: want a URL such as http://127.0.0.1:6001", from, text)
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	case "http", "https":
	default:
		return nil, usagef("%s=%s: want a URL that begins with http://, https://, ws:// or wss://", from, text)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// clientURL is where a client on this machine finds a server that listens on
// port.
func clientURL(s *config.Server, port int) *url.URL {
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(clientHost(s.Host), strconv.Itoa(port)), Path: s.PathPrefix}
}

// clientHost turns addresses to listen on into one to connect to.
func clientHost(host string) string {
	switch host {
	case "localhost", "0.0.0.0", "":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return host
}

// need refuses a target that lacks what the command cannot do without.
func (t target) need(what string, fields map[string]string) error {
	for _, flag := range []string{"app-id", "key", "secret"} {
		if v, ok := fields[flag]; ok && v == "" {
			return usagef("%s needs the app's %s: no configured app has these credentials, so give --%s", what, flag, flag)
		}
	}
	return nil
}

// tell says who is to blame when nobody answers.
func (t target) tell(err error) error {
	return fmt.Errorf("cannot reach %s: %w (is `fanfare serve` running there? --url names another server)", t.base, err)
}
