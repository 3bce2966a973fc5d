package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the Makefile (-ldflags "-X main.version=v1.2.3") for a
// release; else the version control system's revision stands for it.
var version string

func versionCommand() *command {
	return &command{
		name:  "version",
		short: "print version, commit and platform",
		flags: newFlags("version"),
		run: func(_ context.Context, c *cli, _ []string) error {
			b := readBuild()
			_, err := fmt.Fprintf(c.stdout, "fanfare %s (commit %s, %s, %s/%s)\n", b.version, b.commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// build tells what this binary was made from.
type build struct{ version, commit string }

func readBuild() build {
	b := build{version: version, commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if ok && b.version == "" {
		b.version = info.Main.Version
	}
	if b.version == "" || b.version == "(devel)" {
		b.version = "devel"
	}
	if ok {
		b.commit = commitOf(info)
	}
	return b
}

func commitOf(info *debug.BuildInfo) string {
	commit, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	return commit + dirty
}
