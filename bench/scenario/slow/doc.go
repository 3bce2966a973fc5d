// Package slow measures what readers that do not keep up do to the others and
// to the server, and what becomes of them.
package slow
