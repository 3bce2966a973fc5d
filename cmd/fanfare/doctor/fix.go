package doctor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"fanfare/cmd/fanfare/doctor/machine"
	"fanfare/cmd/fanfare/term"
)

// file is one of those that --fix writes.
type file struct{ path, text string }

// files are what makes the machine fit, in the order in which they matter. They
// hold every setting that the number depends on, never less than what is set now:
// so they are the same when they are in force already.
func (r *Report) files(unit string) []file {
	list := []file{r.sysctlFile(), r.limitsFile(), r.unitFile(unit)}
	if tracks(r.Machine) {
		list = append(list, file{"etc/modules-load.d/90-fanfare.conf", r.comment("loaded before its settings are made, which would be lost otherwise") + "nf_conntrack\n"})
	}
	return list
}

// comment is the head of a file.
func (r *Report) comment(what string) string {
	return hashed(fmt.Sprintf("Made by `fanfare doctor --connections %d --fix`: %s.", r.Need.Connections, what))
}

// hashed makes a comment of text, in lines of 80 columns.
func hashed(text string) string {
	var b strings.Builder
	term.Wrap(&b, "# ", text)
	return b.String()
}

func (r *Report) sysctlFile() file {
	var b strings.Builder
	b.WriteString(r.comment("`sysctl --system` applies it"))
	for _, f := range r.Findings {
		for _, s := range f.set {
			mark := ""
			if s.may {
				mark = "-" // no error where it is absent
			}
			fmt.Fprintf(&b, "\n%s%s%s = %s\n", hashed(s.why), mark, s.key, s.value)
		}
	}
	return file{"etc/sysctl.d/90-fanfare.conf", b.String()}
}

// openFiles is the limit of descriptors to set.
func (r *Report) openFiles() int64 {
	want := rounded(r.Need.descriptors())
	if is := r.Machine.Process.Open; is.OK() && is.Value.Hard < machine.NoLimit {
		want = max(want, is.Value.Hard)
	}
	return want
}

func (r *Report) limitsFile() file {
	var b strings.Builder
	b.WriteString(r.comment("descriptors for a server that is started from a shell; it takes effect at the next login"))
	b.WriteString(hashed("More than fs.nr_open would let nobody log in: sysctl.d/90-fanfare.conf comes first."))
	b.WriteByte('\n')
	for _, domain := range []string{"*", "root"} { // * is everybody but root
		fmt.Fprintf(&b, "%-5s - nofile %d\n", domain, r.openFiles())
	}
	return file{"etc/security/limits.d/90-fanfare.conf", b.String()}
}

func (r *Report) unitFile(unit string) file {
	var b strings.Builder
	b.WriteString(r.comment("descriptors for the service, which does not read limits.d; `systemctl daemon-reload`, then restart it"))
	fmt.Fprintf(&b, "\n[Service]\nLimitNOFILE=%d\n", r.openFiles())
	for _, f := range r.Findings {
		if f.Check == checkTasks && f.Verdict.fails() {
			fmt.Fprintf(&b, "%sTasksMax=%s\n", hashed("Threads: when there are no more, the process ends."), strconv.FormatInt(2*r.Need.Loops+sparedTasks, 10))
		}
	}
	return file{"etc/systemd/system/" + unit + ".d/90-limits.conf", b.String()}
}

// printFiles writes all files one after the other, each below a line that names it.
func printFiles(w io.Writer, list []file) error {
	for i, f := range list {
		gap := "\n"
		if i == 0 {
			gap = ""
		}
		if _, err := fmt.Fprintf(w, "%s##### /%s\n%s", gap, f.path, f.text); err != nil {
			return err
		}
	}
	return nil
}

// writeFiles writes them below a folder that stands for the root, and tells so.
func writeFiles(w io.Writer, root string, list []file) error {
	for _, f := range list {
		path := filepath.Join(root, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("cannot write the files of --fix: %w", err)
		}
		if err := os.WriteFile(path, []byte(f.text), 0o644); err != nil {
			return fmt.Errorf("cannot write the files of --fix: %w", err)
		}
		if _, err := fmt.Fprintln(w, "wrote", path); err != nil {
			return err
		}
	}
	return nil
}

// fixFlag is --fix, and --fix=DIR.
type fixFlag struct {
	given bool
	root  string // empty prints
}

func (f *fixFlag) set(text string) error {
	f.given = true
	switch text {
	case "true":
		return nil
	case "false":
		f.given = false
		return nil
	case "":
		return errors.New("--fix= names no folder: --fix prints the files, --fix=/ writes them in place")
	}
	f.root = text
	return nil
}
