package websocket_test

import (
	"errors"
	"os"

	"fanfare/engine/websocket"
)

// A loop takes whole frames from what a connection sent, and leaves the rest until more is there.
func ExampleReader() {
	inbound := websocket.AppendMasked(nil, websocket.Text, false, []byte("Hel"), [4]byte{1, 2, 3, 4})
	inbound = websocket.AppendMasked(inbound, websocket.Continuation, true, []byte("lo\n"), [4]byte{5, 6, 7, 8})
	inbound = append(inbound, 0x81) // the first byte of a frame that is still under way

	const limit = 100 << 10
	var reader websocket.Reader
	var m websocket.Message
	for {
		n, _, ok, err := reader.Next(inbound, limit, &m)
		if violation, is := errors.AsType[*websocket.CloseError](err); is {
			os.Stdout.Write(websocket.AppendClose(nil, violation.Code, violation.Reason))
			return
		}
		if n == 0 {
			return
		}
		if ok {
			os.Stdout.Write(m.Payload)
		}
		inbound = inbound[n:]
	}
	// Output: Hello
}
