// Package press is the application's servers in a soak: they publish by the signed
// HTTP API, each desk on channels of its own, one request at a time, so that the
// order of their messages is that of the channel. Some requests are made to be
// refused. It knows of every message what its publisher was told.
package press
