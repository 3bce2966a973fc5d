package private

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"runtime"
	"time"
)

// index is the page that says what is there.
type index struct{ cfg *Config }

const style = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Fanfare</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 }
h2 { font-size: 1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100% }
td { padding: .2rem 1.5rem .2rem 0; vertical-align: top }
td:first-child { white-space: nowrap; width: 8rem }
code { font-size: .9em }
</style>
</head>
<body>
`

// ServeHTTP implements http.Handler.
func (x *index) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	b.WriteString(style)
	x.about(&b)
	b.WriteString("<h2>Metrics</h2>\n<table>\n")
	row(&b, "metrics", "metrics", "for Prometheus")
	if x.cfg.Usage != nil {
		row(&b, "usage", "usage", "memory, as soketi tells it")
	}
	b.WriteString("</table>\n")
	x.stalls(&b)
	x.profiles(&b)
	b.WriteString("</body>\n</html>\n")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = b.WriteTo(w) // whoever asked has gone
}

func (x *index) about(b *bytes.Buffer) {
	a := x.cfg.About()
	fmt.Fprintf(b, "<h1>Fanfare</h1>\n<p>%s, with %d connections, for %v\n<br>version %s, commit %s, %s</p>\n",
		html.EscapeString(a.Phase), a.Connections, time.Since(a.Since).Round(time.Second),
		html.EscapeString(a.Version), html.EscapeString(a.Commit), runtime.Version())
}

func row(b *bytes.Buffer, path, name, what string) {
	fmt.Fprintf(b, "<tr><td><a href=\"%s\">%s</a><td>%s\n", path, name, html.EscapeString(what))
}

func (x *index) stalls(b *bytes.Buffer) {
	b.WriteString("<h2>Loops that stood still</h2>\n<table>\n")
	list := x.cfg.Flight.Stalls()
	if len(list) == 0 {
		b.WriteString("<tr><td colspan=\"2\">none since the start\n")
	}
	for _, s := range list {
		what := fmt.Sprintf("loop %d at %s, for %v by then", s.Loop, s.Time.UTC().Format(time.RFC3339), s.Since.Round(time.Millisecond))
		row(b, fmt.Sprintf("debug/stalls/%d/goroutines", s.ID), fmt.Sprintf("stacks %d", s.ID), what)
		if s.Trace != nil {
			row(b, fmt.Sprintf("debug/stalls/%d/trace", s.ID), fmt.Sprintf("trace %d", s.ID), "the seconds before, for go tool trace")
		}
	}
	if x.cfg.Flight.Recording() {
		row(b, "debug/trace/flight", "trace of now", "the last seconds, for go tool trace")
	}
	b.WriteString("</table>\n")
}

func (x *index) profiles(b *bytes.Buffer) {
	b.WriteString("<h2>Profiles</h2>\n")
	if !x.cfg.Profiles {
		b.WriteString("<p>switched off (<code>metrics.profiles</code>)</p>\n")
		return
	}
	b.WriteString("<table>\n")
	for _, k := range kinds {
		what := k.what
		if k.usual > 0 {
			what += fmt.Sprintf("; takes %d s, or ?seconds=N", k.usual)
		}
		row(b, "debug/pprof/"+k.name, k.name, what)
	}
	b.WriteString("</table>\n<p>For <code>go tool pprof http://HOST:PORT/debug/pprof/heap</code>; with a token: " +
		"<code>http://x:TOKEN@HOST:PORT/...</code></p>\n")
}
