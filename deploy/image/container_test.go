//go:build e2e

package image

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 30 * time.Second

// container is the image's command under way, in namespaces of its own.
type container struct {
	*image

	cmd  *exec.Cmd
	pid  string // of its process 1, as this machine counts
	gate io.WriteCloser
	done chan struct{}

	mu     sync.Mutex
	output bytes.Buffer // guarded by mu
}

// Write notes what the container prints.
func (c *container) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.output.Write(b)
}

func (c *container) log() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.output.String()
}

// enter prepares the folder of the image as a container runtime does: its root can't be written to but for the folders of the
// image's user. When standard input ends it becomes the command that the other arguments are, variables first.
const enter = `
root=$1
shift
mount --make-rprivate /
mount --bind "$root" "$root"
mkdir "$root/proc"
mount -t proc proc "$root/proc"
mount --bind "$root/run/fanfare" "$root/run/fanfare"
mount --bind "$root/var/lib/fanfare" "$root/var/lib/fanfare"
ip link set lo up
cat >/dev/null
mount -o remount,bind,ro "$root"
exec env -i "$@"
`

// start prepares the container. Files may be put into the image until release.
func (img *image) start() *container {
	img.t.Helper()
	c := &container{image: img, done: make(chan struct{})}
	uid, gid := img.ids()
	args := []string{
		"-m", "-p", "-f", "-n", "-i", "-u", "--kill-child=SIGKILL",
		"sh", "-euc", enter, "sh", img.root, "SSL_CERT_FILE=/etc/fanfare/ca.pem",
	}
	args = append(args, img.env...)
	args = append(args, "/usr/bin/unshare", "--root="+img.root, "--wd="+img.folder, fmt.Sprint("--setgid=", gid), fmt.Sprint("--setuid=", uid), "--")
	args = append(args, img.entrypoint...)
	c.cmd = exec.Command("unshare", append(args, img.cmd...)...)
	c.cmd.Stdout, c.cmd.Stderr = c, c
	var err error
	c.gate, err = c.cmd.StdinPipe()
	img.check(err)
	img.check(c.cmd.Start())
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait()
	}()
	img.t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.done
	})
	c.eventually(func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", c.cmd.Process.Pid))
		if c.pid = strings.TrimSpace(string(children)); err != nil || c.pid == "" {
			return fmt.Errorf("unshare has no child: %w", err)
		}
		return nil
	})
	return c
}

// release has the image's command begin.
func (c *container) release() { c.check(c.gate.Close()) }

// command is a program of the image in the container, as the image's user.
func (c *container) command(ctx context.Context, args ...string) *exec.Cmd {
	uid, gid := c.ids()
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{
		"-t", c.pid, "-m", "-n", "-p", "-i", "-u", "-r", "-w",
		fmt.Sprint("--setgid=", gid), fmt.Sprint("--setuid=", uid), "--",
	}, args...)...)
	cmd.Env = c.env
	return cmd
}

func (c *container) run(args ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	out, err := c.command(ctx, args...).CombinedOutput()
	return string(out), err
}

// tail subscribes to a channel, and gives the first event.
func (c *container) tail(channel string) <-chan string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := c.command(ctx, "/usr/local/bin/fanfare", "tail", channel)
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	c.check(cmd.Start())
	c.t.Cleanup(func() {
		cancel()
		_ = write.Close()
		_ = cmd.Wait()
	})
	lines, event := bufio.NewScanner(read), make(chan string, 1)
	if lines.Scan(); lines.Text() != "fanfare: subscribed to "+channel {
		c.t.Fatalf("tail: %s", lines.Text())
	}
	go func() {
		lines.Scan()
		event <- lines.Text()
		_, _ = io.Copy(io.Discard, read)
	}()
	return event
}

// receiver takes webhooks by TLS, in the container's network.
func (c *container) receiver() (s *httptest.Server, told <-chan string) {
	c.t.Helper()
	hooks := make(chan string, 10)
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		hooks <- string(body)
	}))
	_ = s.Listener.Close()
	c.eventually(func() (err error) {
		s.Listener, err = c.listen()
		return err
	})
	s.StartTLS()
	c.t.Cleanup(s.Close)
	return s, hooks
}

// listen opens a port in the container's network, from a thread that is there and never comes back.
func (c *container) listen() (ln net.Listener, err error) {
	network, err := os.Open("/proc/" + c.pid + "/ns/net")
	if err != nil {
		return nil, err
	}
	defer network.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err == nil {
			ln, err = net.Listen("tcp", "127.0.0.1:0")
		}
	}()
	<-done
	return ln, err
}

// stop asks process 1 to end.
func (c *container) stop() (code int) {
	c.t.Helper()
	var pid int
	_, err := fmt.Sscan(c.pid, &pid)
	c.check(err)
	c.check(syscall.Kill(pid, syscall.SIGTERM))
	return c.wait()
}

func (c *container) wait() (code int) {
	c.t.Helper()
	select {
	case <-c.done:
		return c.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		c.t.Fatalf("still there after %v\n%s", patience, c.log())
		return 0
	}
}

// eventually repeats a check until it passes.
func (c *container) eventually(check func() error) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); ; {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-c.done:
			c.t.Fatalf("it has ended: %v\n%s", err, c.log())
		case <-end:
			c.t.Fatalf("not within %v: %v\n%s", patience, err, c.log())
		}
	}
}
