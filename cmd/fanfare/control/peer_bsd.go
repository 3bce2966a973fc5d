//go:build darwin || freebsd

package control

import "golang.org/x/sys/unix"

// peerOf asks the kernel who has connected to a socket. The process is not told.
func peerOf(fd int) (peer, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return peer{}, err
	}
	return peer{uid: int(cred.Uid)}, nil
}
