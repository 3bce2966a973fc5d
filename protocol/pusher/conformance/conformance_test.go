//go:build e2e

package main

import (
	"cmp"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestConformance runs the suite with one subtest for each statement that has
// a check, e.g. -run TestConformance/CON-01. It needs what `make conformance`
// needs: Node and the npm modules of the end-to-end tests. URL drives another
// server, LOOPS=1 ours with one event loop.
func TestConformance(t *testing.T) {
	url, binary := os.Getenv("URL"), filepath.Join(t.TempDir(), "fanfare")
	if url == "" {
		build := exec.Command("go", "build", "-race", "-o", binary, "fanfare/cmd/fanfare")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("cannot build the server: %v\n%s", err, out)
		}
	}
	loops, err := strconv.Atoi(cmp.Or(os.Getenv("LOOPS"), "0"))
	if err != nil {
		t.Fatalf("LOOPS is not a number of event loops: %v", err)
	}
	tg, stop, err := openTarget(t.Context(), url, binary, loops)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	selected, err := selectStatements(wanted())
	if err != nil {
		t.Fatal(err)
	}
	s := suite{target: tg, selected: selected, parallel: 16}
	for i, r := range s.run(t.Context()) {
		judge(t, selected[i], r)
	}
}

// wanted is the part of -run that picks subtests. The statements run together
// and before their subtests, most of them waiting for the network, so that the
// number of cores does not set the pace.
func wanted() string {
	_, subtests, _ := strings.Cut(flag.Lookup("test.run").Value.String(), "/")
	return subtests
}

func judge(t *testing.T, s statement, r result) {
	if r.verdict == later {
		t.Logf("%s comes later: %s %s", s.id, s.text, r.detail)
		return
	}
	t.Run(s.id, func(t *testing.T) {
		if r.verdict == fail {
			t.Errorf("%s\n%s", s.text, withGaps(r, s))
		} else if r.detail != "" {
			t.Log(r.detail)
		}
	})
}
