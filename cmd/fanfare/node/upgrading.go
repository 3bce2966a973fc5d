//go:build unix

package node

import (
	"os"
	"sync"
	"time"

	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/handover"
)

// AskUpgrade has AskedUpgrade say that somebody wants an upgrade, or says why there
// will be none. Any goroutine, once Run has returned.
func (m *Main) AskUpgrade(r control.UpgradeRequest) error {
	if err := upgradable(); err != nil {
		return err
	}
	if err := m.leaving.claim(anUpgrade); err != nil {
		return err
	}
	m.upgrading.begin(&control.Upgrade{
		Step: control.Starting, Check: r.Check, Of: m.connections(), Upgraded: control.Upgraded{FromPID: os.Getpid(), FromVersion: m.Version},
	})
	m.upgrading.asked <- r
	return nil
}

// AskedUpgrade gives what AskUpgrade was asked for. It is the caller's to begin it.
func (m *Main) AskedUpgrade() <-chan control.UpgradeRequest { return m.upgrading.asked }

// upgrading is how far an upgrade is, for who asks.
type upgrading struct {
	asked chan control.UpgradeRequest // has room for the one that is under way

	mu     sync.Mutex
	last   *control.Upgrade // guarded by mu, and what it points to stays as it is; nil before any
	birth  control.Upgraded // guarded by mu: by which this process came to serve
	done   uint64           // guarded by mu: upgrades of this process and of those before it
	failed uint64           // guarded by mu: of the same, those called off
}

func (u *upgrading) begin(first *control.Upgrade) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last = first
}

// at is progress.
func (u *upgrading) at(change func(now *control.Upgrade)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		return
	}
	next := *u.last
	change(&next)
	u.last = &next
}

func (u *upgrading) step(s control.UpgradeStep) { u.at(func(now *control.Upgrade) { now.Step = s }) }

func (u *upgrading) moved(n int) { u.at(func(now *control.Upgrade) { now.Moved = n }) }

// ended is the end of one that changed nothing: it was tried, or called off with an
// error.
func (u *upgrading) ended(s handover.Summary, err error) {
	u.at(func(now *control.Upgrade) {
		now.Step, now.Upgraded = control.Checked, upgraded(&s)
		if err != nil {
			now.Step, now.Reason = control.CalledOff, err.Error()
		}
	})
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.failed++
	}
}

// came is how this process came to serve.
func (u *upgrading) came(s *handover.Summary) {
	u.mu.Lock()
	u.birth = upgraded(s)
	u.mu.Unlock()
	u.begin(&control.Upgrade{Step: control.TakenOver, Moved: s.Connections, Of: uint64(s.Connections + s.Cut), Upgraded: upgraded(s)})
}

// heritage is zero where nobody's place was taken.
func (u *upgrading) heritage() control.Upgraded {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.birth
}

// now is nil before any.
func (u *upgrading) now() *control.Upgrade {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last
}

func (u *upgrading) counts() (done, failed uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.done, u.failed
}

// count continues those of a predecessor.
func (u *upgrading) count(done, failed uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done, u.failed = done, failed
}

func upgraded(s *handover.Summary) control.Upgraded {
	return control.Upgraded{
		FromPID: s.FromPID, ToPID: s.ToPID, FromVersion: s.FromVersion, ToVersion: s.ToVersion,
		Connections: s.Connections, Cut: s.Cut, StateBytes: s.Bytes, Frozen: seconds(s.Frozen), Took: seconds(s.Took),
	}
}

// seconds leaves out what is smaller than a microsecond.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }
