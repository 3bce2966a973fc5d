package cases

// malformed has headers that Autobahn does not send: RFC 6455 section 5.1 (masking) and 5.2 (the shortest form of the
// length, the top bit of 64). No payload follows where the header alone proves the fault: the server must not wait for it.
func malformed() []Case {
	return []Case{
		begin("X.1", "text without mask").raw(fin|opText, 5, 'H', 'e', 'l', 'l', 'o').closed(1002),
		begin("X.2", "empty text without mask").raw(fin|opText, 0).closed(1002),
		begin("X.3", "ping without mask").raw(fin|opPing, 0).closed(1002),
		begin("X.4", "close without mask").raw(fin|opClose, 2, 0x03, 0xE8).closed(1002),
		begin("X.5", "text without mask after a good one").text("good").raw(fin|opText, 1, 'x').closed(1002),
		begin("X.6", "continuation without mask").frame(opText, "frag").raw(fin|opCont, 1, 'x').closed(1002),
		begin("X.7", "length 0 in 16 bits").raw(fin|opText, 0x80|126, 0, 0).closed(1002),
		begin("X.8", "length 125 in 16 bits").raw(fin|opText, 0x80|126, 0, 125).closed(1002),
		begin("X.9", "length 0 in 64 bits").raw(fin|opText, 0x80|127, 0, 0, 0, 0, 0, 0, 0, 0).closed(1002),
		begin("X.10", "length 65,535 in 64 bits").raw(fin|opText, 0x80|127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF).closed(1002),
		begin("X.11", "length 2^63").raw(fin|opText, 0x80|127, 0x80, 0, 0, 0, 0, 0, 0, 0).closed(1002),
		begin("X.12", "length 2^64-1").
			raw(fin|opText, 0x80|127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF).closed(1002),
		begin("X.13", "length 2^63-1, above any limit").
			raw(fin|opText, 0x80|127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF).closed(1009),
		begin("X.14", "length 2^40 of a fragment, above any limit").
			frame(opText, "frag").raw(fin|opCont, 0x80|127, 0, 0, 1, 0, 0, 0, 0, 0).closed(1009),
		begin("X.15", "ping with a length in 64 bits").
			raw(fin|opPing, 0x80|127, 0, 0, 0, 0, 0, 0, 0, 5).closed(1002),
		begin("X.16", "mask of zeros").
			raw(fin|opText, 0x80|2, 0, 0, 0, 0, 'o', 'k').echoes("ok").ends(),
		begin("X.17", "reserved bit, and not one byte more").raw(fin | rsv1 | opText).closed(1002),
		begin("X.18", "ping of 126 bytes, of which only two header bytes come").raw(fin|opPing, 0x80|126).closed(1002),
	}
}
