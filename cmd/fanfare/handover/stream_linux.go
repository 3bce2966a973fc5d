package handover

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Writer writes a stream down: a file in memory that is handed over by its descriptor.
// For one goroutine.
type Writer struct {
	file  *os.File
	bytes *bufio.Writer
	gobs  *gob.Encoder
}

// NewWriter makes an empty stream. The name is for who looks at the process.
func NewWriter(name string) (*Writer, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("cannot make a file in memory for the hand-over: %w", os.NewSyscallError("memfd_create", err))
	}
	w := &Writer{file: os.NewFile(uintptr(fd), name)}
	w.bytes = bufio.NewWriterSize(w.file, 256<<10)
	w.gobs = gob.NewEncoder(w.bytes)
	return w, nil
}

// Put appends a value: exported plain data.
func (w *Writer) Put(v any) error { return w.gobs.Encode(v) }

// End makes the stream whole, and gives its length in bytes and its descriptor, which
// Close closes.
func (w *Writer) End() (size int64, descriptor int, err error) {
	if err := w.bytes.Flush(); err != nil {
		return 0, 0, err
	}
	if size, err = w.file.Seek(0, io.SeekCurrent); err != nil {
		return 0, 0, err
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	return size, int(w.file.Fd()), nil
}

// Close lets go of the file.
func (w *Writer) Close() error { return w.file.Close() }

// Reader reads a stream from its beginning. For one goroutine.
type Reader struct {
	file *os.File
	gobs *gob.Decoder
}

// NewReader owns the descriptor.
func NewReader(descriptor int, name string) *Reader {
	file := os.NewFile(uintptr(descriptor), name)
	return &Reader{file, gob.NewDecoder(bufio.NewReaderSize(file, 256<<10))}
}

// Next reads the next value; io.EOF is the end.
func (r *Reader) Next(v any) error {
	err := r.gobs.Decode(v)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("cannot read %s: %w", r.file.Name(), err)
	}
	return err
}

// Close lets go of the file.
func (r *Reader) Close() error { return r.file.Close() }
