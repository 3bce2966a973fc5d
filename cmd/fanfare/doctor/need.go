package doctor

// Need is what the machine is to give.
type Need struct {
	Connections int64 `json:"connections"`
	TLS         bool  `json:"tls"`
	Loops       int64 `json:"loops"` // at least 1

	// Spare are the descriptors that the server keeps free of connections.
	Spare int64 `json:"spare_descriptors"`
	// Budgets are the bytes that may wait besides, when everything that has a
	// budget has used it up; those that are a part of the memory are in Part.
	Budgets int64   `json:"budgets"`
	Part    float64 `json:"budgets_part"` // 0 to 1, of the memory
	// IOUring tells that the configuration wants it.
	IOUring bool `json:"io_uring"`
	// LocalProxy tells that the configuration trusts a proxy on this machine, whose
	// connections to the server take ports of this machine.
	LocalProxy bool `json:"local_proxy"`
}

// descriptors are those that the process needs.
func (n *Need) descriptors() int64 { return n.Connections + n.Spare }

// perConnection is the memory of one connection at rest.
func (n *Need) perConnection(tracked bool) int64 {
	each := int64(ProcessBytes + KernelBytes)
	if n.TLS {
		each += TLSBytes
	}
	if tracked {
		each += TrackedBytes
	}
	return each
}
