// Package hostile holds the tests with clients that mean harm: ones that dribble, stall, flood, lie about lengths, nest, forge
// and vanish. They start the real fanfare program as a process of its own, so that its resident memory is its own too, and
// attack it over TCP with hand-made bytes while a hundred well-behaved clients go on with their work (crowd_test.go).
//
// Each attack states how far the program's resident memory may rise, and checks what the attacker gets: the HTTP status, the
// close code, the error event. Every well-behaved client must have every event in order, attack or not. How much slower their
// events and pongs became is reported beside the quiet figure in the test's artefact hostile.txt and never asserted: the
// attackers, the clients and the server share the machine's cores.
//
// The tests carry the build tag e2e, as those in cmd/fanfare/e2e: they take a minute, both cores, and twice 11,000 descriptors.
package hostile
