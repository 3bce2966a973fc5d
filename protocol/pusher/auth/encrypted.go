package auth

import (
	"crypto/sha256"
	"encoding/base64"
)

// ChannelKey derives the key that encrypts one private-encrypted- channel:
// SHA-256 over the channel's name and the application's master key. The server
// needs neither; this is for those who publish and read.
func ChannelKey(channel string, masterKey []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(channel))
	h.Write(masterKey)
	return [sha256.Size]byte(h.Sum(nil))
}

// SharedSecret is ChannelKey as an application's auth endpoint returns it next
// to the token: in Base64, unsigned, never sent to the server.
func SharedSecret(channel string, masterKey []byte) string {
	key := ChannelKey(channel, masterKey)
	return base64.StdEncoding.EncodeToString(key[:])
}
