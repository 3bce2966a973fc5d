package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/handover"
	"fanfare/engine"
)

// How long the other process has for an answer: to start and read its configuration,
// to take up what it was given while the loops stand still, and for all else.
const (
	startTime   = 30 * time.Second
	prepareTime = 3 * time.Second
	answerTime  = 10 * time.Second
)

// calledOffTime is how long the other process has to take the word that it is not wanted
// any more: it is ended anyway.
const calledOffTime = 10 * time.Millisecond

// stillThere is how often a process that waits for others tells its successor so.
const stillThere = time.Second

// helloTime is how long TLS handshakes have to end before the loops are held. Those
// that last longer are cut, as no process can go on with another's.
const helloTime = time.Second

// freezes is how often the loops are held if they do not come to rest, and pause what
// clients are served for between the first two times; it grows.
const (
	freezes = 5
	pause   = 250 * time.Millisecond
)

// HandOver has the process at the other end of the link take this node's place. It
// returns when that serves: what is left here is for Close, which sends nobody away. On
// an error this node serves as if nothing had been; end has been called before, which
// ends the other process and returns when it is gone, also when called again. When ctx
// ends before the last word, that is called off too. One at a time, and not while the
// node drains.
func (m *Main) HandOver(ctx context.Context, link *handover.Link, end func()) (handover.Summary, error) {
	d := newDonor(m, link)
	d.keep = context.AfterFunc(ctx, end)
	if err := d.run(ctx); err != nil {
		_ = link.Send(&handover.Message{CalledOff: &handover.CalledOff{Reason: err.Error()}}, calledOffTime) // who is gone need not know
		end()
		if ctx.Err() != nil {
			err = errEnding // whatever it looked like
		}
		return d.Summary, errors.Join(err, d.callOff())
	}
	d.Took = time.Since(d.began)
	return d.Summary, nil
}

var errEnding = errors.New("this process is to end")

// CheckHandOver asks whether the process at the other end could take this node's
// place. The error says why not.
func (m *Main) CheckHandOver(link *handover.Link) (handover.Summary, error) {
	d := newDonor(m, link)
	err := d.introduce(true)
	d.Took = time.Since(d.began)
	return d.Summary, err
}

// donor is the old process' half of the talk.
type donor struct {
	handover.Summary

	main  *Main
	link  *handover.Link
	keep  func() bool // has the new process outlive the context; false: it is too late for that
	rest  *rest
	n     int // connections lent
	began time.Time

	frames  engine.FrameWriter
	inParts bool // the new process takes what is written down in parts
}

func newDonor(m *Main, link *handover.Link) *donor {
	return &donor{Summary: handover.Summary{FromPID: os.Getpid(), FromVersion: m.Version}, main: m, link: link, began: time.Now()}
}

func (d *donor) run(ctx context.Context) error {
	if err := d.introduce(false); err != nil {
		return err
	}
	d.main.upgrading.step(control.Moving)
	if err := d.nameApps(); err != nil {
		return err
	}
	if err := d.main.engine.Lend(ctx, handover.Most, d.lend); err != nil {
		return err
	}
	d.rest = &rest{main: d.main}
	if err := d.suspendHooks(ctx); err != nil {
		return err
	}
	if err := d.rest.shut(); err != nil {
		return err
	}
	d.awaitHellos(ctx)
	if err := d.main.hooks.Sync(ctx); err != nil { // so that there is less to write while clients wait
		return err
	}
	if err := d.sendAhead(ctx); err != nil {
		return err
	}
	if err := d.main.engine.Lend(ctx, handover.Most, d.lend); err != nil {
		return err
	}
	return d.freeze(ctx)
}

// introduce makes the offer, and hears whether it is taken. A new process that does not
// want to hear of it may have said why.
func (d *donor) introduce(check bool) error {
	offered := d.main.offer(d.link, check)
	if err := d.hearHello(); err != nil {
		return err
	}
	return offered
}

// hear receives the other's next message, which may be a refusal.
func (d *donor) hear(patience time.Duration) (*handover.Message, error) {
	said, descriptors, err := d.link.Receive(patience)
	handover.CloseAll(descriptors)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the new process does not answer: %w", err)
	case said.Refusal != nil:
		return nil, fmt.Errorf("the new process refuses: %s", said.Refusal.Reason)
	}
	return said, nil
}

func (d *donor) hearHello() error {
	said, err := d.hear(startTime)
	if err != nil {
		return err
	}
	if said.Hello == nil {
		return errors.New("the new process says something else than hello")
	}
	d.inParts = said.Hello.InParts
	d.ToPID, d.ToVersion = said.Hello.PID, said.Hello.Version
	d.main.upgrading.at(func(now *control.Upgrade) { now.ToPID, now.ToVersion = d.ToPID, d.ToVersion })
	if most, n := uint64(said.Hello.MaxConnections), d.main.connections(); most > 0 && most < n {
		return fmt.Errorf("the new process has room for %d connections, and %d are open: raise server.max_connections, or its limit of descriptors (ulimit -n)", most, n)
	}
	return nil
}

