package http1

import "fmt"

// Error is a refusal: the status to answer with, and what was wrong and would be right, fit to be shown to the client.
// What it quotes of the request is bounded and escaped. The connection must be closed after the answer.
type Error struct {
	Status  int
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("http %d: %s", e.Status, e.Message)
}

// Response is the answer to send for e: the message as plain text, then close.
func (e *Error) Response() Response {
	return Response{
		Status:      e.Status,
		ContentType: "text/plain; charset=utf-8",
		Body:        append([]byte(e.Message), '\n'),
		Close:       true,
	}
}

// refuse builds an *Error. It returns the interface, so that no nil *Error can hide in a non-nil error.
func refuse(status int, format string, args ...any) error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// quoted bounds what a message repeats of the client's bytes; it is printed with %q.
func quoted(b []byte) []byte {
	const most = 48
	return b[:min(len(b), most)]
}
