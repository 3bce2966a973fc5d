/*
 * limit: the yardstick of the benchmarks.
 *
 * The least that a program can do on this kernel for the work that Fanfare
 * does: accept, answer the WebSocket upgrade, and send one frame to every
 * connection with one send() each. It parses no JSON, checks no signature,
 * knows no channels and keeps no queues. What a server reaches is printed as a
 * share of what this program reached in the same run, so it must not be slower
 * than it has to be. Tried, and no faster than the noise: write()
 * for send(), another congestion control than the system's, -O3 -march=native.
 * Left out on purpose: io_uring, because one send() each is what the yardstick
 * stands for.
 *
 *   limit [-p PORT] [-k FRAMES]
 *
 * It listens on 127.0.0.1 (port 0, the default, takes a free one), prints
 * "port N" and serves until it is killed. On its one port
 *
 *   GET with Sec-WebSocket-Key   is upgraded and from then on broadcast to;
 *   POST, any path               broadcasts its body as one text frame.
 *
 * With -k K up to K posted frames wait for one another and leave in one
 * send() per connection, or after 10 ms without another one.
 *
 * Build: cc -O2 -Wall -Wextra -o limit limit.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS = 1024,       /* of one epoll_wait */
	READ_BYTES = 256 << 10,
	REQUEST_MAX = 192 << 10, /* head and body of one request */
	BATCH_BYTES = 4 << 20,   /* frames that wait for one another */
	GATHER_MS = 10
};

/* A connection, found by its descriptor. rest holds the beginning of a
 * request that came in pieces; it is NULL for everyone else. */
struct conn {
	int open;
	int slot; /* in sockets, -1 before the upgrade */
	char *rest;
	size_t rest_len;
};

static struct conn *conns;
static int max_conns;

/* The upgraded connections, dense. */
static int *sockets;
static int sockets_len;

/* The frames that wait to be broadcast. */
static char batch[BATCH_BYTES];
static size_t batch_len;
static int batch_frames, batch_max = 1;

static int epoll;

static void die(const char *what) {
	perror(what);
	exit(1);
}

/* --- the upgrade (RFC 6455 section 4.2.2) ------------------------------- */

static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void sha1_block(uint32_t h[5], const unsigned char *p) {
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f, k;
		if (i < 20)
			f = (b & c) | (~b & d), k = 0x5a827999;
		else if (i < 40)
			f = b ^ c ^ d, k = 0x6ed9eba1;
		else if (i < 60)
			f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
		else
			f = b ^ c ^ d, k = 0xca62c1d6;
		uint32_t t = rol(a, 5) + f + e + k + w[i];
		e = d, d = c, c = rol(b, 30), b = a, a = t;
	}
	h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* len is at most 119: two blocks with their padding. */
