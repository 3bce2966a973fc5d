package crowd

import (
	"encoding/json"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram is latencies, to a hundredth of themselves. As JSON it is compressed.
// Its zero value is empty.
type Histogram struct{ h *hdrhistogram.Histogram }

const longest = 10 * time.Minute // counts as that

// Record counts a latency.
func (h *Histogram) Record(d time.Duration) {
	if h.h == nil {
		h.h = hdrhistogram.New(1, int64(longest/time.Microsecond), 2)
	}
	_ = h.h.RecordValue(int64(min(max(d, 0), longest) / time.Microsecond)) // it is within the bounds
}

// Merge adds another one's.
func (h *Histogram) Merge(o Histogram) {
	if o.h == nil {
		return
	}
	if h.h == nil {
		h.h = hdrhistogram.New(1, int64(longest/time.Microsecond), 2)
	}
	h.h.Merge(o.h)
}

// Count is how many were recorded.
func (h *Histogram) Count() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// At is the latency that so many per cent do not exceed; 0 when there are none.
func (h *Histogram) At(percentile float64) time.Duration {
	if h.h == nil {
		return 0
	}
	return time.Duration(h.h.ValueAtPercentile(percentile)) * time.Microsecond
}

// MarshalJSON is called by package json.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.h == nil {
		return []byte("null"), nil
	}
	b, err := h.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, err
	}
	return json.Marshal(b)
}

// UnmarshalJSON is called by package json.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var b []byte
	if err := json.Unmarshal(text, &b); err != nil || b == nil {
		return err
	}
	var err error
	h.h, err = hdrhistogram.Decode(b)
	return err
}
