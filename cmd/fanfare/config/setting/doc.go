// Package setting binds the keys of a configuration to the fields of structs: how
// a key is called, what it defaults to, which values it takes and how they are
// written is read from the fields' types and tags. It knows no key of its own.
//
// Of lists the keys of a struct. What sources say of them is a Draft, which Reader
// makes of files; Fill puts it into the struct. Sections, Printer and JSON show what
// is there.
//
// The tags are:
//
//	key        the key; a struct's is that of its table
//	default    the value when none is given, as a variable has it; without it the
//	           key is required
//	range      the least and the greatest value: 1..3600
//	oneof      the values of a text, with spaces between
//	secret     any: errors and prints leave the value out
//	elsewhere  names that other servers give to the same thing
//
// A preset is another set of defaults: it names the tag that has those that differ.
//
// Fields are text, bool, int, Bytes, time.Duration (written in seconds), time.Time,
// lists of texts and tables of texts; structs are tables, and slices of structs are
// lists of tables. As in a file, tables come after the keys.
//
// Nothing here is kept between two calls: any goroutine may call any function, and
// whoever has the struct says who else may touch it. Tags are the programmer's, and
// wrong ones panic; wrong values are errors that say what would be right.
package setting
