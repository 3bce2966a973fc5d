package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/command"
	"fanfare/protocol/pusher/auth"
)

// fakeAPI checks signatures as the server does, and keeps what was asked.
type fakeAPI struct {
	path, body string
	status     int
	answer     string
	signature  error
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.path, f.body = r.URL.Path, string(body)
	params, err := auth.AppendQuery(nil, r.URL.RawQuery)
	if err == nil {
		signed := strings.TrimPrefix(r.URL.Path, "/rt")
		err = auth.NewSigner("app-key", "app-secret").CheckRequest(&auth.Request{Method: r.Method, Paths: []string{signed}, Params: params, Body: body}, time.Now())
	}
	f.signature = err
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, f.answer)
}

// runCLI runs one command line in this process.
func runCLI(t *testing.T, env []string, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := command.Process{Commands: []*command.Command{PublishCommand(), TailCommand()}, Program: "fanfare", Env: env, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs}
	code = c.Run(t.Context(), args)
	return code, out.String(), errs.String()
}

func startAPI(t *testing.T, status int, answer string) (*fakeAPI, string) {
	t.Helper()
	f := &fakeAPI{status: status, answer: answer}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, srv.URL
}

func TestPublish(t *testing.T) {
	tests := []struct {
		name   string
		stdin  string
		args   []string
		path   string
		body   string
		answer string
		stdout string
	}{
		{
			name: "plain", args: []string{"my-channel", "my-event", `{"hello":"world"}`},
			path: "/apps/app-id/events", body: `{"name":"my-event","channel":"my-channel","data":"{\"hello\":\"world\"}"}`,
			answer: `{}`, stdout: "published my-event on my-channel\n",
		},
		{
			name: "standard input, and flags before and after", stdin: "line 1\nline 2\n",
			args: []string{"--socket-id", "1.2", "my-channel", "my-event", "-", "--info=user_count,subscription_count"},
			path: "/apps/app-id/events", body: `{"name":"my-event","channel":"my-channel","data":"line 1\nline 2","socket_id":"1.2","info":"user_count,subscription_count"}`,
			answer: `{"channels":{"my-channel":{"subscription_count":1}}}`, stdout: `{"channels":{"my-channel":{"subscription_count":1}}}` + "\n",
		},
		{
			name: "data that looks like a flag", args: []string{"--", "my-channel", "my-event", "--5"},
			path: "/apps/app-id/events", body: `{"name":"my-event","channel":"my-channel","data":"--5"}`,
			answer: `{}`, stdout: "published my-event on my-channel\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api, url := startAPI(t, 200, tt.answer)
			code, stdout, stderr := runCLI(t, []string{"FANFARE_URL=" + url}, tt.stdin, append([]string{"publish"}, tt.args...)...)
			if code != command.ExitOK || stderr != "" || api.signature != nil {
				t.Fatalf("exit code %d, signature: %v, stderr:\n%s", code, api.signature, stderr)
			}
			if diff := cmp.Diff([]string{tt.path, tt.body, tt.stdout}, []string{api.path, api.body, stdout}); diff != "" {
				t.Errorf("path, body, output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPublishBehindAPathPrefix(t *testing.T) {
	api, url := startAPI(t, 200, `{}`)
	code, _, stderr := runCLI(t, nil, "", "publish", "c", "e", "d", "--url", url+"/rt/")
	if code != command.ExitOK || api.path != "/rt/apps/app-id/events" || api.signature != nil {
		t.Errorf("exit code %d, path %s, signature: %v, stderr: %s", code, api.path, api.signature, stderr)
	}
}

func TestPublishTellsARefusal(t *testing.T) {
	_, url := startAPI(t, 413, "event data is too large\x1b[31m\n")
	code, stdout, stderr := runCLI(t, nil, "", "publish", "c", "e", "d", "--url", url)
	want := "fanfare: the server refused with 413 Request Entity Too Large: event data is too large\\u001b[31m\n"
	if code != command.ExitFail || stdout != "" || stderr != want {
		t.Errorf("exit code %d, stdout %q, stderr %q; want 1 and %q", code, stdout, stderr, want)
	}
}

func TestPublishNeedsCredentials(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		code, _, stderr := runCLI(t, nil, "", append([]string{"publish", "c", "e", "d"}, args...)...)
		if code != command.ExitUsage || !strings.Contains(stderr, want) {
			t.Errorf("publish %v: exit code %d, %q; want 2 and %q", args, code, stderr, want)
		}
	}
	f("needs the app's key", "--app-id", "7")
	f("needs the app's secret", "--app-id", "7", "--key", "k")
	f("needs the app's app-id", "--key", "k", "--secret", "s")
}

func TestPublishEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then net/http does not notice that the client is gone
		close(asked)
		<-r.Context().Done()
	}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	c := command.Process{Commands: []*command.Command{PublishCommand(), TailCommand()}, Stdout: io.Discard, Stderr: io.Discard}
	if code := c.Run(ctx, []string{"publish", "c", "e", "d", "--url", srv.URL}); code != command.ExitFail {
		t.Errorf("exit code %d, want 1", code)
	}
}

func TestTarget(t *testing.T) {
	f := func(env []string, flags TargetFlags, want string) {
		t.Helper()
		to, err := flags.Resolve(env)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join([]string{to.Base.String(), to.AppID, to.Key, to.Secret}, " ")
		}
		if got != want {
			t.Errorf("target of %v, %+v:\n got %s\nwant %s", env, flags, got, want)
		}
	}
	two := "../config/testdata/full.good.toml" // apps 1 and 2, port 443, /rt
	f(nil, TargetFlags{}, "http://127.0.0.1:6001 app-id app-key app-secret")
	f([]string{"FANFARE_PORT=7000"}, TargetFlags{}, "http://127.0.0.1:7000 app-id app-key app-secret")
	f([]string{"FANFARE_HOST=::1"}, TargetFlags{}, "http://[::1]:6001 app-id app-key app-secret")
	f([]string{"FANFARE_PORT=0"}, TargetFlags{}, "server.port is 0, so the server takes any free port: name the server with --url")
	f(nil, TargetFlags{config: two}, "http://127.0.0.1:443/rt 1 one s1")
	f([]string{"FANFARE_CONFIG=" + two}, TargetFlags{AppID: "2"}, "http://127.0.0.1:443/rt 2 two s2")
	f(nil, TargetFlags{config: two, Key: "two"}, "http://127.0.0.1:443/rt 2 two s2")
	f(nil, TargetFlags{config: two, Secret: "other"}, "http://127.0.0.1:443/rt 1 one other")
	f(nil, TargetFlags{config: two, Key: "unknown"}, "http://127.0.0.1:443/rt  unknown ")
	f(nil, TargetFlags{URL: "wss://ws.example.com/rt/"}, "https://ws.example.com/rt app-id app-key app-secret")
	f([]string{"FANFARE_URL=ws://a:1"}, TargetFlags{}, "http://a:1 app-id app-key app-secret")
	f([]string{"FANFARE_URL=ws://a:1"}, TargetFlags{URL: "b:2"}, "http://b:2 app-id app-key app-secret")
	f([]string{"FANFARE_URL=ftp://a"}, TargetFlags{}, "FANFARE_URL=ftp://a: want a URL that begins with http://, https://, ws:// or wss://")
	f(nil, TargetFlags{URL: "http://"}, "--url=http://: want a URL such as http://127.0.0.1:6001")
}
