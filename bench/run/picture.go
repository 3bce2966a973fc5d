//go:build linux

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"fanfare/bench/report"
	"fanfare/bench/results"
	"fanfare/bench/scenario"
)

// draw draws a picture of each measurement that wants one, in files that begin
// with a name.
func (f findings) draw(name string, c *conditions) ([]results.Picture, error) {
	var list []results.Picture
	for _, one := range f {
		drawn := one.drawn(c)
		if len(drawn) == 0 {
			continue
		}
		file := name + "-" + one.id + ".svg"
		var b bytes.Buffer
		if err := report.WritePicture(&b, drawn...); errors.Is(err, report.ErrNothingToDraw) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("drawing %s: %w", one.id, err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil { //nolint:gosec // everybody may read it
			return nil, err
		}
		list = append(list, results.Picture{File: filepath.Base(file), Caption: one.picture, Brief: one.brief})
	}
	return list, nil
}

// drawn are the trials that the picture lays over each other.
func (f *finding) drawn(c *conditions) []report.Named {
	r := f.middle()
	if f.picture == "" || r == nil {
		return nil
	}
	var list []report.Named
	for _, t := range f.trials {
		if res := r[t.key]; res != nil && t.name != "" {
			list = append(list, report.Named{Name: t.name, Document: c.document(t, res)})
		}
	}
	return list
}

// middle is the round whose first figure is the median, or next to it.
func (f *finding) middle() round {
	figure := f.lines[0].ours
	whole := slices.DeleteFunc(slices.Clone(f.rounds), func(r round) bool { return !isNumber(figure(r)) })
	if len(whole) == 0 {
		return nil
	}
	slices.SortFunc(whole, func(a, b round) int { return cmp.Compare(figure(a), figure(b)) })
	return whole[len(whole)/2]
}

func (c *conditions) document(t trial, res *scenario.Result) *report.Document {
	var nofile unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &nofile) // 0 is not told
	d := report.New(res, 0)
	d.Conditions = report.Gather(c.commit, c.commit, nofile.Max)
	d.Started = c.began
	d.Parameters = make(map[string]string)
	for _, p := range parametersOf(t.scenario) {
		d.Parameters[p.flag] = p.value
	}
	return d
}
