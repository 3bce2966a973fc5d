package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// SchemaVersion is the version of the JSON form of Results. Members may be
// added without a new one; it rises when one changes its meaning or goes.
const SchemaVersion = 1

// Results is one run of the whole set, or of a part of it.
type Results struct {
	SchemaVersion int       `json:"schema_version"`
	Date          string    `json:"date"` // 2026-01-31
	Commit        string    `json:"commit"`
	Command       string    `json:"command"`
	Machine       string    `json:"machine"`
	Conditions    []string  `json:"conditions"` // sentences that a figure must not be quoted without
	Runs          []Run     `json:"runs"`
	Rows          []Row     `json:"rows"`
	Pictures      []Picture `json:"pictures,omitempty"`
}

// Run is one scenario that was run against one program in every round.
type Run struct {
	ID       string `json:"id"` // of the measurement: "fanout-1"
	Program  string `json:"program"`
	Server   string `json:"server"`   // its command line
	Scenario string `json:"scenario"` // as `fanfare bench` takes it
	Rounds   int    `json:"rounds"`
}

// Picture is a drawing beside the page.
type Picture struct {
	File    string `json:"file"` // its name, in the page's folder
	Caption string `json:"caption"`
	Brief   bool   `json:"brief,omitempty"` // it stands in the README too
}

// Write writes the results as JSON.
func (r *Results) Write(file string) error {
	r.SchemaVersion = SchemaVersion
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644) //nolint:gosec // everybody may read it
}

// Read reads what Write has written.
func Read(file string) (*Results, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r Results
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", file, err)
	}
	if r.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("%s has schema_version %d; this program reads %d", file, r.SchemaVersion, SchemaVersion)
	}
	return &r, nil
}

// Newest reads the newest results in a folder: those whose file has the
// greatest name, DATE.json. It returns nil when there are none.
func Newest(folder string) (*Results, error) {
	files, err := filepath.Glob(filepath.Join(folder, "20[0-9][0-9]-[01][0-9]-[0-3][0-9].json"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	r, err := Read(slices.Max(files))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // gone meanwhile
	}
	return r, err
}
