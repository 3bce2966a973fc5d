package webhooks

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// load tells all events on disk that are not known by their number, oldest first,
// and what lingers. Rows that can't be read are dropped, counted and logged. It
// is called before start.
func (j *journal) load(known func(uint64) bool, tell func(address, event), lingers func(lingerer)) (err error) {
	defer j.damaged(&err)
	err = j.db.View(func(tx *bbolt.Tx) error {
		return errors.Join(
			tx.Bucket(eventBucket).ForEach(func(k, v []byte) error { j.loadEvent(k, v, known, tell); return nil }),
			tx.Bucket(lingerBucket).ForEach(func(k, _ []byte) error { j.loadLingerer(k, lingers); return nil }),
		)
	})
	if err != nil {
		return fmt.Errorf("cannot read %s (webhooks.dir): %w", j.path, err)
	}
	return j.renew()
}

func (j *journal) loadEvent(k, v []byte, known func(uint64) bool, tell func(address, event)) {
	var r row
	if len(k) != 8 {
		j.loadFailed(fmt.Errorf("its key has %d bytes", len(k)))
		return
	}
	number := binary.BigEndian.Uint64(k)
	if known(number) {
		return
	}
	if err := json.Unmarshal(v, &r); err != nil {
		j.loadFailed(err)
		j.remove(number)
		return
	}
	tell(address{app: r.App, url: r.URL, nth: r.Nth},
		event{number: number, created: r.Created, channel: r.Channel, json: r.Event})
}

func (j *journal) loadLingerer(k []byte, lingers func(lingerer)) {
	l, err := parseLingerer(k)
	if err != nil {
		j.loadFailed(err)
		return
	}
	lingers(l)
}

func (j *journal) loadFailed(err error) {
	j.sums.dropped[DropDisk].Add(1)
	j.log.Error("a webhook event on disk is unreadable and was dropped", "file", j.path, "error", err)
}

// renew makes a large file anew when there is nothing in it.
func (j *journal) renew() error {
	info, err := os.Stat(j.path)
	if err != nil || info.Size() < maxEmptyFile {
		return err
	}
	empty := true
	_ = j.db.View(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{eventBucket, lingerBucket} {
			key, _ := tx.Bucket(name).Cursor().First()
			empty = empty && key == nil
		}
		return nil
	})
	if !empty {
		return nil
	}
	if err := errors.Join(j.letGo(), os.Remove(j.path)); err != nil {
		return err
	}
	return j.open()
}
