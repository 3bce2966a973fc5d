package main

import (
	"bytes"
	"strconv"
	"strings"
)

// number is the field at index i (from 0) after the name that a line of a
// table of /proc begins with; 0 when there is none.
func number(table []byte, name string, i int) int64 {
	for l := range bytes.Lines(table) {
		fields := strings.Fields(string(l))
		if len(fields) > i+1 && fields[0] == name {
			n, err := strconv.ParseInt(fields[i+1], 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}

// sample is the value of a series in Prometheus' text format, labels included
// in its name; 0 when there is none: a counter with labels exists from its
// first event on. Where several series have the name and other labels, they
// are summed up.
func sample(text []byte, name string) uint64 {
	var sum float64
	for l := range bytes.Lines(text) {
		series, value, found := strings.Cut(strings.TrimSpace(string(l)), " ")
		if !found || series != name && !strings.HasPrefix(series, name+"{") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			sum += v
		}
	}
	return uint64(sum)
}
