// Package serving builds and starts the programs that are measured, and those
// that measure them, as processes of their own. What one says goes to a file,
// so that nothing here wakes up while it works.
//
// A server takes whatever port is free and says which: Fanfare in its log, the
// limit program in its first line. Reading it there is the only way that
// nobody can get in between.
package serving
