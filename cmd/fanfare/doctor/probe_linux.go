package doctor

import (
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/doctor/machine"
	"fanfare/engine"
)

// probe tries what no file tells. It takes a few milliseconds.
func probe() machine.Probes {
	p := machine.Probes{PageSize: int64(os.Getpagesize()), ClockCost: clockCost(), Rings: rings()}
	if err := engine.TryIOUring(); err != nil {
		p.IOUring = err.Error()
	}
	return p
}

// clockCost is what reading the time takes: the least of a few rounds, so that
// being interrupted does not count.
func clockCost() time.Duration {
	const rounds, readings = 5, 1000
	least := time.Duration(1<<63 - 1)
	for range rounds {
		start := time.Now()
		for range readings - 1 {
			_ = time.Now()
		}
		least = min(least, time.Since(start)/readings)
	}
	return least
}

// ringParam is struct ethtool_ringparam of <linux/ethtool.h>.
type ringParam struct {
	cmd                                   uint32
	rxMax, rxMiniMax, rxJumboMax, txMax   uint32
	rxPending, rxMini, rxJumbo, txPending uint32
}

// request is struct ifreq of <linux/if.h> with its pointer.
type request struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte
}

// rings asks the drivers how many packets can wait in each network card. Many in
// virtual machines don't say.
func rings() map[string]machine.Ring {
	list, err := net.Interfaces()
	if err != nil {
		return nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	found := make(map[string]machine.Ring)
	for _, i := range list {
		if r, ok := ringOf(fd, i.Name); ok {
			found[i.Name] = r
		}
	}
	return found
}

func ringOf(fd int, name string) (machine.Ring, bool) {
	param := ringParam{cmd: unix.ETHTOOL_GRINGPARAM}
	var r request
	if copy(r.name[:], name) == len(r.name) {
		return machine.Ring{}, false // no room for the zero at its end
	}
	r.data = unsafe.Pointer(&param)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r)))
	return machine.Ring{Now: int64(param.rxPending), Most: int64(param.rxMax)}, errno == 0
}
