package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fanfare/cmd/fanfare/config/setting"
)

const appsFileHead = `# Apps of Fanfare, written by "fanfare app". Edit it if you like, but comments
# are not kept; the place for those is fanfare.toml.
`

// AppsFile is the file of apps while it is edited.
type AppsFile struct {
	name   string
	drafts []setting.Draft
	others *Loaded // all apps, as they were before
}

// Edit changes the file of apps under a lock, after the whole configuration
// was found right with the change. What a crash leaves is the file before or the
// file after. It returns the file's name.
func Edit(ctx context.Context, src Sources, edit func(f *AppsFile) error) (name string, err error) {
	src.MayMiss = true
	name, _ = src.appsFileName()
	if file, _ := src.fileName(); filepath.Clean(file) == filepath.Clean(name) {
		return "", Errorf("%s is the configuration itself, which is never written: name another file with --apps-file", name)
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
	text, err := edited(src, name, edit)
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
func edited(src Sources, name string, edit func(f *AppsFile) error) (string, error) {
	before, err := Load(src)
	if err != nil {
		return "", err
	}
	own, err := readAppsFile(src)
	if err != nil {
		return "", Error{err}
	}
	f := &AppsFile{name: name, drafts: own.apps, others: before}
	if err := edit(f); err != nil {
		return "", err
	}
	text, err := f.text()
	if err != nil {
		return "", Error{err}
	}
	after, err := parseAppsFile(name, text)
	if err != nil {
		return "", Error{err}
	}
	src.edited = &after
	if _, err = Load(src); err != nil {
		return "", err
	}
	return text, nil
}

// text writes the file, each value in its one form.
func (f *AppsFile) text() (string, error) {
	var b strings.Builder
	b.WriteString(appsFileHead)
	var errs []error
	for _, draft := range f.drafts {
		errs = append(errs, writeDraft(&b, draft))
	}
	return b.String(), errors.Join(errs...)
}

// writeDraft writes what is given, and no defaults.
func writeDraft(b *strings.Builder, draft setting.Draft) error {
	var app App
	given := make(map[string]bool)
	if err := app.fill(draft, func(path, _ string) { given[path] = true }); err != nil {
		return err
	}
	for _, section := range setting.Sections("apps", &app) {
		b.WriteString("\n" + section.Header() + "\n")
		for _, s := range section.Settings {
			if given[section.At+s.Path] {
				b.WriteString(s.Path + " = " + s.TOML() + "\n")
			}
		}
	}
	return nil
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
