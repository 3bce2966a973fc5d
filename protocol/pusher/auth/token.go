package auth

import "fanfare/protocol/pusher/names"

// CheckChannel checks the auth value of a subscription. The signed text is
// SID:CH, or SID:CH:DATA when hasData is set, which the caller does exactly
// when the channel is a presence channel and channel_data was sent. Data is the
// string as it came out of the frame, never re-encoded.
//
// The channel's name must have passed names.CheckChannel before. The error is a
// [*FormatError], a [*KeyError] or a [*SignatureError].
func CheckChannel[T names.Text](s *Signer, socketID, channel, data T, hasData bool, auth T) error {
	key, sig, ok := split(auth)
	if !ok {
		return &FormatError{Channel: clip(channel)}
	}
	if !equal(key, s.key) {
		return &KeyError{Key: clip(key)}
	}
	c := s.get()
	defer s.put(c)
	c.text = append(c.text, socketID...)
	c.text = append(c.text, ':')
	c.text = append(c.text, channel...)
	if hasData {
		c.text = append(c.text, ':')
		c.text = append(c.text, data...)
	}
	return check(c, sig)
}

// CheckUser checks the auth value of a sign-in. The signed text is
// SID::user::USER_DATA, with the user data as it came out of the frame. The
// error is as with [CheckChannel].
func CheckUser[T names.Text](s *Signer, socketID, userData, auth T) error {
	key, sig, ok := split(auth)
	if !ok {
		return &FormatError{}
	}
	if !equal(key, s.key) {
		return &KeyError{Key: clip(key), SignIn: true}
	}
	c := s.get()
	defer s.put(c)
	c.text = append(c.text, socketID...)
	c.text = append(c.text, "::user::"...)
	c.text = append(c.text, userData...)
	return check(c, sig)
}

// check compares sig with the signature of c.text. Upper-case digits are wrong:
// no library prints them, and one spelling per signature is one less way to
// make a token look like another.
func check[T names.Text](c *scratch, sig T) error {
	if equal(c.sign(c.text), sig) {
		return nil
	}
	return &SignatureError{Text: clip(c.text), Got: clip(sig)}
}

// split takes KEY:SIGNATURE apart: one colon, and something on each side.
func split[T names.Text](auth T) (key, sig T, ok bool) {
	colon := -1
	for i := range len(auth) {
		if auth[i] != ':' {
			continue
		}
		if colon >= 0 {
			return key, sig, false
		}
		colon = i
	}
	if colon < 1 || colon == len(auth)-1 {
		return key, sig, false
	}
	return auth[:colon], auth[colon+1:], true
}
