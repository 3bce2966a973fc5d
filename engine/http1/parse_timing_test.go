package http1

import "testing"

// browserUpgrade is what Chromium sends for new WebSocket: 620 bytes.
const browserUpgrade = "GET /app/278d425bdf160c739803?protocol=7&client=js&version=8.6.0&flash=false HTTP/1.1\r\n" +
	"Host: ws.example.com:6001\r\n" +
	"Connection: Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: https://www.example.com\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en-US;q=0.9,en;q=0.8,de;q=0.7\r\n" +
	"Cookie: session=eyJpdiI6IkxKZ1d4c0ZhM0RrbnI4\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"

// publish is what a server library sends for one event.
const publish = "POST /apps/3/events?auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0" +
	"&body_md5=ec365a775a4cd0599faeb73354201b6f" +
	"&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c HTTP/1.1\r\n" +
	"Host: 127.0.0.1:6001\r\n" +
	"User-Agent: pusher-http-php/7.2.7\r\n" +
	"Content-Type: application/json\r\n" +
	"X-Pusher-Library: pusher-http-php 7.2.7\r\n" +
	"Content-Length: 72\r\n\r\n" +
	`{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data of it\"}"}`

func benchmarkParse(b *testing.B, request string) {
	buf := []byte(request)
	lim := DefaultLimits()
	var r Request
	b.ReportAllocs()
	b.SetBytes(int64(HeadEnd(buf, 0)))
	for b.Loop() {
		if err := Parse(buf[:HeadEnd(buf, 0)], lim, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePublish(b *testing.B) { benchmarkParse(b, publish) }
func BenchmarkParseUpgrade(b *testing.B) { benchmarkParse(b, browserUpgrade) }

func BenchmarkChunks(b *testing.B) {
	src := []byte("48\r\n" + publish[len(publish)-72:] + "\r\n0\r\n\r\n")
	dst := make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		var c Chunks
		if _, _, done, err := c.Decode(dst, src, 1024); !done || err != nil {
			b.Fatal(done, err)
		}
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	r := Response{Status: 200, ContentType: "application/json", Body: []byte("{}"), Minor: 1}
	now, dst := []byte(date), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendResponse(dst[:0], &r, now)
	}
}

// The good case allocates nothing once Fields has grown.
func TestAllocations(t *testing.T) {
	f := func(name string, want float64, do func()) {
		t.Helper()
		if got := testing.AllocsPerRun(100, do); got != want {
			t.Errorf("%s: %v allocations, want %v", name, got, want)
		}
	}
	var r Request
	for _, request := range []string{publish, browserUpgrade} {
		buf := []byte(request)
		f("Parse", 0, func() {
			if err := Parse(buf[:HeadEnd(buf, 0)], Limits{}, &r); err != nil {
				t.Fatal(err)
			}
		})
		f("Header", 0, func() { r.Header("content-type") })
	}
	dst := make([]byte, 0, 512)
	resp := Response{Status: 200, ContentType: "application/json", Body: []byte("{}"), Fields: []Field{{[]byte("Allow"), []byte("GET")}}}
	f("AppendResponse", 0, func() { AppendResponse(dst, &resp, []byte(date)) })
	chunked := []byte("5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n")
	f("Decode", 0, func() {
		var c Chunks
		if _, _, done, err := c.Decode(dst, chunked, 64); !done || err != nil {
			t.Fatal(done, err)
		}
	})
}
