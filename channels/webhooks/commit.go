package webhooks

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

// commitPart writes up to maxCommit changes in one transaction, and takes them
// out of c when it is on disk. Events come before the release of what they
// lingered as, so that a crash in between tells twice and never not at all.
func (j *journal) commitPart(c *changes) (err error) {
	defer j.damaged(&err)
	if j.db == nil {
		if err := j.open(); err != nil {
			return err
		}
	}
	puts := slices.Sorted(maps.Keys(c.puts)) // in order bbolt fills its pages
	puts = puts[:min(len(puts), maxCommit)]
	removes := slices.Sorted(maps.Keys(c.removes))
	removes = removes[:min(len(removes), maxCommit-len(puts))]
	var lingerers []lingerer
	for l := range c.held {
		if len(puts)+len(removes)+len(lingerers) >= maxCommit {
			break
		}
		lingerers = append(lingerers, l)
	}
	err = j.db.Update(func(tx *bbolt.Tx) error {
		if err := writeEvents(tx.Bucket(eventBucket), c.puts, puts, removes); err != nil {
			return err
		}
		return writeLingerers(tx.Bucket(lingerBucket), lingerers, c.held)
	})
	if err != nil {
		return err
	}
	for _, n := range puts {
		delete(c.puts, n)
	}
	for _, n := range removes {
		delete(c.removes, n)
	}
	for _, l := range lingerers {
		delete(c.held, l)
	}
	return nil
}

func writeEvents(b *bbolt.Bucket, rows map[uint64]row, puts, removes []uint64) error {
	for _, n := range removes {
		if err := b.Delete(numberKey(n)); err != nil {
			return err
		}
	}
	for _, n := range puts {
		r := rows[n]
		if err := b.Put(numberKey(n), encodeRow(&r)); err != nil {
			return err
		}
	}
	return nil
}

func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func encodeRow(r *row) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it would change the event's bytes
	_ = e.Encode(r)        // strings, numbers and JSON of our own: it cannot fail
	return b.Bytes()
}

func writeLingerers(b *bbolt.Bucket, list []lingerer, held map[lingerer]bool) error {
	for _, l := range list {
		write := b.Delete
		if held[l] {
			write = func(key []byte) error { return b.Put(key, nil) }
		}
		if err := write(l.key()); err != nil {
			return err
		}
	}
	return nil
}

// key is a lingerer on disk: a JSON array of app, channel and, for a member,
// the user.
func (l lingerer) key() []byte {
	parts := []string{l.app, l.channel}
	if l.member {
		parts = append(parts, l.user)
	}
	b, _ := json.Marshal(parts) // strings: it cannot fail
	return b
}

func parseLingerer(key []byte) (lingerer, error) {
	var parts []string
	if err := json.Unmarshal(key, &parts); err != nil {
		return lingerer{}, err
	}
	switch len(parts) {
	case 2:
		return lingerer{app: parts[0], channel: parts[1]}, nil
	case 3:
		return lingerer{app: parts[0], channel: parts[1], user: parts[2], member: true}, nil
	}
	return lingerer{}, fmt.Errorf("%d parts are neither a channel nor a member", len(parts))
}
