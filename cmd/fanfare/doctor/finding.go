package doctor

import "fmt"

// Verdict is what a check came to, in rising order of trouble.
type Verdict int

// The verdicts. Note, Unread and OK do not fail the command.
const (
	OK     Verdict = iota
	Note           // costs something, or cannot be set on every machine
	Unread         // could not be read
	Low            // the connections fit, but under load something is dropped or put off
	Bad            // the connections do not fit
)

var verdicts = [...]string{"ok", "note", "unread", "low", "bad"}

func (v Verdict) String() string { return verdicts[v] }

// MarshalText is for JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// fails tells whether scripts are to stop.
func (v Verdict) fails() bool { return v >= Low }

// Finding is one line of the report.
type Finding struct {
	Check   string  `json:"check"`
	Is      string  `json:"is"`
	Should  string  `json:"should"`
	Verdict Verdict `json:"verdict"`
	// Why says what depends on it, and what it costs.
	Why string `json:"why"`
	// Remedy is what to do where no file of --fix does it.
	Remedy string `json:"remedy,omitempty"`
	// Ends is the number of connections at which this stops newcomers; 0 is never.
	Ends int64 `json:"ends_at,omitempty"`
	// Strains is the number at which it begins to hurt under load; 0 is never.
	Strains int64 `json:"strains_at,omitempty"`

	set []setting // what --fix writes, whatever the verdict is
}

// setting is a line of a file of sysctl.d.
type setting struct {
	key   string
	value string
	why   string
	may   bool // be absent: the line does no harm then
}

// unread is the finding of what could not be read.
func unread(check string, err error) Finding {
	return Finding{Check: check, Is: "?", Should: "?", Verdict: Unread, Why: fmt.Sprintf("Not readable: %v.", err)}
}

// atLeast judges a number that must not be below another: below is what it is then.
func atLeast(is, should int64, below Verdict) Verdict {
	if is < should {
		return below
	}
	return OK
}
