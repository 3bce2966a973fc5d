package loadgen

import (
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fanfare/protocol/pusher/auth"
)

// Target is the server under load, and how to speak to it.
type Target struct {
	Addr netip.AddrPort
	// Bare is set for the program in bench/limit: no hello, no subscriptions,
	// and what is posted to it is broadcast as it is.
	Bare bool
	// TLS is how to speak TLS to it; nil is not at all. NewTarget sets it for
	// wss, to a configuration that verifies the server's certificate.
	TLS *tls.Config

	appID  string
	signer *auth.Signer
	hello  []byte // the upgrade request, the same for all connections
}

// NewTarget returns the app of a Pusher server at ws://HOST:PORT/app/KEY. A
// name is looked up here, once: what is measured is the server, not a resolver.
func NewTarget(rawURL, appID, secret string) (*Target, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("cannot read the server's address: %w", err)
	}
	_, key, found := strings.Cut(u.Path, "/app/")
	if u.Scheme != "ws" && u.Scheme != "wss" || !found || key == "" {
		return nil, fmt.Errorf("%q is no address to load: write it as ws://HOST:PORT/app/KEY, or wss:// for TLS", rawURL)
	}
	addr, err := Resolve(u.Host)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", rawURL, err)
	}
	t := &Target{Addr: addr, appID: appID, signer: auth.NewSigner(key, secret)}
	if u.Scheme == "wss" {
		t.TLS = &tls.Config{ServerName: u.Hostname(), NextProtos: []string{"http/1.1"}}
	}
	t.hello = upgradeRequest(u.Path+"?protocol=7&client=fanfare-bench&version=1.0", u.Host)
	return t, nil
}

// Resolve looks up HOST:PORT, and prefers IPv4.
func Resolve(hostPort string) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddrPort(hostPort); err == nil {
		return addr, nil
	}
	a, err := net.ResolveTCPAddr("tcp", hostPort)
	if err == nil && a.IP == nil {
		err = errors.New("it names no host")
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("cannot find %q: %w; write a host and a port, such as 127.0.0.1:6001", hostPort, err)
	}
	return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port()), nil
}

// NewBareTarget returns the bench/limit program at addr.
func NewBareTarget(addr netip.AddrPort) *Target {
	return &Target{Addr: addr, Bare: true, hello: upgradeRequest("/", addr.String())}
}

// The Sec-WebSocket-Key of all connections, and the answer to it (RFC 6455
// section 4.2.2; the key is the RFC's own example).
const handshakeKey = "dGhlIHNhbXBsZSBub25jZQ=="

var handshakeAccept = func() string {
	sum := sha1.Sum([]byte(handshakeKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

// upgradeRequest has the headers that a browser sends, so that the server
// parses as much as it would have to.
func upgradeRequest(path, host string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" +
		"Connection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n" +
		"Upgrade: websocket\r\nOrigin: http://localhost:8000\r\nSec-WebSocket-Version: 13\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n" +
		"Sec-WebSocket-Key: " + handshakeKey + "\r\n\r\n")
}

// Subscription is a channel that one connection joins.
type Subscription struct {
	Channel     string
	ChannelData string // the member of a presence channel, in JSON
}

// appendSubscribe appends the frame that joins s, signed where the channel's
// kind wants it. The channel's name must need no escaping in JSON, which
// Pusher's rules for names see to.
func (t *Target) appendSubscribe(dst []byte, s Subscription, socketID string) []byte {
	b := make([]byte, 0, 512)
	b = append(append(b, `{"event":"pusher:subscribe","data":{"channel":"`...), s.Channel...)
	switch {
	case strings.HasPrefix(s.Channel, "presence-"):
		member, err := json.Marshal(s.ChannelData)
		if err != nil {
			panic(err) // strings always encode
		}
		b = append(append(b, `","channel_data":`...), member...)
		b = append(append(b, `,"auth":"`...), t.signer.Token(socketID, s.Channel, s.ChannelData)...)
	case strings.HasPrefix(s.Channel, "private-"):
		b = append(append(b, `","auth":"`...), t.signer.Token(socketID, s.Channel)...)
	}
	return appendFrame(dst, opText, append(b, `"}}`...))
}

// appendPost appends a POST to an endpoint of the app ("events",
// "batch_events"), signed as of now.
func (t *Target) appendPost(dst []byte, endpoint string, body []byte, now time.Time) []byte {
	path := "/apps/" + t.appID + "/" + endpoint
	dst = append(append(dst, "POST "...), path...)
	if !t.Bare {
		dst = append(dst, '?')
		dst = append(dst, t.signer.SignRequest("POST", path, nil, body, now)...)
	}
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = t.Addr.AppendTo(dst)
	dst = append(dst, "\r\nUser-Agent: fanfare-bench\r\nContent-Type: application/json\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, body...)
}
