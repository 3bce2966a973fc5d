package config

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
)

// RandomApp makes credentials in the form of the hosted service: a decimal id,
// and a key of 20 hexadecimal digits. The secret has 40: 160 bits.
func RandomApp() (App, error) {
	id, err := rand.Int(rand.Reader, big.NewInt(9_000_000))
	if err != nil {
		return App{}, fmt.Errorf("cannot make random credentials: %w", err)
	}
	return App{ID: fmt.Sprint(id.Int64() + 1_000_000), Key: randomHex(10), Secret: RandomSecret()}, nil
}

// RandomSecret is a secret in the form of the hosted service.
func RandomSecret() string { return randomHex(20) }

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
