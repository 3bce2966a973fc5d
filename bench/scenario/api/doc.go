// Package api measures signed publishes without subscribers: what a request to
// the HTTP API costs.
package api
