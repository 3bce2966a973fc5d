// Package hostile holds the tests with a world that means harm: clients that dribble, stall, flood, lie about lengths, nest,
// forge and vanish, and faults of what the server lives on. They start the real fanfare program as a process of its own, so that
// its resident memory is its own too, and attack it over TCP with hand-made bytes.
//
// Each attack (hostile_test.go) runs while a hundred well-behaved clients, or five hundred by TLS, go on with their work
// (crowd_test.go). It states how far the program's resident memory may rise, and checks what the attacker gets: the HTTP status, the close code, the error event.
// Every well-behaved client must have every event in order, attack or not. How much slower their events and pongs became is
// reported beside the quiet figure in the test's artefact hostile.txt and never asserted: the attackers, the clients and the
// server share the machine's cores.
//
// Floods (floods_test.go) go on and on at a rate: connects, requests, frames, members who come and go. They come from a process of
// their own, which gets only what the good clients leave of its core, while the server has one to itself: so here latency is
// asserted, by `make floods`, which wants an idle machine. In `make hostile` they are shorter, and what is asserted is that no good
// client loses an event or its connection, how much memory is taken, and what is logged.
//
// The faults, and what else must hold:
//
//   - presence_test.go: a thousand members of one presence channel come, and leave, at the same moment; by hand ten thousand.
//   - webhook_test.go: a webhook's receiver is down, in every way, under a thousand events a second; the server is killed.
//   - kill_webhooks_test.go, kill_apps_test.go: the server, and commands that edit its apps, are killed over and over (-kills).
//   - kill_upgrades_test.go: the old or the new process of an upgrade is killed, whenever (-kills).
//   - upgrade_steps_test.go: the same at each word of their talk, and silence there; and programs that can't take over.
//   - upgrade_thousand_test.go: a server is upgraded over and over (-upgrades).
//   - full_disk_test.go: the disk is full on which webhooks are kept, or apps.
//   - config_test.go: the configuration file is half written, wrong, and gone, under load.
//   - secrets_test.go: everything that is secret is said, rightly and wrongly, and looked for in the log and in profiles.
//   - clock_test.go: the time of day leaps, in a guest machine of its own (package guest).
//   - standstill_test.go: the server is stopped for longer than its clients may be silent.
//
// The tests carry the build tag e2e, as those in cmd/fanfare/e2e, and need Linux: they take four minutes, both cores, and twice
// 11,000 descriptors.
package hostile
