// Package config is everything that fanfare can be told: the Config with its
// defaults and documentation, and where its values come from.
//
// The comments and tags of the fields in config.go and config_app.go are the only
// place where a key is described: package setting makes flags, variables and files
// of them, package reference help, README and sample. Load reads all sources, and
// its error tells of everything that is wrong at once. It writes nothing: package
// appfile changes the file of apps.
//
// Nothing here starts anything or knows a socket, and nothing is kept between two
// calls: any goroutine may call any function. A Loaded is only read after Load has
// returned it. Secrets are in no error, and in what is printed only if asked for.
package config
