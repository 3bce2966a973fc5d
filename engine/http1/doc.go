// Package http1 reads HTTP/1.1 requests and writes responses for an event loop: bytes in, bytes out.
//
// It owns no socket, buffer, timer or goroutine, and nothing in it blocks. A Request, a Chunks and the buffers given to
// them belong to one goroutine at a time; everything else may be called from anywhere. Whatever a Request points to is
// borrowed from the head that was parsed, and dies with it.
//
// The way of a request on a loop:
//
//  1. [HeadEnd] finds the blank line. Until it does, [Partial] says whether what has arrived may still become a
//     request within the limits.
//  2. [Parse] reads the head. Its refusals are [Error] values: the status to answer with, and a sentence that says what
//     would be right.
//  3. The body is the next ContentLength bytes, or what [Chunks] decodes.
//  4. [AppendResponse] writes the answer.
//
// The parser is strict where two readers of the same bytes could disagree on where a request ends (RFC 9112 section
// 11.2, request smuggling): it repairs nothing. After any error the place where the next request starts is
// unknown: answer, then close. Everything accepted here net/http accepts too, and reads the same way; the fuzz targets
// hold the package to that.
//
// It does not route, decode bodies, compress, or speak HTTP/2, and it is not a proxy: CONNECT is refused.
package http1
