// Package camera measures large frames at an even rate, each to the viewers of
// one camera.
package camera
