package strictjson

import (
	"encoding/json"
	"testing"

	"github.com/valyala/fastjson"
)

const (
	body  = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
	frame = `{"event":"client-typing","channel":"presence-room.1234","data":{"user":"somebody","at":1234567890,"text":"hello"}}`
)

// BenchmarkParse is the reader beside what it is made of, and what might be in
// its place.
func BenchmarkParse(b *testing.B) {
	var p Parser
	var fast fastjson.Parser
	for _, text := range []struct{ name, text string }{{"publish", body}, {"client-event", frame}} {
		t := []byte(text.text)
		for _, way := range []struct {
			name string
			read func() error
		}{
			{"strict", func() error { _, err := p.Parse(t); return err }},
			{"scan", func() error { _, err := scan(t); return err }},
			{"fastjson", func() error { _, err := fast.ParseBytes(t); return err }},
			{"fastjson-validated", func() error {
				if err := fastjson.ValidateBytes(t); err != nil {
					return err
				}
				_, err := fast.ParseBytes(t)
				return err
			}},
			{"encoding-json-valid", func() error { json.Valid(t); return nil }},
		} {
			b.Run(text.name+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(t)))
				for b.Loop() {
					if err := way.read(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
