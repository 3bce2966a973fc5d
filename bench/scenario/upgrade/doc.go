// Package upgrade measures what clients notice when a new process takes the
// place of a server under load: nothing is what they should.
//
// A run has four kinds of clients. The audience sits in rooms, public, private
// and presence, and gets what is published. The guests are the rooms of
// scenario rooms: they whisper, come and go, and tear their frames. Sluggards
// have stopped reading, or nearly so, and have megabytes before them. Each kind
// checks all that it gets. succession is the upgrades themselves, and watch what
// the audience felt of them.
package upgrade
