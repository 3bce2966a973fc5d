package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes d as indented JSON with a newline at its end.
func (d *Document) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // the reader is a person or a program, no page
	return e.Encode(d)
}

// Read reads what WriteJSON has written, and refuses what another version of
// the schema has.
func Read(r io.Reader) (*Document, error) {
	var d Document
	if err := json.NewDecoder(r).Decode(&d); err != nil {
		return nil, fmt.Errorf("cannot read a result: %w", err)
	}
	if d.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("a result has schema_version %d; this program reads %d", d.SchemaVersion, SchemaVersion)
	}
	return &d, nil
}
