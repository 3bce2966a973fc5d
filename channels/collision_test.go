package channels

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// XXH64's constants, and what undoes a multiplication by them.
const (
	prime1 = 11400714785074694791
	prime2 = 14029467366897019727
)

// lane is one of the four states into which XXH64 takes eight bytes of every 32.
func lane(state, word uint64) uint64 { return bits.RotateLeft64(state+word*prime2, 31) * prime1 }

// inverse undoes a multiplication by an odd number.
func inverse(odd uint64) uint64 {
	x := odd
	for range 5 { // each doubles the bits that are right, of which an odd number's own inverse has three
		x *= 2 - odd*x
	}
	return x
}

// twins gives n pairs of words, of which all that are put into a lane one after the other leave it in the same state: the
// second word makes up for the first. They consist of characters that a channel's name may have.
func twins(random *rand.Rand, state uint64, n int) (pairs [][2]uint64) {
	undo1, undo2 := inverse(prime1), inverse(prime2)
	goal := bits.RotateLeft64(lane(lane(state, word(random)), word(random))*undo1, -31)
	for len(pairs) < n {
		first := word(random)
		if second := (goal - lane(state, first)) * undo2; legal(second) {
			pairs = append(pairs, [2]uint64{first, second})
		}
	}
	return pairs
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-=@,.;"

// word draws eight legal characters.
func word(random *rand.Rand) (w uint64) {
	for range 8 {
		w = w<<8 | uint64(letters[random.IntN(len(letters))])
	}
	return w
}

func legal(w uint64) bool {
	for ; w > 0; w >>= 8 {
		if !isLetter[byte(w)] {
			return false
		}
	}
	return true
}

var isLetter = func() (is [256]bool) {
	for _, c := range []byte(letters) {
		is[c] = true
	}
	return is
}()

// Names can be chosen such that XXH64 gives them all one hash, whatever eight bytes stand before them: those go into one of
// its four lanes, and the names differ in others. A client with nothing but the app's public key could so make a channel of
// the registry a list of thousands, through which everybody's subscribes and publishes have to walk.
func TestNamesThatAreMadeToCollideDoNot(t *testing.T) {
	const app, each = "app", 16
	random := rand.New(rand.NewPCG(1, 2))
	const third, fourth = 0, (1<<64 - prime1) % (1 << 64) // the lanes' states at the beginning
	a, b := twins(random, third, each), twins(random, fourth, each)
	r := New(Config{Mailboxes: make([]Mailbox, 1), Sinks: make([]Sink, 1)})
	hashes := map[uint64]bool{}
	for _, x := range a {
		for _, y := range b {
			hashes[r.hash(app, collidingName(app, x, y))] = true
		}
	}
	if len(hashes) != each*each {
		t.Errorf("%d names have %d hashes", each*each, len(hashes))
	}
}

// collidingName puts the words where they get into the third and fourth lane of the first two stripes.
func collidingName(app string, third, fourth [2]uint64) string {
	const salt, stripe = 8, 32
	var text [2 * stripe]byte
	for i := range text {
		text[i] = 'x'
	}
	for i := range 2 {
		binary.LittleEndian.PutUint64(text[i*stripe+16:], third[i])
		binary.LittleEndian.PutUint64(text[i*stripe+24:], fourth[i])
	}
	return string(text[salt+len(app)+1:])
}
