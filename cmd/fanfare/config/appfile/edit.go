package appfile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
)

// head begins every file.
const head = `# Apps of Fanfare, written by "fanfare app". Edit it if you like, but comments
# are not kept; the place for those is fanfare.toml.
`

// Edit changes the file of apps under a lock, after the whole configuration
// was found right with the change. What a crash leaves is the file before or the
// file after. It returns the file's name. A config.Error is the caller's fault, and
// nothing was done.
func Edit(ctx context.Context, src config.Sources, edit func(f *File) error) (name string, err error) {
	src.MayMiss = true
	files := src.Files()
	like, name := files[0], files[1]
	if filepath.Clean(like) == filepath.Clean(name) {
		return "", config.Errorf("%s is the configuration itself, which is never written: name another file with --apps-file", name)
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
	text, err := edited(src, edit)
	if err != nil {
		return "", err
	}
	if err := replaceFile(path, text, like); err != nil {
		return "", fmt.Errorf("cannot write %s: %w", name, err)
	}
	return name, nil
}

// edited makes the new text, and loads everything with it.
func edited(src config.Sources, edit func(f *File) error) (string, error) {
	before, err := config.Load(src)
	if err != nil {
		return "", err
	}
	drafts, err := config.AppsFromFile(src)
	if err != nil {
		return "", err
	}
	f := &File{drafts: drafts, before: before}
	if err := edit(f); err != nil {
		return "", err
	}
	text, err := f.text()
	if err != nil {
		return "", config.Errorf("%w", err)
	}
	src.AppsText = &text
	if _, err = config.Load(src); err != nil {
		return "", err
	}
	return text, nil
}

// text writes the file, each value in its one form.
func (f *File) text() (string, error) {
	var b strings.Builder
	b.WriteString(head)
	var errs []error
	for _, draft := range f.drafts {
		errs = append(errs, writeDraft(&b, draft))
	}
	return b.String(), errors.Join(errs...)
}

// writeDraft writes what is given, and no defaults.
func writeDraft(b *strings.Builder, draft setting.Draft) error {
	var app config.App
	given := make(map[string]bool)
	if err := app.Fill(draft, func(path, _ string) { given[path] = true }); err != nil {
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
