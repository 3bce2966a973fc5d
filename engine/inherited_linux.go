package engine

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// gnet can't be given sockets that listen already. So it is told to listen at
// places of its own, on free ports of loopback, and once it does, the descriptors
// are made to stand for the inherited sockets. Nobody is told of these ports, and
// who finds one in the moment that it exists is a client like any other.

// inherited are the sockets of Config.Listeners or TLSListeners, those on one address
// together.
type inherited []*family

// family are the sockets that listen on one address. One is served by all loops,
// which are woken together and take in turn what comes. Several, of which each has
// a queue of its own (SO_REUSEPORT), are dealt out among the loops; none is left
// without one.
type family struct {
	addr    string
	files   []*os.File
	stand   *claimed // where gnet listens in their stead: a place each
	places  []door   // gnet's descriptors of those
	sockets []int    // descriptors of files
}

// inherit looks at what was handed over and claims a place on each loop for it.
// It owns the files from then on, also when it fails.
func inherit(files []*os.File, loops int) (inherited, error) {
	var in inherited
	for i, f := range files {
		addr, fd, err := inheritedAddr(f)
		if err != nil {
			in.release()
			closeFiles(files[i:])
			return nil, fmt.Errorf("cannot serve the inherited socket %q: %w", f.Name(), err)
		}
		fam := in.family(addr)
		if fam == nil {
			fam = &family{addr: addr}
			in = append(in, fam)
		}
		fam.files, fam.sockets = append(fam.files, f), append(fam.sockets, fd)
	}
	for _, fam := range in {
		if err := fam.claim(loops); err != nil {
			in.release()
			return nil, err
		}
	}
	return in, nil
}

func inheritedAddr(f *os.File) (addr string, fd int, err error) {
	if fd, err = descriptorOf(f); err != nil {
		return "", 0, err
	}
	addr = boundAddr(fd)
	if kind, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); addr == "" || kind != unix.SOCK_STREAM || !listensOn(fd, []string{addr}) {
		return "", 0, fmt.Errorf("it is no TCP socket that listens: have the service manager pass one (ListenStream= with a port or ADDRESS:PORT, Accept=no)")
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return "", 0, os.NewSyscallError("fcntl", err)
	}
	err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // connections inherit it
	return addr, fd, os.NewSyscallError("setsockopt", err)
}

// descriptorOf is f.Fd, which would make the socket wait in accept: another process
// may be using it, too.
func descriptorOf(f *os.File) (fd int, err error) {
	raw, err := f.SyscallConn()
	if err == nil {
		err = raw.Control(func(d uintptr) { fd = int(d) })
	}
	return fd, err
}

func (in inherited) family(addr string) *family {
	for _, fam := range in {
		if fam.addr == addr {
			return fam
		}
	}
	return nil
}

// claim takes places for all sockets.
func (fam *family) claim(loops int) error {
	fam.stand = &claimed{}
	for range placesOf(len(fam.files), loops) {
		if _, err := fam.stand.claimOne("127.0.0.1", "0"); err != nil {
			return err
		}
	}
	return nil
}

// placesOf is how many places the sockets on one address need, each of which is on every
// loop, for each socket to be served by some loop.
func placesOf(sockets, loops int) int { return (sockets + loops - 1) / loops }

// placesFor is how many places sockets will need that nobody has looked at yet.
func placesFor(files []*os.File, loops int) (places int) {
	on := map[string]int{}
	for _, f := range files {
		if fd, err := descriptorOf(f); err == nil {
			on[boundAddr(fd)]++
		}
	}
	for _, sockets := range on {
		places += placesOf(sockets, loops)
	}
	return places
}

// addrs are those that clients know.
func (in inherited) addrs() (list []string) {
	for _, fam := range in {
		list = append(list, fam.addr)
	}
	return list
}

// places are the addresses that gnet is to listen on.
func (in inherited) places() (list []string) {
	for _, fam := range in {
		list = append(list, fam.stand.addrs...)
	}
	return list
}

// prepare finds the descriptors of gnet's places, once it has made those of all loops.
func (in inherited) prepare(loops int, pollers map[int]int) error {
	for _, fam := range in {
		if err := fam.prepare(loops, pollers); err != nil {
			in.release()
			return fmt.Errorf("cannot serve the inherited socket on %s: %w", fam.addr, err)
		}
	}
	return nil
}

func (fam *family) prepare(loops int, pollers map[int]int) error {
	for _, addr := range fam.stand.addrs {
		fam.places = append(fam.places, doorsOf(findListeners([]string{addr}), pollers)...)
	}
	if want := loops * len(fam.stand.addrs); len(fam.places) != want {
		return fmt.Errorf("%d of %d places for it were found in /proc/self/fd, with the epoll that watches them", len(fam.places), want)
	}
	return nil
}

// doors are where gnet accepts, before adopt and after it.
func (in inherited) doors() (list []door) {
	for _, fam := range in {
		list = append(list, fam.places...)
	}
	return list
}

// listeners are the descriptors by which gnet accepts.
func (in inherited) listeners() (list []int) {
	for _, d := range in.doors() {
		list = append(list, d.socket)
	}
	return list
}

// adopt puts the sockets where gnet's are, and lets go of the files.
func (in inherited) adopt() error {
	defer in.release()
	for _, fam := range in {
		for i, place := range fam.places {
			if err := place.impersonate(fam.sockets[i%len(fam.sockets)]); err != nil {
				return fmt.Errorf("cannot serve the inherited socket on %s: %w", fam.addr, err)
			}
		}
	}
	return nil
}

// impersonate makes the descriptor of one of gnet's listeners stand for a socket. That
// closes the listener, and so takes it out of the loop's epoll, where the socket has
// to be put in.
func (d door) impersonate(socket int) error {
	if err := unix.Dup3(socket, d.socket, unix.O_CLOEXEC); err != nil {
		return os.NewSyscallError("dup3", err)
	}
	return d.open()
}

// release lets go of the files, and of the places: what was adopted stays open.
func (in inherited) release() {
	for _, fam := range in {
		closeFiles(fam.files)
		if fam.stand != nil {
			fam.stand.release()
		}
		fam.files, fam.sockets = nil, nil
	}
}
