package webhooks

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	journalName = "webhooks.db"

	// commitEvery is how long the first change waits for others: one fsync for
	// all of them.
	commitEvery = 50 * time.Millisecond

	// commitAgain is the pause after a commit that failed.
	commitAgain = time.Second

	// maxCommit is how many changes go into one transaction: they are in memory
	// once more until it ends.
	maxCommit = 20_000

	// lockTimeout is how long another process may take to let go of the file.
	lockTimeout = 2 * time.Second

	// A file of this size is made anew when there is nothing in it at the start,
	// because bbolt's files do not shrink.
	maxEmptyFile = 64 << 20
)

// The buckets of the database: events by number, what lingers, and its own id, by
// which processes know that they have the same one.
var (
	eventBucket  = []byte("events")
	lingerBucket = []byte("lingering")
	aboutBucket  = []byte("about")
	idKey        = []byte("id")
)

// journal keeps on disk what is in the queues: changes are noted in memory, and
// committed together by its goroutine. A nil journal keeps nothing, and all its
// methods may be called. Methods never wait for the disk but for sync, and for
// those that open, read and close it. A database that is not open is opened by
// the next commit.
type journal struct {
	// Static after construction.
	path  string
	log   *slog.Logger
	sums  *sums
	dirty chan struct{}   // holds a token when there are changes
	asked chan chan error // wants a commit now, and its result
	done  sync.WaitGroup

	// Owned by the goroutine from start to close, and then by who calls those.
	db      *bbolt.DB // nil when it is not open
	id      string    // of the database
	failing bool
	quit    chan struct{}

	// Guarded by mu.
	mu      sync.Mutex
	changes changes
	held    map[lingerer]int // how often each is held, above 0
	most    int              // how large held has been
}

// changes are what is not committed yet.
type changes struct {
	puts    map[uint64]row
	removes map[uint64]struct{}
	held    map[lingerer]bool // those whose holding changed, and to what
}

func newChanges() changes {
	return changes{puts: map[uint64]row{}, removes: map[uint64]struct{}{}, held: map[lingerer]bool{}}
}

func (c *changes) empty() bool { return len(c.puts)+len(c.removes)+len(c.held) == 0 }

// row is an event on disk.
type row struct {
	App     string          `json:"app"`
	URL     string          `json:"url"`
	Nth     int             `json:"nth,omitempty"`
	Created int64           `json:"created"` // Unix milliseconds
	Channel string          `json:"channel"`
	Event   json.RawMessage `json:"event"`
}

// newJournal returns a journal that is not open.
func newJournal(dir string, log *slog.Logger, s *sums) *journal {
	return &journal{
		path: filepath.Join(dir, journalName), log: log, sums: s,
		dirty:   make(chan struct{}, 1),
		asked:   make(chan chan error),
		changes: newChanges(),
		held:    map[lingerer]int{},
	}
}

func (j *journal) open() (err error) {
	if j == nil {
		return nil
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.letGo())
		}
	}()
	defer j.damaged(&err)
	if err := j.makeFolder(); err != nil {
		return err
	}
	// The free list is written with each commit (NoFreelistSync is off). Without
	// it bbolt walks the file when it opens it, in a goroutine of its own, whose
	// panic at a damaged page nobody could recover from.
	options := &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType}
	db, err := bbolt.Open(j.path, 0o600, options)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("cannot open %s (webhooks.dir): another process uses it; give each its own folder", j.path)
	case err != nil:
		return fmt.Errorf("cannot open %s (webhooks.dir): %w; if it is damaged, move it away", j.path, err)
	}
	j.db = db
	err = db.Update(j.prepare)
	if err = errors.Join(err, syncFolder(filepath.Dir(j.path))); err != nil {
		return fmt.Errorf("cannot write to %s (webhooks.dir): %w", j.path, err)
	}
	return nil
}

// makeFolder may be called before open, to know early what is wrong. Nil does nothing.
func (j *journal) makeFolder() error {
	if j == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return fmt.Errorf("cannot make the folder webhooks.dir: %w", err)
	}
	return nil
}

// prepare makes what a new database lacks, and learns its id.
func (j *journal) prepare(tx *bbolt.Tx) error {
	_, err := tx.CreateBucketIfNotExists(eventBucket)
	_, err2 := tx.CreateBucketIfNotExists(lingerBucket)
	about, err3 := tx.CreateBucketIfNotExists(aboutBucket)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	if id := about.Get(idKey); id != nil {
		j.id = string(id)
		return nil
	}
	j.id = rand.Text()
	return about.Put(idKey, []byte(j.id))
}

