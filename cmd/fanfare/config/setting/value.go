package setting

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Bytes is a size. It is written as a plain number or with a unit: 64KiB,
// 100KB.
type Bytes int64

var byteUnits = []struct {
	name string
	size int64
}{
	{"PiB", 1 << 50},
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"GB", 1e9},
	{"MB", 1e6},
	{"KB", 1e3},
	{"B", 1},
}

// String writes the size with the largest unit that divides it.
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if u.size > 1 && b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

func parseBytes(text string) (Bytes, error) {
	number, size := text, int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			number, size = rest, u.size
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > (1<<63-1)/size {
		return 0, errNotBytes
	}
	return Bytes(n * size), nil
}

// parseSeconds reads a number of seconds, or one with Go's units: 1m30s.
func parseSeconds(text string) (time.Duration, error) {
	if s, err := strconv.ParseFloat(text, 64); err == nil && s >= 0 && s < 1e9 {
		return time.Duration(s * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errNotSeconds
	}
	return d, nil
}

func formatSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

var (
	errNotBytes   = errors.New("a number of bytes, such as 65536 or 64KiB")
	errNotSeconds = errors.New("a number of seconds, such as 30 or 1m30s")
	errNotInt     = errors.New("a whole number")
	errNotBool    = errors.New("true or false")
	errNotList    = errors.New("a list of texts in quotes")
	errNotText    = errors.New("a text in quotes")
	errNotTable   = errors.New(`a table of texts, such as {Authorization = "Bearer ..."}`)
	errNotTime    = errors.New("a moment such as 2026-11-23T12:00:00Z")
)

// parseValue makes a value of type t from text. Its errors say what would be
// right, and nothing else.
func parseValue(t reflect.Type, text string) (any, error) {
	switch t {
	case reflect.TypeFor[string]():
		return text, nil
	case reflect.TypeFor[Bytes]():
		return parseBytes(text)
	case reflect.TypeFor[time.Duration]():
		return parseSeconds(text)
	case reflect.TypeFor[[]string]():
		return splitList(text), nil
	case reflect.TypeFor[map[string]string]():
		return parseTable(text)
	case reflect.TypeFor[time.Time]():
		moment, err := time.Parse(time.RFC3339, text)
		return moment.UTC(), wanted(err, errNotTime)
	case reflect.TypeFor[int]():
		n, err := strconv.Atoi(text)
		return n, wanted(err, errNotInt)
	case reflect.TypeFor[bool]():
		b, err := strconv.ParseBool(text)
		return b, wanted(err, errNotBool)
	}
	panic(fmt.Sprintf("setting: no parser for %v", t))
}

// kindOf names what values of type t are, in errors and documents.
func kindOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Bytes]():
		return "bytes"
	case reflect.TypeFor[time.Duration]():
		return "seconds"
	case reflect.TypeFor[[]string]():
		return "list"
	case reflect.TypeFor[map[string]string]():
		return "table"
	case reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[int]():
		return "number"
	case reflect.TypeFor[bool]():
		return "bool"
	}
	return "text"
}

func wanted(err, want error) error {
	if err != nil {
		return want
	}
	return nil
}

func splitList(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// parseTable reads a table of texts, written as a JSON object. Nothing is an
// empty one.
func parseTable(text string) (map[string]string, error) {
	var table map[string]string
	if text == "" {
		return nil, nil //nolint:nilnil // an empty map that is nil is a value
	}
	if err := json.Unmarshal([]byte(text), &table); err != nil {
		return nil, errNotTable
	}
	return table, nil
}

func formatTable(table map[string]string) string {
	if len(table) == 0 {
		return ""
	}
	text, err := json.Marshal(table)
	if err != nil {
		panic(err) // texts always encode
	}
	return string(text)
}

// formatValue is the inverse of parseValue.
func formatValue(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatSeconds(x)
	case []string:
		return strings.Join(x, ",")
	case map[string]string:
		return formatTable(x)
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(x)
	}
}

// magnitude orders values of one type, for ranges.
func magnitude(v any) float64 {
	switch x := v.(type) {
	case int:
		return float64(x)
	case Bytes:
		return float64(x)
	case time.Duration:
		return float64(x)
	}
	panic(fmt.Sprintf("setting: %T has no order", v))
}
