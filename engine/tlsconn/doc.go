// Package tlsconn is TLS over bytes that are given and taken, for connections
// that live on an event loop. It knows no sockets and no loops.
//
// crypto/tls makes the handshake (Handshake), on a goroutine that lives only as
// long as that. The records after it are sealed and opened here (Conn), after
// RFC 8446 section 5 and, for TLS 1.2, RFC 5246 section 6.2.3.3, with the ciphers
// of crypto/cipher and x/crypto and the traffic secrets that crypto/tls tells by
// its KeyLogWriter. A tls.Conn can't be had without the buffers that its handshake
// has filled, 7 KB of heap each, nor can its keys be handed to another process; a
// Conn is 224 bytes of plain data, and its ciphers are made when they are needed
// (Conn.Rest).
//
// Only ciphers with forward secrecy and authenticated encryption are there: those
// of TLS 1.3, and ECDHE with AES-GCM or ChaCha20-Poly1305 of TLS 1.2. There is no
// renegotiation, no early data and no client certificate.
//
// A Conn is used by one goroutine at a time, a Handshake by the one that runs it
// and by one that feeds it.
package tlsconn
