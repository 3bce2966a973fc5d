package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config/setting"
)

// webhooksFromText reads FANFARE_APP_WEBHOOKS, or whatever else name is: URLs
// with spaces between, or the tables as JSON. Headers may be in it, so no error
// repeats the text.
func webhooksFromText(name, text string) (setting.Draft, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
		return webhooksFromJSON(name, text)
	}
	var draft setting.Draft
	for j, address := range strings.Fields(text) {
		path := fmt.Sprintf("webhooks[%d].url", j)
		draft = append(draft, setting.Value{Path: path, Text: address, Origin: name, Label: name + ": " + path})
	}
	return draft, nil
}

func webhooksFromJSON(name, text string) (setting.Draft, error) {
	var list []map[string]any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf(`%s: want URLs with spaces between, or a JSON list such as [{"url":"https://example.com/hook","events":["channel_occupied"]}]`, name)
	}
	r := &setting.Reader{Name: name}
	draft := r.Draft(map[string]any{"webhooks": list}, "", "apps", &App{})
	return draft, r.Err()
}

func (w *Webhook) record() apps.Webhook {
	return apps.Webhook{
		URL:            w.URL,
		Events:         w.Events,
		ChannelPrefix:  w.ChannelPrefix,
		ChannelSuffix:  w.ChannelSuffix,
		Headers:        w.Headers,
		PrivateTargets: w.PrivateTargets,
	}
}

// checkTargets refuses, before anything is lost, webhooks to addresses that
// the node would refuse to send to. Names are judged when they are resolved.
func (l *Loaded) checkTargets(i int) error {
	if l.Webhooks.AllowPrivate {
		return nil
	}
	var errs []error
	for j, w := range l.Apps[i].Webhooks {
		if u, err := url.Parse(w.URL); err == nil && !w.PrivateTargets && isPrivateHost(u.Hostname()) {
			errs = append(errs, fmt.Errorf("%s: app %q: webhooks[%d].url has the host %s, which is not on the public internet: "+
				"if that is meant set private_targets = true beside it, or allow_private = true in [webhooks]",
				l.origin(AppPath(i)+fmt.Sprintf("webhooks[%d].url", j)), l.Apps[i].ID, j, u.Hostname()))
		}
	}
	return errors.Join(errs...)
}

func isPrivateHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified()
}
