// Package image holds the Dockerfile, and the test that runs what it makes: the
// files that its last stage copies, and nothing else, as the root of a process
// with the image's user, environment, folder and command.
//
// The test bears the build tag e2e, and has to run as root. It needs no builder of
// images: it carries the file's lines out itself, of which it knows those that
// there are.
package image
