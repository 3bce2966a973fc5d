//go:build e2e

package image

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// image is what the last stage of a Dockerfile says.
type image struct {
	t    *testing.T
	root string // folder of the image's files
	out  string // /out of the build stage

	env                     []string
	user, folder            string
	entrypoint, cmd, health []string
}

// build carries a Dockerfile out. Of the first stage only what fills /out is done, in the repository instead of a copy.
func build(t *testing.T, file string) *image {
	t.Helper()
	img := &image{t: t, root: t.TempDir(), out: t.TempDir()}
	if err := os.Chmod(img.root, 0o755); err != nil {
		t.Fatal(err)
	}
	stages := strings.Split(strings.Join(lines(t, file), "\n"), "\nFROM scratch\n")
	if len(stages) != 2 {
		t.Fatalf("%s has %d stages", file, len(stages))
	}
	for line := range strings.Lines(stages[0]) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "RUN "); ok && strings.Contains(command, "/out/") {
			img.shell(strings.ReplaceAll(command, "/out/", img.out+"/"))
		}
	}
	for line := range strings.Lines(stages[1]) {
		img.carryOut(strings.TrimSpace(line))
	}
	return img
}

// lines are the instructions of a Dockerfile, each on a line of its own.
func lines(t *testing.T, file string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}

func (img *image) shell(command string) {
	img.t.Helper()
	cmd := exec.Command("sh", "-euc", command)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "VERSION=v1.2.3")
	if out, err := cmd.CombinedOutput(); err != nil {
		img.t.Fatalf("%s\n%s%v", command, out, err)
	}
}

// carryOut does one instruction of the last stage.
func (img *image) carryOut(line string) {
	img.t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "COPY":
		img.copy(strings.Fields(rest))
	case "USER":
		img.user = rest
	case "WORKDIR":
		img.folder = rest
		img.check(os.MkdirAll(filepath.Join(img.root, rest), 0o755))
	case "ENV":
		img.env = append(img.env, strings.Fields(rest)...)
	case "ENTRYPOINT":
		img.check(json.Unmarshal([]byte(rest), &img.entrypoint))
	case "CMD":
		img.check(json.Unmarshal([]byte(rest), &img.cmd))
	case "HEALTHCHECK":
		_, list, _ := strings.Cut(rest, "CMD ")
		img.check(json.Unmarshal([]byte(list), &img.health))
	case "STOPSIGNAL":
		if rest != "SIGTERM" {
			img.t.Errorf("it is stopped by %s", rest)
		}
	case "EXPOSE", "LABEL":
	default:
		img.t.Fatalf("what does %q do?", line)
	}
}

// copy takes a file or an empty folder from the build stage.
func (img *image) copy(args []string) {
	img.t.Helper()
	if args[0] != "--from=build" {
		img.t.Fatalf("COPY %q is not from the build stage", args)
	}
	args, owner := args[1:], "0:0"
	if chown, ok := strings.CutPrefix(args[0], "--chown="); ok {
		args, owner = args[1:], chown
	}
	from, to := args[0], filepath.Join(img.root, args[1])
	if rest, ok := strings.CutPrefix(from, "/out/"); ok {
		from = filepath.Join(img.out, rest)
	}
	img.check(os.MkdirAll(filepath.Dir(to), 0o755))
	img.shell(fmt.Sprintf("cp -a %s %s && chown %s %[2]s", from, to, owner))
}

func (img *image) check(err error) {
	img.t.Helper()
	if err != nil {
		img.t.Fatal(err)
	}
}

// files lists what is in the image, with owner and mode.
func (img *image) files() (list []string) {
	img.t.Helper()
	out, err := exec.Command("find", img.root, "-mindepth", "1", "-printf", "%M %U:%G /%P\n").Output()
	img.check(err)
	list = strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(a[strings.Index(a, "/"):], b[strings.Index(b, "/"):]) })
	return list
}

// ids are the numbers of USER.
func (img *image) ids() (uid, gid int) {
	img.t.Helper()
	u, g, _ := strings.Cut(img.user, ":")
	uid, err := strconv.Atoi(u)
	img.check(err)
	gid, err = strconv.Atoi(g)
	img.check(err)
	return uid, gid
}
