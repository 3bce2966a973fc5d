// Package main proves that nobody notices an upgrade: it starts a server with
// webhooks and a control socket, runs scenario upgrade against it, has it upgraded
// by fanfare upgrade, and judges what clients and the application's webhooks got.
//
//	go run ./bench/upgrades -connections 10000
//
// The load is made by this process, so that it needs a descriptor for each
// connection, and each server as many. The webhooks go to receivers in this process
// (package inbox of the soak, and hearing): members of presence channels, private
// channels, and whispers, each of which has to be told exactly once and in order.
//
// The result is a page, its picture and a verdict on each claim, in bench/results.
package main
