package doctor

// What a connection costs. Each figure says how it was measured; the tables of
// bench/results/ have the conditions of the server's own.
const (
	// ProcessBytes is resident memory of the server for a connection with one
	// subscription. Measured on 2026-11-23: 764 bytes on a shared public channel,
	// 1,035 on a private channel each, 1,150 in presence rooms of 10; 1,260 at a
	// million connections, with all that a long run leaves behind. This is the bound
	// that `make bench` holds the dearest of them to.
	ProcessBytes = 1600

	// TLSBytes is what a connection over TLS takes besides. Measured on 2026-11-23, five
	// seconds after 15,000 handshakes: 3,024 bytes resident for a connection on a shared
	// public channel, where one without TLS takes 764; that is 2,260, and a third more
	// for what changes from run to run. Connections that are silent take less: their
	// ciphers, 1.8 KB, are dropped after two minutes.
	TLSBytes = 3 << 10

	// KernelBytes is the server's end of a TCP connection in the kernel. Measured on
	// 2026-11-23 on Linux 6.18 with 15,000 connections of `fanfare bench idle`: how
	// much each cache of /proc/slabinfo grew, the share of their slabs included. For
	// each connection there were two of TCP (2,521), sock_inode_cache (862), dentry,
	// filp (195 each), eventpoll_pwq (64), lsm_inode_cache (32), lsm_file_cache (24)
	// and ep_head (16), one for each end; eventpoll_epi (128) is one at each end too,
	// which /proc/PID/fdinfo shows. Together 4,037 bytes, and a pointer in the
	// table of descriptors, which doubles when it grows: 8 to 16. A socket of IPv6 is 128 bytes
	// larger. The run with a million connections had 8.56 KiB for both ends, on
	// Linux 6.1.
	KernelBytes = 4200

	// EventPages are pages of tcp_mem for a connection with one event of up to about
	// 1,000 bytes under way. Measured on 2026-11-23 on Linux 6.18: with the link of
	// 15,000 connections cut, an event of 100 bytes to all raised mem in
	// /proc/net/sockstat by 14,841 pages, one of 1,000 bytes after it by none, one of
	// 4,000 by as many again. Idle connections have none.
	EventPages = 1

	// TrackedBytes is a connection in the table of connection tracking: an object of
	// cache nf_conntrack (256) and a bucket (8). Measured on 2026-11-23 on Linux 6.18
	// with 15,000 connections through a rule "ct state established": one object each,
	// and no growth elsewhere. Accounting and time stamps, which are off by default,
	// add to it.
	TrackedBytes = 264

	// BaseBytes is the server without connections: 14.3 to 18.8 MiB resident,
	// measured on 2026-11-23.
	BaseBytes = 20 << 20

	// EpollBytes is what the kernel takes for a descriptor in an epoll: eventpoll_epi
	// and eventpoll_pwq, as above.
	EpollBytes = 192

	// AcceptRate is how many connections a core takes in per second, subscription
	// included. Measured on 2026-11-23: 25,800.
	AcceptRate = 25000
)
