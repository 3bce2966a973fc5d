// Package auth makes and checks the signatures of the Pusher protocol: the
// tokens that open private and presence channels or sign a user in, and the
// signed query of an HTTP API request.
//
// Everything stands on a [Signer], which is an app's key and prepared secret.
// Clients of the server (the command line, tests, the load generator) sign
// with it, and the server checks with it:
//
//	signer := auth.NewSigner(key, secret)
//	token := signer.Token("1234.1234", "private-foobar")
//	err := auth.CheckChannel(signer, "1234.1234", "private-foobar", "", false, token)
//
// All functions are pure: no sockets, no clock of their own. They may be called
// by any goroutine, keep nothing of their arguments, and take less than a
// microsecond for a channel token. A check that succeeds allocates nothing.
//
// Where the hosted service's wording of a refusal is known, an error's text is
// exactly that, capital letter included: people search for it. What a stranger
// sent is echoed shortened.
package auth
