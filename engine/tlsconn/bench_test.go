package tlsconn

import (
	"crypto/tls"
	"fmt"
	"testing"
)

func BenchmarkSeal(b *testing.B) {
	server, _ := twins(b)
	for _, size := range []int{250, 4000, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			dst, plain := make([]byte, 0, Sealed(size)), make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				server.Seal(dst, plain)
			}
		})
	}
}

// BenchmarkSealCold makes the cipher anew each time, as after Rest.
func BenchmarkSealCold(b *testing.B) {
	server, _ := twins(b)
	dst, plain := make([]byte, 0, Sealed(250)), make([]byte, 250)
	b.ReportAllocs()
	for b.Loop() {
		server.Seal(dst, plain)
		server.Rest()
		server.Rest()
	}
}

// BenchmarkHandshake is both sides, a client of ours and a server of ours.
func BenchmarkHandshake(b *testing.B) {
	config, err := NewConfig(&tls.Config{Certificates: []tls.Certificate{newCertificate(b, ecdsaKey)}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var server, client *Handshake
		server = config.Server(Peer{Send: func(p []byte) { client.Feed(p, 1<<20) }})
		client = Client(insecure(), Peer{Send: func(p []byte) { server.Feed(p, 1<<20) }})
		failed := make(chan error, 1)
		go func() {
			_, _, err := client.Run()
			failed <- err
		}()
		if _, _, err := server.Run(); err != nil {
			b.Fatal(err)
		}
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenSmall takes a small record, and BenchmarkKeyUpdate one that has new
// keys go before it.
func BenchmarkOpenSmall(b *testing.B) { benchmarkOpen(b, false) }

func BenchmarkKeyUpdate(b *testing.B) { benchmarkOpen(b, true) }

func benchmarkOpen(b *testing.B, update bool) {
	server, client := twins(b)
	plain, dst := make([]byte, 40), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		client.updateDue, server.hasty = update, 0
		sealed := client.Seal(dst, plain)
		b.StartTimer()
		if err := openAll(server, sealed); err != nil {
			b.Fatal(err)
		}
	}
}
