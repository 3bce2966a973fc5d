// Package rooms measures small presence channels whose members whisper, and
// come and go.
//
// Who has to be told what is kept apart from the connections: attendance knows
// who must have seen whom come and leave, hearing who must have heard which
// whispers. house is one run of it all.
package rooms
