// Package results is what `make bench` has found: figures, each with the bound
// that it has to hold, as JSON beside this file, as the page for people, and as
// the table in the README. All three are written from the same Results, and a
// test holds the README to the newest ones.
//
// It only keeps and writes; bench/run measures.
package results
