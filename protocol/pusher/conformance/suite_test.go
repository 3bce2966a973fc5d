package main

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStatements(t *testing.T) {
	if len(statements) != 189 {
		t.Errorf("there are %d statements, want 189", len(statements))
	}
	seen := map[string]bool{}
	for _, s := range statements {
		if !regexp.MustCompile(`^[A-Z]{3}-\d\d$`).MatchString(s.id) || s.text == "" || seen[s.id] {
			t.Errorf("statement %+v has no proper id, no text, or an id that another one has", s)
		}
		seen[s.id] = true
		if checks[s.id] == nil {
			t.Errorf("statement %s has no check", s.id)
		}
	}
	for id := range checks {
		if !seen[id] {
			t.Errorf("check %s has no statement", id)
		}
	}
}

// outcome runs one check against no server.
func outcome(t *testing.T, check func(*T)) result {
	t.Helper()
	return runCheck(t.Context(), &target{limit: checkLimit, closes: &closeLog{codes: map[int]string{}}}, "CON-01", check)
}

func TestRunCheck(t *testing.T) {
	tests := []struct {
		name   string
		check  func(*T)
		want   verdict
		detail string
	}{
		{"ends", func(*T) {}, pass, ""},
		{"notes", func(t *T) { t.note("half of it"); t.note("the other half") }, pass, "half of it; the other half"},
		{"fails", func(t *T) { t.note("lost"); t.fatalf("got %d", 7) }, fail, "got 7"},
		{"is not for this target", func(t *T) { t.notHere("not checked") }, later, "not checked"},
		{"panics", func(*T) { panic("oh") }, fail, "the check panicked: oh"},
		{"fails in a branch", func(t *T) { t.parallel(3, func(t *T, _ int) { t.fatalf("branch") }) }, fail, "branch"},
		{"leaves a broken server", func(t *T) { t.closeLater(func() { t.unclean = errors.New("status 66") }) }, fail, "status 66"},
		{"errs", func(t *T) { t.check(context.Canceled, "wait") }, fail, "cannot wait: context canceled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := outcome(t, tt.check)
			if got.verdict != tt.want || !strings.HasPrefix(got.detail, tt.detail) {
				t.Errorf("got %v, want %s %q", got, tt.want, tt.detail)
			}
		})
	}
}

func TestCleanupRunsBackwardsAlsoAfterFailure(t *testing.T) {
	var order []int
	outcome(t, func(t *T) {
		t.closeLater(func() { order = append(order, 1) })
		t.parallel(1, func(t *T, _ int) { t.closeLater(func() { order = append(order, 2) }) })
		t.fatalf("over")
	})
	if !slices.Equal(order, []int{2, 1}) {
		t.Errorf("clean-up ran in the order %v, want [2 1]", order)
	}
}

func TestReport(t *testing.T) {
	s := suite{selected: []statement{{"CON-01", "one", ""}, {"CON-02", "two", "R!"}, {"CON-05", "five", ""}}}
	var out, detail strings.Builder
	err := s.report([]result{{verdict: pass}, {fail, "got x\nwant y"}, {verdict: later}}, &out, &detail)
	if err == nil {
		t.Error("a failed statement is no error")
	}
	const want = "CON-01\tpass\tone\nCON-02\tfail\ttwo\nCON-05\tlater\tfive\n3 statements: 1 passed, 1 failed, 1 later\n"
	if out.String() != want {
		t.Errorf("printed\n%s, want\n%s", &out, want)
	}
	if got := detail.String(); got != "CON-02\tgot x\n\twant y (known gap of: R!)\n" {
		t.Errorf("the detail is %q", got)
	}
	if err := s.report([]result{{verdict: pass}, {verdict: pass}, {verdict: later}}, &out, &detail); err != nil {
		t.Errorf("no failed statement, but error %v", err)
	}
}

func TestOrder(t *testing.T) {
	s := suite{selected: statements, seed: 7}
	first := s.order()
	if !slices.Equal(first, s.order()) {
		t.Error("one seed gives two orders")
	}
	slices.Sort(first)
	s.seed = 0
	if !slices.Equal(first, s.order()) {
		t.Error("an order leaves statements out")
	}
}

func TestSelectStatements(t *testing.T) {
	got, err := selectStatements("^CON-0|SUB-22")
	if err != nil || len(got) != 10 {
		t.Errorf("got %d statements and error %v, want 10", len(got), err)
	}
	for _, bad := range []string{"nothing", "("} {
		if _, err := selectStatements(bad); err == nil {
			t.Errorf("-run %q was accepted", bad)
		}
	}
}

func TestAddrOf(t *testing.T) {
	for in, want := range map[string]string{"ws://127.0.0.1:6001": "127.0.0.1:6001", "ws://h/": "h:80", "ws://[::1]:7": "[::1]:7"} {
		if got, err := addrOf(in); err != nil || got != want {
			t.Errorf("addrOf(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{"127.0.0.1:6001", "wss://h", "ws://h/app/key", "http://h", "ws://", ":"} {
		if got, err := addrOf(bad); err == nil {
			t.Errorf("addrOf(%q) = %q, want an error", bad, got)
		}
	}
}

func TestAppsFromEnv(t *testing.T) {
	apps, err := appsFromEnv(func(name string) string { return map[string]string{"APP": "a:b:c"}[name] })
	if err != nil || apps[mainApp].Secret != "c" || apps[vectorApp] != vectorCredentials {
		t.Errorf("got %v and error %v", apps, err)
	}
	if _, err := appsFromEnv(func(string) string { return "a:b" }); err == nil || !strings.Contains(err.Error(), "APP") {
		t.Errorf("got error %v for a malformed app, want one that names the variable", err)
	}
	for role, app := range apps {
		if role != mainApp && !strings.Contains(config, `key = "`+app.Key+`"`) {
			t.Errorf("conformance.toml has no app for the role %s", role)
		}
	}
}

func TestEventuallyEnds(t *testing.T) {
	start := time.Now()
	calls := 0
	got := outcome(t, func(t *T) { t.eventually("third call", func() bool { calls++; return calls == 3 }) })
	if got.verdict != pass || time.Since(start) > checkLimit/2 {
		t.Errorf("got %v after %v", got, time.Since(start))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got = runCheck(ctx, &target{limit: checkLimit}, "CON-01", func(t *T) { t.eventually("never", func() bool { return false }) })
	if got.verdict != fail || !strings.Contains(got.detail, "never") {
		t.Errorf("got %v, want a failure that says what did not happen", got)
	}
}
