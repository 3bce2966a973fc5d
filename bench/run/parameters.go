//go:build linux

package main

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"fanfare/bench/scenario"
)

// parameter is one that is not left to its default.
type parameter struct{ flag, value string }

// parametersOf lists a scenario's, by the names of their flags.
func parametersOf(s scenario.Scenario) []parameter {
	var list []parameter
	for field, v := range reflect.ValueOf(s).Fields() {
		if !v.IsZero() {
			list = append(list, parameter{kebab(field.Name), fmt.Sprint(v.Interface())})
		}
	}
	return list
}

// kebab writes FrameBytes as frame-bytes.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
