package engine

// Handle names a connection's seat: which loop, which slot in it, and which
// of the slot's successive owners. It is what other goroutines keep instead
// of a pointer, a descriptor or a gnet.Conn: a handle whose connection has
// gone finds nobody, never somebody else. It is never 0.
//
// From the low end: 28 bits of slot, 12 bits of loop, 24 bits of generation.
// A generation returns after 16 million connections in one slot.
type Handle = uint64

const (
	slotBits = 28
	loopBits = 12
	genBits  = 24

	// MaxLoops is the largest number of loops: gnet's limit.
	MaxLoops = 256

	maxSlots = 1 << slotBits
	genMask  = 1<<genBits - 1
)

func makeHandle(loop int, slot, gen uint32) Handle {
	return uint64(gen)<<(slotBits+loopBits) | uint64(loop)<<slotBits | uint64(slot)
}

// LoopOf tells which loop a handle belongs to.
func LoopOf(h Handle) int { return int(h >> slotBits & (1<<loopBits - 1)) }

func slotOf(h Handle) uint32 { return uint32(h & (maxSlots - 1)) }

func genOf(h Handle) uint32 { return uint32(h >> (slotBits + loopBits)) }
