package tlsconn

import "strconv"

// Alert is an alert's description (RFC 8446 section 6).
type Alert uint8

// The alerts that records can cause.
const (
	CloseNotify       Alert = 0
	UnexpectedMessage Alert = 10
	BadRecordMAC      Alert = 20
	RecordOverflow    Alert = 22
	DecodeError       Alert = 50
	userCanceled      Alert = 90
	NoRenegotiation   Alert = 100
)

var alertNames = map[Alert]string{
	CloseNotify: "close_notify", UnexpectedMessage: "unexpected_message", BadRecordMAC: "bad_record_mac",
	RecordOverflow: "record_overflow", DecodeError: "decode_error", userCanceled: "user_canceled", NoRenegotiation: "no_renegotiation",
	40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
	45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied",
	51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	112: "unrecognized_name", 116: "certificate_required", 120: "no_application_protocol",
}

// String is the alert's name in RFC 8446.
func (a Alert) String() string {
	if name := alertNames[a]; name != "" {
		return name
	}
	return "alert " + strconv.Itoa(int(a))
}

// Error is why a connection can't go on. The peer is to be told by Conn.Alert.
type Error struct {
	Alert Alert
	Text  string
}

func (e *Error) Error() string { return "tls: " + e.Text + " (" + e.Alert.String() + ")" }

// RemoteError is that the peer has said why it does not go on.
type RemoteError Alert

func (e RemoteError) Error() string { return "tls: the peer ended with " + Alert(e).String() }
