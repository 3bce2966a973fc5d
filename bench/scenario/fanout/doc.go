// Package fanout measures one channel with many subscribers, in a closed or an
// open loop, among other channels and beside connections that only ping.
package fanout
