// Package handover is the talk of two processes of which one takes the other's place
// without a client noticing: messages, with descriptors beside them, over a pair of
// sockets that the old process makes and the new one is born with. It knows what is
// said and not what it is about: package node has that.
//
//	old                                    new
//	Offer, and its listening sockets   →
//	                                   ←   Hello, or Refusal
//	Loans, with descriptors            →            as often as there are any,
//	                                   ←   Taken    while the old process serves
//	                  the old process holds its loops
//	Loans, Streams, with their files   →
//	                                   ←   Prepared, or Refusal
//	Go                                 →
//	                                   ←   Serving
//
// Until Go is sent the old process may say CalledOff, kill the new one and go on as if
// nothing had been. From then on everything is the new one's. A new process whose talk ends without
// Go exits, unless it has everything and the old one is dead: that the talk has ended
// is no proof, as what the old one has killed may be a script that had started the new one.
//
// # Versions
//
// A message is a gob, which matches fields by their names: either side may know more
// than the other. What can't be understood so has another number of Talk or State in
// the Offer, which the new process may refuse.
package handover
