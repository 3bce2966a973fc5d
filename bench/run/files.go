//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"fanfare/bench/results"
)

// checkFiles finds out before 20 minutes are spent, not after.
func (o *options) checkFiles() error {
	if o.readme != "" {
		if err := results.Check(o.readme); err != nil {
			return err
		}
	}
	if o.out == "" {
		return nil
	}
	if !strings.HasSuffix(o.out, ".md") {
		return fmt.Errorf("-out %q: name a file that ends with .md", o.out)
	}
	folder := filepath.Dir(o.out)
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // everybody may read it
		return err
	}
	if err := unix.Access(folder, unix.W_OK); err != nil {
		return fmt.Errorf("cannot write to -out %s: %w", o.out, err)
	}
	return nil
}

// drawing draws pictures in files that begin with a name.
type drawing func(name string) ([]results.Picture, error)

// write writes the files. A set that was stopped has none: it would look like
// a whole one.
func (o *options) write(ctx context.Context, r *results.Results, draw drawing, stderr io.Writer) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.out != "" {
		if err := o.writePage(r, draw); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(stderr, "written:", o.out); err != nil {
			return err
		}
	}
	if o.readme != "" {
		return r.Mend(o.readme)
	}
	return nil
}

func (o *options) writePage(r *results.Results, draw drawing) error {
	pictures, err := draw(strings.TrimSuffix(o.out, ".md"))
	if err != nil {
		return err
	}
	r.Pictures = pictures
	if err := r.Write(strings.TrimSuffix(o.out, ".md") + ".json"); err != nil {
		return err
	}
	return os.WriteFile(o.out, []byte(r.Page()), 0o644) //nolint:gosec // everybody may read it
}

// renderAgain writes a page and the README's table in today's words.
func (o *options) renderAgain() error {
	r, err := results.Read(o.render)
	if err != nil {
		return err
	}
	page := strings.TrimSuffix(o.render, ".json") + ".md"
	if err := os.WriteFile(page, []byte(r.Page()), 0o644); err != nil { //nolint:gosec // everybody may read it
		return err
	}
	if o.readme == "" {
		o.readme = "README.md"
	}
	return r.Mend(o.readme)
}
