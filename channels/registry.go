package channels

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/puzpuzpuz/xsync/v4"
)

const (
	// shards is the number of maps, a power of two.
	shards = 64

	// maxFormats is how many wire formats a channel's bit set can hold.
	maxFormats = 32
)

// Config is what a registry is made of.
type Config struct {
	// Mailboxes are the ways onto the loops; the index is the loop's number.
	// At least one.
	Mailboxes []Mailbox

	// Sinks are the wire formats; the index is the format's number. 1 to 32.
	Sinks []Sink

	// Witness is told what happens on channels; nil is told nothing.
	Witness Witness

	// CacheBytes bounds about how many bytes channels keep for those who join
	// later, all together. Beyond it those messages go first that would expire
	// first. 0 is no bound.
	CacheBytes int64

	// MaxSubscriptions bounds the subscriptions of all sessions together, each
	// of which takes a few hundred bytes that no other limit counts. Every loop
	// has its share, so that none has to ask the others. 0 is no bound.
	MaxSubscriptions int

	// CheckLoop is called at the start of every call that belongs to a loop
	// and is meant for tests: it panics when the caller is not that loop. Nil
	// checks nothing, which is the default.
	CheckLoop func(loop int)
}

// Registry is the set of all channels of all apps. See the package comment for
// who may call what.
type Registry struct {
	// Static after construction.
	mailboxes []Mailbox
	sinks     []Sink
	witness   Witness
	checkLoop func(loop int)
	share     int64 // subscriptions that one loop may have; 0 is no bound
	pad       [256]byte
	hashMask  uint64 // all ones; tests narrow it to force equal hashes

	shards [shards]*shard
	loops  []counters

	storage storage // what channels keep
	counts  agenda  // counts that were put off
}

// shard is one of the maps. The value is the first of a chain of channels with
// that hash. The chain is changed only under the map's lock for the key and is
// read without any: a channel taken out keeps its link, so that a reader who
// stands on it finds the way on.
type shard = xsync.Map[uint64, *channel]

// counters are changed by one loop and read by anyone. They fill their own
// cache lines, so that counting on one loop does not slow another.
type counters struct {
	channels      atomic.Int64 // with subscribers
	subscriptions atomic.Int64
	members       atomic.Int64
	_             [128 - 3*8]byte
}

// New returns an empty registry. It panics when the config can't work.
func New(cfg Config) *Registry {
	if len(cfg.Mailboxes) == 0 {
		panic("channels: Config.Mailboxes is empty; give one mailbox per loop")
	}
	if n := len(cfg.Sinks); n == 0 || n > maxFormats {
		panic(fmt.Sprintf("channels: Config.Sinks has %d entries; give 1 to %d, one per wire format", n, maxFormats))
	}
	r := &Registry{
		mailboxes: cfg.Mailboxes,
		sinks:     cfg.Sinks,
		witness:   cfg.Witness,
		checkLoop: cfg.CheckLoop,
		share:     int64(cfg.MaxSubscriptions+len(cfg.Mailboxes)-1) / int64(len(cfg.Mailboxes)),
		storage:   storage{limit: cfg.CacheBytes},
		hashMask:  ^uint64(0),
		loops:     make([]counters, len(cfg.Mailboxes)),
	}
	rand.Read(r.pad[:]) // never fails: the runtime crashes the process instead
	for i := range r.shards {
		r.shards[i] = xsync.NewMap[uint64, *channel]()
	}
	return r
}

// Tick does what is due: messages that channels keep expire, and counts that
// were put off are told. Call it about once a second, from a goroutine that is
// no loop.
func (r *Registry) Tick() {
	now := r.now()
	r.expire(now)
	r.tallyDue(now)
}

// now is the clock of what expires.
func (*Registry) now() time.Time { return time.Now() }

// tell tells the witness, if there is one.
func (r *Registry) tell(o Occasion) {
	if r.witness != nil {
		r.witness(o)
	}
}

// check lets tests notice a call on the wrong goroutine.
func (r *Registry) check(loop uint16) {
	if r.checkLoop != nil {
		r.checkLoop(int(loop))
	}
}

// hash returns the channel's place in the registry. XXH64 is no keyed hash: names
// can be made that collide whatever its seed is, and whatever stands before them,
// since it can be run backwards from values that are known. So all of the text is
// hidden under a secret pad first, and strangers can't choose names that fall on
// one place.
func (r *Registry) hash(app, name string) uint64 {
	var scratch [256]byte
	key := append(scratch[:0], app...)
	key = append(key, 0)
	key = append(key, name...)
	for rest := key; len(rest) > 0; {
		rest = rest[subtle.XORBytes(rest, rest, r.pad[:]):]
	}
	return xxhash.Sum64(key) & r.hashMask
}

// shard returns the map for a hash.
func (r *Registry) shard(hash uint64) *shard { return r.shards[hash%shards] }

// find returns the channel, or nil. It takes no lock and allocates nothing.
func (r *Registry) find(app, name string) *channel {
	hash := r.hash(app, name)
	head, _ := r.shard(hash).Load(hash)
	return head.find(app, name)
}

// obtain returns the channel and makes it if there is none.
func (r *Registry) obtain(app, name string) *channel {
	hash := r.hash(app, name)
	chains := r.shard(hash)
	head, _ := chains.Load(hash)
	if c := head.find(app, name); c != nil {
		return c
	}
	var c *channel
	chains.Compute(hash, func(head *channel, _ bool) (*channel, xsync.ComputeOp) {
		if c = head.find(app, name); c != nil {
			return head, xsync.CancelOp
		}
		c = newChannel(app, name)
		c.next.Store(head)
		return c, xsync.UpdateOp
	})
	return c
}

// remove takes a dead channel out. Whoever meets one may do it, so that nobody
// has to wait for the goroutine that found it dead first.
func (r *Registry) remove(c *channel) {
	hash := r.hash(c.app, c.name)
	r.shard(hash).Compute(hash, func(head *channel, _ bool) (*channel, xsync.ComputeOp) {
		if head == c {
			if head = c.next.Load(); head == nil {
				return nil, xsync.DeleteOp
			}
			return head, xsync.UpdateOp
		}
		head.unlink(c)
		return head, xsync.CancelOp
	})
}
