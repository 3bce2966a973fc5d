package database

// An app in use, as [Config.InUse] has it, is never forgotten: who holds its
// sessions has to be told when it changes or goes. The others stand in a queue,
// Store.idle, and leave from its front when it gets too long. Whoever was asked for
// meanwhile goes to the end once more. There newcomers stand, too, so that one whose
// first connection is about to count is not forgotten before it does.

// queueLocked makes an app one that may be forgotten.
func (s *Store) queueLocked(e *entry) { e.place = s.idle.PushBack(e) }

// unqueueLocked makes it one that may not.
func (s *Store) unqueueLocked(e *entry) {
	if e.place != nil {
		s.idle.Remove(e.place)
		e.place = nil
	}
}

// succeedLocked gives an entry the place of the one before.
func (s *Store) succeedLocked(old, now *entry) {
	now.used.Store(old.used.Load())
	if now.place = old.place; now.place != nil {
		now.place.Value = now
	}
}

// queueIdle finds the apps that are no longer in use. Those that have come into use
// are found when it is their turn to leave.
func (s *Store) queueIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.place == nil && !s.config.InUse(e.app.ID) {
			s.queueLocked(e)
		}
	}
	s.makeRoomLocked(s.config.MaxApps)
}

// makeRoomLocked keeps the bound: it forgets apps until no more than most are idle.
// Each look-up, and each connection that comes or goes, has it pass over one app at
// most, so it takes few steps on average.
func (s *Store) makeRoomLocked(most int) {
	spared := 0
	for s.idle.Len() > most {
		e := s.idle.Front().Value.(*entry)
		switch {
		case s.config.InUse(e.app.ID):
			s.unqueueLocked(e)
		case spared < s.idle.Len() && e.used.Swap(false): // once round at most, however fast they are asked for
			spared++
			s.idle.MoveToBack(e.place)
		default:
			s.evictLocked(e)
		}
	}
}

func (s *Store) evictLocked(e *entry) {
	if s.count.evicted.Add(1) == 1 {
		s.config.Log.Warn("apps that are not in use are forgotten, because there is no room for so many: raise the number of apps to keep", "max_apps", s.config.MaxApps)
	}
	s.forgetLocked(e)
}
