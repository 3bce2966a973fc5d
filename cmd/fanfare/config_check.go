package main

import (
	"errors"
	"fmt"
	"strings"
)

// validate checks what no single key can tell.
func (l *loaded) validate() error {
	errs := []error{l.checkPathPrefix(), l.checkPorts()}
	for i := range l.Apps {
		errs = append(errs, l.checkApp(i))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err := l.store()
	return err
}

// checkApp tells what is wrong with an app, in lines that each name it and
// where it comes from.
func (l *loaded) checkApp(i int) error {
	err := l.Apps[i].record().Validate()
	if err == nil {
		return nil
	}
	app := fmt.Sprintf("app %q: ", l.Apps[i].ID)
	var errs []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		line = strings.TrimPrefix(line, app)
		line = strings.ReplaceAll(line, "limits.", "limit.") // the file's name of the table: limits is a key
		errs = append(errs, fmt.Errorf("%s: %s%s", l.origin(appPath(i)+"id"), app, line))
	}
	return errors.Join(errs...)
}

func (l *loaded) checkPathPrefix() error {
	p := l.Server.PathPrefix
	if p == "" || strings.HasPrefix(p, "/") && !strings.HasSuffix(p, "/") && !strings.ContainsAny(p, "?#% ") {
		return nil
	}
	return fmt.Errorf("server.path_prefix = %q (%s): want a path such as /rt, with a slash at its front and none at its end",
		p, l.origin("server.path_prefix"))
}

func (l *loaded) checkPorts() error {
	if l.Metrics.Enabled && l.Metrics.Port != 0 && l.Metrics.Port == l.Server.Port {
		return fmt.Errorf("metrics.port = %d (%s) is the port of server.port (%s): give each its own",
			l.Metrics.Port, l.origin("metrics.port"), l.origin("server.port"))
	}
	return nil
}
