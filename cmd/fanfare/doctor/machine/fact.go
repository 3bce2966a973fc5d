package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// Fact is a value that was read, or why it was not.
type Fact[T any] struct {
	Value T
	Err   error
}

// OK tells whether the value was read.
func (f Fact[T]) OK() bool { return f.Err == nil }

// MarshalJSON writes the value alone, or null.
func (f Fact[T]) MarshalJSON() ([]byte, error) {
	if f.OK() {
		return json.Marshal(f.Value)
	}
	return []byte("null"), nil
}

func known[T any](value T) Fact[T] { return Fact[T]{Value: value} }

func unknown[T any](err error) Fact[T] { return Fact[T]{Err: err} }

// maxFile bounds what is read of one file. The longest ones, /proc/net/netstat and
// the limits of a process, have a few thousand bytes.
const maxFile = 256 << 10

// text reads a whole file. Its errors name the file as a person would look for it.
func text(root fs.FS, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", fmt.Errorf("/%s: %w", name, reason(err))
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return "", fmt.Errorf("/%s: %w", name, reason(err))
	}
	return strings.TrimSpace(string(b)), nil
}

// reason takes the path off, which the message has already.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// word is a file of one word or line.
func word(root fs.FS, name string) Fact[string] {
	s, err := text(root, name)
	if err == nil && s == "" {
		err = fmt.Errorf("/%s: is empty", name)
	}
	if err != nil {
		return unknown[string](err)
	}
	return known(s)
}

// number is a file of one number that is not negative.
func number(root fs.FS, name string) Fact[int64] {
	s, err := text(root, name)
	if err != nil {
		return unknown[int64](err)
	}
	return parsed(name, s)
}

func parsed(name, s string) Fact[int64] {
	n, err := parseNumber(s)
	if err != nil {
		return unknown[int64](fmt.Errorf("/%s: %w", name, err))
	}
	return known(n)
}

// parseNumber takes numbers up to 2^64; those beyond an int64 are as good as no
// limit, and become the largest.
func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a number", quoted(s))
	}
	return int64(min(n, math.MaxInt64)), nil
}

// quoted makes a few characters of something strange fit an error message.
func quoted(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most]
	}
	return strconv.QuoteToASCII(s)
}

// numbers is a file of several numbers: N of them must be there.
func numbers(root fs.FS, name string, n int) Fact[[]int64] {
	s, err := text(root, name)
	if err != nil {
		return unknown[[]int64](err)
	}
	fields := strings.Fields(s)
	if len(fields) != n {
		return unknown[[]int64](fmt.Errorf("/%s: has %d words, not %d numbers", name, len(fields), n))
	}
	list := make([]int64, n)
	for i, field := range fields {
		if list[i], err = parseNumber(field); err != nil {
			return unknown[[]int64](fmt.Errorf("/%s: %w", name, err))
		}
	}
	return known(list)
}

// chosen is the word in brackets: "always [madvise] never".
func chosen(root fs.FS, name string) Fact[string] {
	f := word(root, name)
	if !f.OK() {
		return f
	}
	_, after, _ := strings.Cut(f.Value, "[")
	inside, _, ok := strings.Cut(after, "]")
	if !ok || inside == "" {
		return unknown[string](fmt.Errorf("/%s: %s has no word in brackets", name, quoted(f.Value)))
	}
	return known(inside)
}

// cpuCount counts a list of processors: "0-3,8".
func cpuCount(list string) (int, error) {
	total := 0
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.ParseUint(first, 10, 16)
		to := from
		if err == nil && isRange {
			to, err = strconv.ParseUint(last, 10, 16)
		}
		if err != nil || to < from {
			return 0, fmt.Errorf("%s is no list of processors", quoted(list))
		}
		if total += int(to-from) + 1; total > math.MaxUint16 {
			return 0, fmt.Errorf("%s is no list of processors", quoted(list))
		}
	}
	return total, nil
}

func sysctl(key string) string { return path.Join("proc/sys", strings.ReplaceAll(key, ".", "/")) }