// damaged makes an error of a panic: bbolt panics at pages that are damaged. To
// be deferred.
func (j *journal) damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s (webhooks.dir) is damaged: %v; move it away", j.path, p)
	}
}

// syncFolder makes a new file's name outlive a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// start begins to commit what is noted.
func (j *journal) start() {
	if j == nil {
		return
	}
	j.quit = make(chan struct{})
	j.done.Go(j.run)
}

// put notes an event. It must come before the event is in a queue, whence it
// may be removed at once.
func (j *journal) put(at address, e *event) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changes.puts[e.number] = row{App: at.app, URL: at.url, Nth: at.nth, Created: e.created, Channel: e.channel, Event: e.json}
	j.markLocked()
}

// remove notes that an event was delivered or dropped. If it has not been
// written yet it never will be.
func (j *journal) remove(number uint64) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, fresh := j.changes.puts[number]; fresh {
		delete(j.changes.puts, number)
		return
	}
	j.changes.removes[number] = struct{}{}
	j.markLocked()
}

// hold notes that something lingers, and release that it does not any more, or
// is in the queues. They are counted: something may linger again while an
// earlier end of it is on its way to the queues.
func (j *journal) hold(l lingerer) { j.holding(l, 1) }

func (j *journal) release(l lingerer) { j.holding(l, -1) }

func (j *journal) holding(l lingerer, n int) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if n += j.held[l]; n > 0 {
		j.held[l] = n
		j.most = max(j.most, len(j.held))
	} else if delete(j.held, l); len(j.held) == 0 && j.most > largeQueue {
		j.held, j.most = map[lingerer]int{}, 0 // maps do not shrink
	}
	j.changes.held[l] = n > 0
	j.markLocked()
}

func (j *journal) markLocked() {
	select {
	case j.dirty <- struct{}{}:
	default:
	}
}

// sync waits until all that was noted before is committed.
func (j *journal) sync(ctx context.Context) error {
	if j == nil {
		return nil
	}
	result := make(chan error, 1)
	select {
	case j.asked <- result:
		return <-result
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends what start began, commits what is noted, and lets go of the file.
func (j *journal) close() error {
	if j == nil {
		return nil
	}
	close(j.quit)
	j.done.Wait()
	return errors.Join(j.commit(), j.letGo())
}

// letGo closes the file, if it is open, with what was committed.
func (j *journal) letGo() error {
	if j == nil || j.db == nil {
		return nil
	}
	db := j.db
	j.db = nil
	return db.Close()
}

func (j *journal) run() {
	var due <-chan time.Time
	for {
		select {
		case <-j.dirty:
			if due == nil {
				due = time.After(commitEvery)
			}
		case <-due:
			due = nil
			if j.commit() != nil {
				due = time.After(commitAgain)
			}
		case result := <-j.asked:
			result <- j.commit()
		case <-j.quit:
			return
		}
	}
}

// commit writes all changes. What can't be written is kept for the next time;
// the queues' bounds are its bounds.
func (j *journal) commit() error {
	j.mu.Lock()
	c := j.changes
	j.changes = newChanges()
	j.mu.Unlock()
	for !c.empty() {
		if err := j.commitPart(&c); err != nil {
			j.putBack(c)
			j.commitFailed(err)
			return err
		}
	}
	if j.failing {
		j.failing = false
		j.log.Info("webhook events are written to disk again", "file", j.path)
	}
	return nil
}

func (j *journal) commitFailed(err error) {
	j.sums.diskFailures.Add(1)
	if !j.failing {
		j.failing = true
		j.log.Error("webhook events can't be written to disk: they are in memory only until they can", "file", j.path, "error", err)
	}
}

// putBack makes what could not be written part of the changes again. It adds
// those that came meanwhile to it, since they are fewer: loops may be waiting
// for the lock.
func (j *journal) putBack(c changes) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for number := range j.changes.removes {
		if _, fresh := c.puts[number]; fresh {
			delete(c.puts, number)
		} else {
			c.removes[number] = struct{}{}
		}
	}
	maps.Copy(c.puts, j.changes.puts)
	maps.Copy(c.held, j.changes.held)
	j.changes = c
}
