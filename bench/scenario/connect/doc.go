// Package connect measures a storm of connections, over others that are being
// sent messages if it is asked for.
package connect
