package database

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"fanfare/channels/apps"
)

// most is beyond all that can be meant, and well within a float64's whole
// numbers. What each limit may be at most the record knows itself.
const most = 1 << 40

func flag(field func(a *apps.App) *bool) func(*draft, string) error {
	return func(d *draft, text string) error {
		switch text {
		case "\x00", "\x01": // MySQL's BIT(1)
			*field(d.app) = text == "\x01"
			return nil
		}
		on, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return errors.New("use 1 or 0, or true or false")
		}
		*field(d.app) = on
		return nil
	}
}

// number reads a decimal number that is not absurd.
func number(text string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return f, err == nil && math.Abs(f) <= most
}

// whole reads a number without a fraction.
func whole(text string) (int, bool) {
	f, ok := number(text)
	return int(f), ok && f == math.Trunc(f)
}

func count(field func(a *apps.App) *int) func(*draft, string) error {
	return func(d *draft, text string) error {
		n, ok := whole(text)
		if !ok || n <= 0 {
			return errors.New("use a whole number above 0, or NULL for the default")
		}
		*field(d.app) = n
		return nil
	}
}

// rate is of events per second. 0, with which soketi refuses all of them, means
// no limit in a record: it must not come to that by oversight.
func rate(field func(a *apps.App) *int) func(*draft, string) error {
	return func(d *draft, text string) error {
		n, ok := whole(text)
		switch {
		case !ok || n < -1 || n == 0:
			return errors.New("use a whole number above 0, or -1 for no limit; to allow none switch enabled or enable_client_messages off")
		case n == -1:
			n = 0
		}
		*field(d.app) = n
		return nil
	}
}

func quota(field func(a *apps.App) *int) func(*draft, string) error {
	return func(d *draft, text string) error {
		n, ok := whole(text)
		if !ok || n < -1 {
			return errors.New("use a whole number, or -1 for no limit")
		}
		*field(d.app) = max(n, 0)
		return nil
	}
}

func kilobytes(set func(l *apps.Limits, bytes int)) func(*draft, string) error {
	return func(d *draft, text string) error {
		f, ok := number(text)
		if n := int(f * 1024); ok && n > 0 {
			set(&d.app.Limits, n)
			return nil
		}
		return errors.New("use a number of KiB above 0, such as 10 or 0.5, or NULL for the default")
	}
}

func seconds(field func(a *apps.App) *time.Duration) func(*draft, string) error {
	return func(d *draft, text string) error {
		n, ok := whole(text)
		if !ok || n <= 0 || n > 1<<20 {
			return errors.New("use whole seconds, or NULL for the default")
		}
		*field(d.app) = time.Duration(n) * time.Second
		return nil
	}
}

// origins reads a JSON array, as sockudo writes it, or a list with commas, as
// laravel-websockets does; braces around that are PostgreSQL's for an array.
func origins(d *draft, text string) error {
	text = strings.TrimSpace(text)
	var list []string
	if strings.HasPrefix(text, "[") || text == "null" {
		if json.Unmarshal([]byte(text), &list) != nil {
			return errors.New(`use a JSON array of strings, such as ["https://example.com"], or NULL for any page`)
		}
	} else {
		list = strings.Split(strings.Trim(text, "{}"), ",")
	}
	d.app.AllowedOrigins = nil
	for _, origin := range list {
		if origin = strings.TrimSpace(origin); origin != "" {
			d.app.AllowedOrigins = append(d.app.AllowedOrigins, origin)
		}
	}
	return nil
}
