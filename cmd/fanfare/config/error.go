package config

import "fmt"

// Error is a configuration, or an order to change one, that is wrong: whoever
// wrote it can mend it, and nothing was done. Its text has one line for each thing
// that is wrong.
type Error struct{ err error }

func (e Error) Error() string { return e.err.Error() }

// Unwrap gives what package errors looks for.
func (e Error) Unwrap() error { return e.err }

// Errorf makes an Error as package fmt does.
func Errorf(format string, args ...any) error { return Error{fmt.Errorf(format, args...)} }
