package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"fanfare/cmd/fanfare/command"
)

// version is set by the Makefile (-ldflags "-X main.version=v1.2.3") for a
// release; else the version control system's revision stands for it.
var version string

func versionCommand() *command.Command {
	return &command.Command{
		Name:  "version",
		Short: "print version, commit and platform",
		Flags: command.NewFlags("version"),
		Run: func(_ context.Context, c *command.Process, _ []string) error {
			_, err := fmt.Fprintf(c.Stdout, "fanfare %s (commit %s, %s, %s/%s)\n", c.Version, c.Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
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
