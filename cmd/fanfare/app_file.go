package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const appsFileHead = `# Apps of Fanfare, written by "fanfare app". Edit it if you like, but comments
# are not kept; the place for those is fanfare.toml.
`

// appsFile is the file of apps while it is edited.
type appsFile struct {
	name   string
	drafts [][]assignment
	others *loaded // all apps, as they were before
}

// editApps changes the file of apps under a lock, after the whole configuration
// was found right with the change. What a crash leaves is the file before or the
// file after. It returns the file's name.
func editApps(ctx context.Context, src sources, edit func(f *appsFile) error) (name string, err error) {
	name, _ = src.appsFileName()
	if file, _ := src.fileName(); filepath.Clean(file) == filepath.Clean(name) {
		return "", usagef("%s is the configuration itself, which is never written: name another file with --apps-file", name)
	}
	path, err := followLinks(name)
	if err != nil {
		return "", fmt.Errorf("cannot write %s: %w", name, err)
	}
	unlock, err := lockFile(ctx, path)
	if err != nil {
		return "", fmt.Errorf("cannot write %s: %w", name, err)
	}
	defer unlock()
	text, err := edited(src.lenient(), name, edit)
	if err != nil {
		return "", err
	}
	file, _ := src.fileName()
	if err := replaceFile(path, text, file); err != nil {
		return "", fmt.Errorf("cannot write %s: %w", name, err)
	}
	return name, nil
}

// edited makes the new text, and loads everything with it.
func edited(src sources, name string, edit func(f *appsFile) error) (string, error) {
	before, err := load(src)
	if err != nil {
		return "", usageError{err}
	}
	own, err := readAppsFile(src)
	if err != nil {
		return "", usageError{err}
	}
	f := &appsFile{name: name, drafts: own.apps, others: before}
	if err := edit(f); err != nil {
		return "", err
	}
	text, err := f.text()
	if err != nil {
		return "", usageError{err}
	}
	after, err := parseAppsFile(name, text)
	if err != nil {
		return "", usageError{err}
	}
	src.edited = &after
	if _, err = load(src); err != nil {
		return "", usageError{err}
	}
	return text, nil
}

// find gives the index of the app with that id.
func (f *appsFile) find(id string) (int, error) {
	i := slices.IndexFunc(f.drafts, func(d []assignment) bool { return valueOf(d, "id") == id })
	if i >= 0 {
		return i, nil
	}
	if at := slices.Index(f.others.ids(), id); at >= 0 {
		return 0, usagef("app %q is from %s, which is never written by `fanfare app`: change it there", id, f.others.fromOf(at))
	}
	return 0, unknownApp(id, f.others.ids())
}

// text writes the file, each value in its one form.
func (f *appsFile) text() (string, error) {
	var b strings.Builder
	b.WriteString(appsFileHead)
	var errs []error
	for _, draft := range f.drafts {
		errs = append(errs, writeDraft(&b, draft))
	}
	return b.String(), errors.Join(errs...)
}

// writeDraft writes what is given, and no defaults.
func writeDraft(b *strings.Builder, draft []assignment) error {
	var app App
	given := make(map[string]bool)
	if err := app.fill(draft, func(path, _ string) { given[path] = true }); err != nil {
		return err
	}
	write := func(header, at string, settings []setting) {
		b.WriteString("\n" + header + "\n")
		for _, s := range settings {
			if given[at+s.path] {
				b.WriteString(s.path + " = " + s.toml() + "\n")
			}
		}
	}
	write("[[apps]]", "", settingsOf(&app))
	for _, t := range tablesOf(&app) {
		for j := range t.field.Len() {
			write(t.header(), t.path(j), t.settings(j))
		}
	}
	return nil
}

// lenient are sources whose file of apps need not be there, although it was
// named.
func (src sources) lenient() sources {
	src.mayMiss = true
	return src
}

// followLinks gives the file that a name stands for, so that a symbolic link is
// not replaced by what it leads to. A file that is not there stands for itself.
func followLinks(name string) (string, error) {
	path, err := filepath.EvalSymlinks(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(name))
	return filepath.Join(folder, filepath.Base(name)), err
}

// replaceFile writes a file such that every reader sees all of the old text or
// all of the new, also after a loss of power. Owner and mode stay; those of a
// new file are like the configuration's, for the same server reads both, but
// never open to everybody.
func replaceFile(path, text, like string) error {
	info, err := os.Stat(path)
	mode := fs.FileMode(0o600)
	if err == nil {
		mode = info.Mode().Perm()
	} else if info, err = os.Stat(like); err == nil {
		mode = info.Mode().Perm() & 0o660
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), ownLike(f, info), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}
