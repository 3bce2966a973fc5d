// Package notify measures a private channel for each connection, and messages
// to random ones.
package notify
