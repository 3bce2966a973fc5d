package doctor

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// page is the one for operators. What stands in it between
// "<!-- doctor ARGUMENTS: begin -->" and "<!-- doctor: end -->" is what the command
// prints with these arguments on the machine of testdata/metal.txtar.
const page = "../../../docs/doctor.md"

var block = regexp.MustCompile(`(?s)(<!-- doctor ([^:]*): begin -->\n).*?(<!-- doctor: end -->)`)

// TestPage holds the page to what the command prints; -update writes it anew.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	want := block.ReplaceAllStringFunc(string(text), func(whole string) string {
		blocks++
		parts := block.FindStringSubmatch(whole)
		return parts[1] + "\n    $ fanfare doctor " + parts[2] + "\n" + indented(outputOf(t, parts[2])) + "\n" + parts[3]
	})
	if blocks != 3 {
		t.Errorf("%s has %d blocks of output, want 3", page, blocks)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s does not show what the command prints: go test ./cmd/fanfare/doctor -update", page)
	}
}

// outputOf is what the command prints with these arguments.
func outputOf(t *testing.T, args string) string {
	t.Helper()
	cmd := Command()
	if err := cmd.Flags.Parse(strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
	var connections int64
	for word := range strings.FieldsSeq(args) {
		switch word {
		case "100000":
			connections = 100_000
		case "1000000":
			connections = 1_000_000
		}
	}
	r := judged(t, "metal", connections)
	if !strings.Contains(args, "--fix") {
		return printed(t, r, false)
	}
	var b strings.Builder
	if err := printFiles(&b, r.files(service)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// indented is a block of code in Markdown.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}