static void sha1(const char *text, size_t len, unsigned char out[20]) {
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	unsigned char block[128] = {0};
	size_t size = len < 56 ? 64 : 128;
	memcpy(block, text, len);
	block[len] = 0x80;
	block[size - 2] = (unsigned char)(len * 8 >> 8);
	block[size - 1] = (unsigned char)(len * 8);
	for (size_t i = 0; i < size; i += 64)
		sha1_block(h, block + i);
	for (int i = 0; i < 20; i++)
		out[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

/* Base64 of a SHA-1 sum: 28 characters. */
static void base64(const unsigned char in[20], char out[28]) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char padded[21] = {0};
	memcpy(padded, in, 20);
	for (int i = 0; i < 7; i++) {
		const unsigned char *p = padded + 3 * i;
		out[4 * i] = digits[p[0] >> 2];
		out[4 * i + 1] = digits[(p[0] & 3) << 4 | p[1] >> 4];
		out[4 * i + 2] = digits[(p[1] & 15) << 2 | p[2] >> 6];
		out[4 * i + 3] = digits[p[2] & 63];
	}
	out[27] = '=';
}

/* --- connections -------------------------------------------------------- */

static void drop(int fd) {
	struct conn *c = &conns[fd];
	if (c->slot >= 0) {
		sockets[c->slot] = sockets[--sockets_len];
		conns[sockets[c->slot]].slot = c->slot;
	}
	free(c->rest);
	memset(c, 0, sizeof *c);
	close(fd);
}

/* Sends all of p, or drops the connection: what waits here is less than any
 * socket buffer, unless the client has stopped reading. */
static int send_all(int fd, const char *p, size_t len) {
	ssize_t n = send(fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == (ssize_t)len)
		return 1;
	fprintf(stderr, "limit: a client took %zd of %zu bytes: dropped\n", n, len);
	drop(fd);
	return 0;
}

static void broadcast(void) {
	if (batch_len == 0)
		return;
	/* Backwards: a dropped connection is replaced by the last one, which has
	 * been served. */
	for (int i = sockets_len - 1; i >= 0; i--)
		send_all(sockets[i], batch, batch_len);
	batch_len = 0;
	batch_frames = 0;
}

static void post(const char *body, size_t len) {
	if (batch_len + len + 10 > sizeof batch)
		broadcast();
	unsigned char *p = (unsigned char *)batch + batch_len;
	*p++ = 0x81; /* FIN, text */
	if (len < 126) {
		*p++ = (unsigned char)len;
	} else if (len < 1 << 16) {
		*p++ = 126;
		*p++ = (unsigned char)(len >> 8);
		*p++ = (unsigned char)len;
	} else {
		*p++ = 127;
		for (int shift = 56; shift >= 0; shift -= 8)
			*p++ = (unsigned char)((uint64_t)len >> shift);
	}
	memcpy(p, body, len);
	batch_len = (size_t)((char *)p - batch) + len;
	if (++batch_frames >= batch_max)
		broadcast();
}

/* --- requests ----------------------------------------------------------- */

/* Finds a header's value between head and end, without leading blanks. */
static const char *header(const char *head, const char *end, const char *name, size_t *len) {
	size_t n = strlen(name);
	for (const char *p = head; p + n < end;) {
		const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
		if (!eol)
			return NULL;
		if ((size_t)(eol - p) > n && p[n] == ':' && strncasecmp(p, name, n) == 0) {
			for (p += n + 1; *p == ' '; p++)
				;
			*len = (size_t)(eol - p);
			return p;
		}
		p = eol + 2;
	}
	return NULL;
}

static int upgrade(int fd, const char *key, size_t len) {
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	static char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			       "Connection: Upgrade\r\nSec-WebSocket-Accept: ............................\r\n\r\n";
	char text[24 + sizeof guid];
	unsigned char sum[20];
	if (len != 24) {
		drop(fd);
		return 0;
	}
	memcpy(text, key, 24);
	memcpy(text + 24, guid, sizeof guid - 1);
	sha1(text, 24 + sizeof guid - 1, sum);
	base64(sum, answer + sizeof answer - 1 - 4 - 28);
	if (!send_all(fd, answer, sizeof answer - 1))
		return 0;
	conns[fd].slot = sockets_len;
	sockets[sockets_len++] = fd;
	return 1;
}

/* Serves the request at the start of p. Returns its length, 0 when it is not
 * all there, -1 when the connection is gone. */
static ssize_t request(int fd, const char *p, size_t len) {
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
	const char *end = memmem(p, len, "\r\n\r\n", 4);
	size_t n, body = 0;
	if (!end)
		return 0;
	end += 4;
	const char *value = header(p, end, "Sec-WebSocket-Key", &n);
	if (value)
		return upgrade(fd, value, n) ? end - p : -1;
	if ((value = header(p, end, "Content-Length", &n)))
		body = strtoul(value, NULL, 10);
	if (body > REQUEST_MAX) {
		drop(fd);
		return -1;
	}
	if ((size_t)(end - p) + body > len)
		return 0;
	if (!send_all(fd, ok, sizeof ok - 1))
		return -1;
	if (body > 0)
		post(end, body);
	return conns[fd].open ? end - p + (ssize_t)body : -1;
}

/* Serves what came before the upgrade; afterwards everything is ignored. */
static void requests(int fd, char *p, size_t len) {
	struct conn *c = &conns[fd];
	while (len > 0 && c->slot < 0) {
		ssize_t n = request(fd, p, len);
		if (n < 0)
			return;
		if (n == 0)
			break;
		p += n;
		len -= (size_t)n;
	}
	free(c->rest);
	c->rest = NULL;
	c->rest_len = 0;
	if (len == 0 || c->slot >= 0)
		return;
	if (len > REQUEST_MAX || !(c->rest = malloc(len))) {
		drop(fd);
		return;
	}
	memcpy(c->rest, p, len);
	c->rest_len = len;
}

static void readable(int fd) {
	static char buf[READ_BYTES];
	struct conn *c = &conns[fd];
	memcpy(buf, c->rest ? c->rest : "", c->rest_len);
	ssize_t n = recv(fd, buf + c->rest_len, sizeof buf - c->rest_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		drop(fd);
	else if (c->slot < 0)
		requests(fd, buf, c->rest_len + (size_t)n);
}

static void watch(int fd) {
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die("epoll_ctl");
}

static void acceptable(int listener) {
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				die("accept4");
			return;
		}
		if (fd >= max_conns) {
			close(fd);
			continue;
		}
		conns[fd].open = 1;
		conns[fd].slot = -1;
		readable(fd);
		if (conns[fd].open)
			watch(fd);
	}
}

/* --- the program -------------------------------------------------------- */

static int listen_on(int port) {
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof a;
	int one = 1, seconds = 5, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	/* Accepted sockets inherit it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	/* A connection is accepted when its request has come: that saves the event
	 * which would tell of it. Measured: 12 % of an upgrade. */
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("bind");
	if (listen(fd, 65535) < 0)
		die("listen");
	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("getsockname");
	printf("port %d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static void reserve(void) {
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		die("getrlimit");
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		die("setrlimit");
	max_conns = r.rlim_cur > 1100000 ? 1100000 : (int)r.rlim_cur;
	conns = calloc((size_t)max_conns, sizeof *conns);
	sockets = calloc((size_t)max_conns, sizeof *sockets);
	if (!conns || !sockets)
		die("calloc");
}

static void serve(int listener) {
	static struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, batch_len > 0 ? GATHER_MS : -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		if (n == 0)
			broadcast();
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener)
				acceptable(fd);
			else if (conns[fd].open)
				readable(fd);
		}
	}
}

int main(int argc, char **argv) {
	int port = 0, opt;
	while ((opt = getopt(argc, argv, "p:k:")) != -1) {
		if (opt == 'p') {
			port = atoi(optarg);
		} else if (opt == 'k' && atoi(optarg) > 0) {
			batch_max = atoi(optarg);
		} else {
			fprintf(stderr, "usage: limit [-p PORT] [-k FRAMES]\n");
			return 2;
		}
	}
	reserve();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die("epoll_create1");
	int listener = listen_on(port);
	watch(listener);
	serve(listener);
}
