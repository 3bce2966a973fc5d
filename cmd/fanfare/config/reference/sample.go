package reference

import (
	"fmt"
	"strings"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/term"
)

// Sample is a configuration with the app, and all defaults as comments.
func Sample(app config.App) string {
	var b strings.Builder
	b.WriteString("# Fanfare's configuration. Lines that begin with #: name = value show defaults.\n" +
		"# A flag or a FANFARE_* variable goes before this file: see `fanfare help config`.\n")
	given := map[string]string{"id": app.ID, "key": app.Key, "secret": app.Secret}
	for _, k := range NamedKeys() {
		if k.Heading != "" {
			fmt.Fprintf(&b, "\n%s\n", commentOut(k.Heading))
		}
		comment(&b, strings.TrimSpace(k.Doc+" "+k.Allowed))
		if v, ok := given[k.Name]; ok && k.Default == "required" {
			fmt.Fprintf(&b, "%s = %s\n", k.Name, setting.Quote(v))
			continue
		}
		value, _, _ := strings.Cut(k.Default, " (")
		fmt.Fprintf(&b, "#: %s = %s\n", k.Name, value)
	}
	b.WriteString(sampleLists)
	return b.String()
}

// sampleLists are examples, not defaults: there are none.
const sampleLists = `
# Certificates besides that of tls.cert:
# [[tls.certificates]]
# cert = "/etc/letsencrypt/live/ws.example.org/fullchain.pem"
# key = "/etc/letsencrypt/live/ws.example.org/privkey.pem"

# What becomes of messages for clients that read too slowly may differ by channel:
# [[apps.slow]]
# channels = "market-*"
# policy = "conflate"

# Addresses that are told what happens on the app's channels:
# [[apps.webhooks]]
# url = "https://example.com/pusher/webhook"
# events = ["channel_occupied", "channel_vacated"]
`

// commentOut leaves [apps.limit] a comment: as an empty table it would say
// nothing, and its place must stay below [[apps]].
func commentOut(heading string) string {
	if heading == "[apps.limit]" {
		return "#: " + heading
	}
	return heading
}

func comment(b *strings.Builder, text string) {
	var lines strings.Builder
	term.Wrap(&lines, "# ", text)
	b.WriteString(lines.String())
}
