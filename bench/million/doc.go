// Command million shows that one server process holds a million subscribed
// connections, and writes what that took to bench/results/million-DATE.md.
// It takes about an hour in the guest, so it is started at the top of the
// checkout as
//
//	nohup make million > million.log &
//
// and ended early with SIGTERM. It leaves nothing behind but its result; a
// failed run leaves its logs in bin/million.
//
// It starts fanfare serve, and fanfare bench idle with n connections on one
// public channel. While they stand, a broadcast must reach every one of them,
// the server's pings are answered, and a handful of connections more that do
// not answer are closed with 4201 when their time is up, and nobody else. Then
// fanfare bench fanout connects them all once more and publishes in a closed
// loop. Every ten seconds a line tells how far it is.
//
// # The guest
//
// Where the descriptor limit allows n connections all this runs directly.
// Elsewhere it runs in a user-mode Linux guest (Debian package user-mode-linux,
// linux.uml): a kernel that runs as an ordinary process, in which the limit can
// be raised. Its root file system is a temporary folder, with this program as
// init. What the folder holds afterwards is the result.
//
// A ping takes four system calls of server and load and two waits, together
// 230 us there. A million clients at the hosted service's activity_timeout of
// 120 s would want two cores for pings alone, so in the guest the time-outs
// grow with the connections (trial.inGuest), and the result says so.
//
// A system call in the guest takes 20 us, several times of what it takes
// elsewhere, and a page fault 60 us: rates and latencies there say nothing
// about the server. The host's core is shared by all of the guest's processes
// on purpose: waking another core for each system call made them four times as
// slow.
//
// The guest's memory is a file in /dev/shm, or in TMPDIR. Each of its pages in
// use is a mapping on the host, so that many connections need a higher
// vm.max_map_count. It is raised for the run, which wants root.
package main
