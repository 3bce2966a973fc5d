package main

import (
	"strings"

	"fanfare/bench/loadgen"
	"fanfare/bench/report"
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
	to, err := b.resolve(env)
	if err != nil {
		return benchTarget{}, err
	}
	if to.base.Scheme == "https" {
		return benchTarget{}, usagef("%s: bench speaks ws:// and http:// only, or it would measure TLS; name the server behind it with --url", to.base)
	}
	if b.bare {
		return bareTarget(to)
	}
	if err := to.need("bench", map[string]string{"app-id": to.appID, "key": to.key, "secret": to.secret}); err != nil {
		return benchTarget{}, err
	}
	url := "ws://" + to.base.Host + to.base.EscapedPath() + "/app/" + to.key
	t, err := loadgen.NewTarget(url, to.appID, to.secret)
	if err != nil {
		return benchTarget{}, usageError{err}
	}
	return benchTarget{t, report.Target{URL: url, AppID: to.appID}}, nil
}

// bareTarget is the program in bench/limit.
func bareTarget(to target) (benchTarget, error) {
	addr, err := loadgen.Resolve(to.base.Host)
	if err != nil {
		return benchTarget{}, usagef("--url: %w", err)
	}
	return benchTarget{loadgen.NewBareTarget(addr), report.Target{URL: "ws://" + addr.String() + "/", Bare: true}}, nil
}

// splitURL takes the key from a URL that ends with /app/KEY, as clients have
// it.
func (b *benching) splitURL() error {
	base, key, found := strings.Cut(b.url, "/app/")
	if !found {
		return nil
	}
	key, _, _ = strings.Cut(strings.TrimRight(key, "/"), "?")
	if b.key != "" && key != "" && b.key != key {
		return usagef("--url=%s and --key=%s name two apps: leave one away", b.url, b.key)
	}
	b.url = base
	if key != "" {
		b.key = key
	}
	return nil
}
