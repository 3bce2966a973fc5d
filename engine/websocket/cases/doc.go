// Package cases is the case list of the Autobahn fuzzing client as data: what a client sends, and what an echo server has
// to answer (RFC 6455). The cases are written anew and bear Autobahn's section numbers; an id with an X is ours and stands
// where Autobahn has no such case. Cases that differ only in how the client cuts its writes are one case here, because
// every case is meant to be driven with every Split.
//
// The server under test echoes text messages, answers binary messages with Close 1003 (the server that this list is for
// speaks text only), answers pings, echoes the code of a Close frame, and takes messages of LargestMessage bytes.
// Every case ends with a Close frame from the server and the end of the TCP connection, so a run waits for no timer.
//
// Against a server over TCP, for each case and each split:
//
//	for _, c := range cases.All() {
//		conn := dialAndUpgrade(t) // all of the 101 read, and no byte after it
//		if err := cases.Drive(conn, c, cases.Octets); err != nil {
//			t.Error(err)
//		}
//		conn.Close()
//	}
//
// Without a connection: give the server the pieces of Split(c.Send), collect what it sends, and call Check.
//
// Everything here is for tests and may be called from any goroutine; the cases of All share no memory with those of
// another call.
package cases
