// Package reference lists every key of the configuration as documents show it: help,
// the README's tables and the sample that fanfare init writes. All of it is made of
// the comments and tags in package config.
//
// Nothing here is kept between two calls: any goroutine may call any function.
package reference
