package reference

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the README's tables of settings instead of comparing them")

// TestREADME holds the README's tables of settings to config.go. They stand
// between two comments; -update writes them.
func TestREADME(t *testing.T) {
	const file, from, to = "../../../../README.md", "<!-- config table: begin (generated: go test ./cmd/fanfare/config/reference -update) -->\n", "<!-- config table: end -->"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(data), from)
	got, tail, ok2 := strings.Cut(rest, to)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no %q ... %q", file, from, to)
	}
	want := configTables()
	if *update {
		if err := os.WriteFile(file, []byte(head+from+want+to+tail), 0o644); err != nil { //nolint:gosec // a public file
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README.md is behind (go test ./cmd/fanfare/config/reference -update mends it; -want +got):\n%s", diff)
	}
}

// configTables is the README's tables of settings, as Markdown.
func configTables() string {
	var b strings.Builder
	for _, k := range Keys() {
		if k.Heading != "" {
			fmt.Fprintf(&b, "\n**`%s`** %s\n\n| Key | Default | Effect | Other names |\n|---|---|---|---|\n", k.Heading, markdown(k.Intro))
		}
		var names string
		for _, name := range k.OtherNames() {
			names += "`" + name + "` "
		}
		effect := strings.TrimSpace(k.Doc + " " + k.Allowed)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, codeUnlessWord(k.Default), markdown(effect), strings.TrimSpace(names))
	}
	return strings.TrimPrefix(b.String(), "\n")
}

func codeUnlessWord(def string) string {
	if def == "required" {
		return def
	}
	value, hosted, ok := strings.Cut(def, " (")
	if !ok {
		return "`" + value + "`"
	}
	return "`" + value + "` (" + hosted
}

// markdown escapes what Markdown would take for emphasis or a column.
func markdown(text string) string {
	return strings.NewReplacer("*", `\*`, "|", `\|`, "_", `\_`).Replace(text)
}
