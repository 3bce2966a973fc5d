// Package report tells what a scenario gave: as a table for a terminal, as
// JSON to keep and to compare, and as pictures. All three are views of one
// Document, so that a picture can be drawn from results that were written down
// long ago, on another machine, or of another server.
//
// Nothing here measures anything, and nothing is kept between calls.
package report
