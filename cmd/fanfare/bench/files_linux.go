package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"fanfare/bench/report"
	"fanfare/cmd/fanfare/command"
)

// benchFiles are what a result is written to. They are opened before it is
// taken, so that a mistake in a path does not cost a run.
type benchFiles struct{ json, svg *benchFile }

type benchFile struct {
	*os.File

	flag string
	made bool // by us: there was none before
}

func (b *benching) openFiles() (files benchFiles, err error) {
	if b.json != "-" {
		files.json, err = openBenchFile("--json", b.json)
	}
	if err == nil {
		files.svg, err = openBenchFile("--svg", b.svg)
	}
	if err != nil {
		return benchFiles{}, errors.Join(err, files.discard())
	}
	return files, nil
}

// openBenchFile leaves what the file holds until there is something to replace
// it with.
func openBenchFile(flag, path string) (*benchFile, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no file was asked for, and a nil one takes nothing
	}
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, command.Usagef("%s=%s: cannot write there: %w", flag, path, err)
	}
	return &benchFile{f, flag, errors.Is(missing, os.ErrNotExist)}, nil
}

func (f benchFiles) write(doc *report.Document) error {
	return errors.Join(
		f.json.replace(doc.WriteJSON),
		f.svg.replace(func(w io.Writer) error {
			return report.WritePicture(w, report.Named{Name: doc.Target.Name(), Document: doc})
		}),
	)
}

func (f benchFiles) discard() error { return errors.Join(f.json.discard(), f.svg.discard()) }

// replace writes the file anew, once it is known with what.
func (f *benchFile) replace(write func(io.Writer) error) error {
	if f == nil {
		return nil
	}
	var content bytes.Buffer
	err := write(&content)
	if err == nil {
		err = f.Truncate(0)
	}
	if errors.Is(err, unix.EINVAL) {
		err = nil // a pipe or a device, such as /dev/stdout
	}
	if err == nil {
		_, err = f.Write(content.Bytes())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s=%s: %w", f.flag, f.Name(), err)
	}
	return nil
}

// discard closes the file, and removes it if it was not there before.
func (f *benchFile) discard() error {
	if f == nil {
		return nil
	}
	err := f.Close()
	if f.made {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// spareDescriptors are for everything but the connections of a scenario.
const spareDescriptors = 32

// enoughDescriptors raises the limit as far as it may be raised, returns it,
// and refuses what would not fit.
func enoughDescriptors(sockets int) (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	if limit.Cur < limit.Max {
		limit.Cur = limit.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return 0, os.NewSyscallError("setrlimit", err)
		}
	}
	if need := uint64(sockets) + spareDescriptors; need > limit.Max {
		return 0, command.Usagef("%s connections need %s descriptors, and the hard limit of this process (ulimit -Hn) is %s: "+
			"ask for fewer, or raise it as root with `ulimit -n %d` in the shell, or LimitNOFILE=%d in a systemd unit",
			report.Whole(uint64(sockets)), report.Whole(need), report.Whole(limit.Max), need, need)
	}
	return limit.Cur, nil
}
