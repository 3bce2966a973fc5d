package bench

import (
	"strings"

	"fanfare/bench/loadgen"
	"fanfare/bench/report"
	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
)

// benchTarget is the server to load, and what the report says of it.
type benchTarget struct {
	*loadgen.Target

	told report.Target
}

// loadTarget is the server of the flags, else that of the configuration.
func (b *benching) loadTarget(env []string) (benchTarget, error) {
	if err := b.splitURL(); err != nil {
		return benchTarget{}, err
	}
	to, err := b.Resolve(env)
	if err != nil {
		return benchTarget{}, err
	}
	if b.bare {
		return bareTarget(to)
	}
	if err := to.Need("bench", map[string]string{"app-id": to.AppID, "key": to.Key, "secret": to.Secret}); err != nil {
		return benchTarget{}, err
	}
	url := "ws" + strings.TrimPrefix(to.Base.Scheme, "http") + "://" + to.Base.Host + to.Base.EscapedPath() + "/app/" + to.Key
	t, err := loadgen.NewTarget(url, to.AppID, to.Secret)
	if err != nil {
		return benchTarget{}, command.Usagef("%w", err)
	}
	if t.TLS != nil {
		t.TLS.InsecureSkipVerify = b.insecure || to.Own
	}
	return benchTarget{t, report.Target{URL: url, AppID: to.AppID}}, nil
}

// bareTarget is the program in bench/limit.
func bareTarget(to client.Target) (benchTarget, error) {
	addr, err := loadgen.Resolve(to.Base.Host)
	if err != nil {
		return benchTarget{}, command.Usagef("--url: %w", err)
	}
	return benchTarget{loadgen.NewBareTarget(addr), report.Target{URL: "ws://" + addr.String() + "/", Bare: true}}, nil
}

// splitURL takes the key from a URL that ends with /app/KEY, as clients have
// it.
func (b *benching) splitURL() error {
	base, key, found := strings.Cut(b.URL, "/app/")
	if !found {
		return nil
	}
	key, _, _ = strings.Cut(strings.TrimRight(key, "/"), "?")
	if b.Key != "" && key != "" && b.Key != key {
		return command.Usagef("--url=%s and --key=%s name two apps: leave one away", b.URL, b.Key)
	}
	b.URL = base
	if key != "" {
		b.Key = key
	}
	return nil
}