// lend sends copies of descriptors, and waits until they were taken.
func (d *donor) lend(loans []engine.Loan) error {
	list, descriptors := handover.Loans{}, make([]int, 0, len(loans))
	for _, n := range loans {
		defer n.Close()
		list.Handles, descriptors = append(list.Handles, n.Handle), append(descriptors, n.Descriptor)
	}
	if err := d.link.Send(&handover.Message{Loans: &list}, answerTime, descriptors...); err != nil {
		return err
	}
	err := d.hearTaken()
	d.n += len(loans)
	d.main.upgrading.moved(d.n)
	return err
}

func (d *donor) hearTaken() error {
	said, err := d.hear(answerTime)
	if err == nil && said.Taken == nil {
		err = errors.New("the new process says something else than that it has taken what was sent")
	}
	return err
}

// sendAhead sends what waits for slow clients, which may be a lot, and most of which
// will still wait in the end.
func (d *donor) sendAhead(ctx context.Context) error {
	if !d.inParts {
		return nil
	}
	e, err := d.main.writeAhead(ctx, &d.frames)
	if err != nil {
		return err
	}
	defer e.close()
	descriptors, err := e.descriptors()
	if err != nil {
		return err
	}
	d.Bytes = e.bytes
	if err := d.link.Send(&handover.Message{Ahead: &handover.Streams{Names: e.names, Bytes: e.bytes}}, answerTime, descriptors...); err != nil {
		return err
	}
	return d.hearTaken()
}

// suspendHooks tells the other process again and again that the talk goes on, which it
// would give up otherwise.
func (d *donor) suspendHooks(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	suspended := make(chan error, 1)
	go func() { suspended <- d.rest.suspendHooks(ctx) }()
	still := time.NewTicker(stillThere)
	defer still.Stop()
	for {
		select {
		case err := <-suspended:
			return err
		case <-still.C:
			if err := d.lend(nil); err != nil {
				cancel()
				return errors.Join(err, <-suspended)
			}
		}
	}
}

func (d *donor) awaitHellos(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for ctx.Err() == nil {
		if h := d.main.engine.Stats().Handshakes; h.Open == 0 {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}

// freeze is the part during which clients hear nothing.
func (d *donor) freeze(ctx context.Context) error {
	d.main.upgrading.step(control.Freezing)
	began, err := d.rest.freezeAtLast(ctx)
	if err == nil {
		err = d.sendAll(ctx)
	}
	if err != nil {
		return err
	}
	said, err := d.hear(prepareTime)
	if err == nil && said.Prepared == nil {
		err = errors.New("the new process says something else than that it is prepared")
	}
	if err != nil {
		return err
	}
	d.Connections = said.Prepared.Connections - said.Prepared.Lost
	d.Cut += said.Prepared.Lost
	return d.goAhead(began)
}

// sendAll sends the connections that are not lent yet, and the state of all.
func (d *donor) sendAll(ctx context.Context) error {
	if err := d.lendRest(); err != nil {
		return err
	}
	e, err := d.rest.writeDown(ctx, &d.frames, d.inParts)
	if err != nil {
		return err
	}
	defer e.close()
	descriptors, err := e.descriptors()
	if err != nil {
		return err
	}
	d.Cut = e.left
	d.Bytes += e.bytes
	return d.link.Send(&handover.Message{Streams: &handover.Streams{Names: e.names, Bytes: e.bytes}}, answerTime, descriptors...)
}

func (d *donor) lendRest() error {
	lists, errs := make([][]engine.Loan, d.main.engine.Loops()), make([]error, d.main.engine.Loops())
	err := d.rest.hold.Each(func(l *engine.Loop) { lists[l.Index()], _, errs[l.Index()] = l.Lend(0, mostLate) })
	err = errors.Join(errors.Join(errs...), err)
	for _, loans := range lists {
		for len(loans) > 0 {
			n := min(len(loans), handover.Most)
			if err == nil {
				err = d.lend(loans[:n])
			}
			loans = loans[n:]
		}
	}
	return err
}

// mostLate is how many connections of a loop may be lent while it is held: those that
// came since it was last asked.
const mostLate = 1000

// goAhead is the last word. Once it is said, all is the other's, whatever happens.
func (d *donor) goAhead(frozen time.Time) error {
	if !d.keep() {
		return errEnding
	}
	d.main.handing()
	d.Frozen, d.Took = time.Since(frozen), time.Since(d.began)
	if err := d.link.Send(&handover.Message{Go: &handover.Go{Summary: d.Summary}}, answerTime); err != nil {
		return err
	}
	if told := d.main.Succeeded; told != nil {
		told(d.ToPID)
	}
	if _, err := d.hear(answerTime); err != nil {
		d.main.Log.Warn("the new process owns everything, and does not say that it serves", "error", err)
	}
	d.Frozen = time.Since(frozen)
	if err := d.rest.leave(); err != nil {
		d.main.Log.Warn("what was handed over could not all be let go of", "error", err)
	}
	return nil
}

// callOff has the node go on, once the other process is gone.
func (d *donor) callOff() error {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	var err error
	if d.rest != nil {
		err = d.rest.wake()
	}
	return errors.Join(err, d.main.engine.Reclaim(ctx))
}
