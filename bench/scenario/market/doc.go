// Package market measures a feed of quotes: many channels, a few of them far
// busier than the others, each connection on some. It can search for the
// highest rate that is delivered in time.
package market
