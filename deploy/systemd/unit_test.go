//go:build e2e

package systemd

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"fanfare/deploy/page"
)

// The page is followed line by line; then the service it has made is looked at.
func TestPage(t *testing.T) {
	m := boot(t)
	blocks, err := page.Commands("../../docs/systemd.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks {
		m.run(block)
	}
	if got := m.run("fanfare publish orders created '{}' --config /etc/fanfare/fanfare.toml --url http://localhost:80"); !strings.Contains(got, "published") {
		t.Errorf("publish: %s", got)
	}
	if got := m.property("StatusText"); got != "ready, connections: 0" && got != "ready, connections: 1" {
		t.Errorf("its status is %q", got)
	}
	m.checkHardening()
	m.checkReload()
	m.checkRestarts()
	m.checkStop()
}

// checkHardening looks at what the process has, and at what it has found in spite of it.
func (m *machine) checkHardening() {
	m.t.Helper()
	status := m.run("cat /proc/" + m.property("MainPID") + "/status")
	for _, line := range []string{"CapBnd:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(status, line+"\n") {
			m.t.Errorf("its status has no %q:\n%s", line, status)
		}
	}
	if strings.Contains(status, "Uid:\t0\t") {
		m.t.Error("it runs as root")
	}
	descriptors := m.run("ls -l /proc/" + m.property("MainPID") + "/fd")
	if !strings.Contains(descriptors, "anon_inode:[io_uring]") {
		m.t.Errorf("it has no io_uring:\n%s", descriptors)
	}
	// Of a small limit for descriptors, which may be this machine's, the server tells as well.
	journal := m.run("journalctl --no-pager -o cat -u fanfare | grep -v 'the descriptor limit is small'")
	for _, bad := range []string{"cannot tune", `"level":"WARN"`, `"level":"ERROR"`, "operation not permitted"} {
		if strings.Contains(journal, bad) {
			m.t.Errorf("the journal has %q:\n%s", bad, journal)
		}
	}
	metrics := m.run("curl -sSf http://localhost:9601/metrics")
	for _, name := range []string{"process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds"} {
		if !strings.Contains(metrics, "\n"+name+" ") {
			m.t.Errorf("metrics have no %s", name)
		}
	}
	m.run("test -f /var/lib/fanfare/webhooks/* -o -d /var/lib/fanfare/webhooks")
}

// checkReload has systemctl wait until an app of another file is served.
func (m *machine) checkReload() {
	m.t.Helper()
	m.run("fanfare app add news --config /etc/fanfare/fanfare.toml && systemctl reload fanfare")
	if got := m.property("ActiveState"); got != "active" {
		m.t.Errorf("after a reload it is %s", got)
	}
	m.run("fanfare publish --app-id news --config /etc/fanfare/fanfare.toml --url http://localhost:80 orders created '{}'")
	m.run("echo nonsense >>/etc/fanfare/fanfare.toml && systemctl reload fanfare")
	if got := m.run("journalctl --no-pager -o cat -u fanfare -n 20"); !strings.Contains(got, "the configuration was not reloaded") {
		m.t.Errorf("the journal does not tell of a bad file:\n%s", got)
	}
	m.run("sed -i /nonsense/d /etc/fanfare/fanfare.toml && fanfare health --url http://localhost:80")
}

// checkRestarts has clients call without a pause while the service is restarted three times: none is refused.
func (m *machine) checkRestarts() {
	m.t.Helper()
	calls := m.start(`n=0
until [ -e /run/enough ]; do curl -sSf -m 30 -o /dev/null http://localhost:80/up; n=$((n+1)); done
test $n -ge 3 && echo all answered`)
	before := m.property("MainPID")
	m.run("for i in 1 2 3; do systemctl restart fanfare; done; touch /run/enough")
	if got := calls(); got != "all answered" {
		m.t.Errorf("while it was restarted, clients got: %s", got)
	}
	if m.property("MainPID") == before {
		m.t.Error("it was not restarted")
	}
}

// checkStop ends the service in order, and the socket.
func (m *machine) checkStop() {
	m.t.Helper()
	m.run("systemctl stop fanfare.socket fanfare")
	if got := m.property("Result") + " " + m.property("ExecMainStatus"); got != "success 0" {
		m.t.Errorf("after a stop: %s", got)
	}
	if out, err := m.try("fanfare health --url http://localhost:80"); err == nil {
		m.t.Errorf("after a stop it is %s", out)
	}
}

// A server that stands still is ended, tells what it was doing, and is started again. One that can't be started is tried again.
func TestFailures(t *testing.T) {
	m := boot(t)
	blocks, err := page.Commands("../../docs/systemd.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks[:2] {
		m.run(block)
	}
	m.run("mkdir /etc/systemd/system/fanfare.service.d && printf '[Service]\\nWatchdogSec=2\\n' >/etc/systemd/system/fanfare.service.d/soon.conf")
	m.run("systemctl daemon-reload && systemctl start fanfare && kill -STOP $(systemctl show -P MainPID fanfare)")
	m.eventually("a stopped server is started again", func() error {
		if m.number("NRestarts") == 0 || m.property("ActiveState") != "active" {
			return errors.New("it is not")
		}
		return nil
	})
	if got := m.run("journalctl --no-pager -o cat -u fanfare"); !strings.Contains(got, "Watchdog timeout") ||
		!strings.Contains(got, "SIGABRT: abort") || !strings.Contains(got, "goroutine 1 ") {
		t.Errorf("the journal does not tell what it was doing:\n%s", got)
	}

	m.run("systemctl stop fanfare && echo nonsense >>/etc/fanfare/fanfare.toml && ! systemctl start fanfare && sed -i /nonsense/d /etc/fanfare/fanfare.toml")
	m.eventually("a server whose configuration was mended serves", func() error {
		_, err := m.try("fanfare health")
		return err
	})
}

// What systemd itself thinks of the units.
func TestVerdict(t *testing.T) {
	m := boot(t)
	m.run("install -m 0755 bin/fanfare /usr/local/bin/fanfare && groupadd --system fanfare-config")
	if got := m.run("systemd-analyze verify deploy/systemd/fanfare.service deploy/systemd/fanfare.socket 2>&1"); got != "" {
		t.Errorf("systemd-analyze verify: %s", got)
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=17", "fanfare.service").CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %s%v", out, err)
	}
}
