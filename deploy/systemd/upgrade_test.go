//go:build e2e

package systemd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fanfare/deploy/page"
)

// Whoever upgrades as the page says, by the command and by the signal, has the service go on with another process. systemd
// takes it for the main one in everything, and a client hears what is published by way of each of them.
func TestUpgrade(t *testing.T) {
	m, upgrade := installed(t)
	m.run("systemctl start fanfare")
	heard := m.listen("http://localhost:6001")
	for _, block := range upgrade {
		m.succeeds(func() { m.run(block) })
		m.publish("http://localhost:6001")
	}
	m.checkHardening() // of the successor
	m.checkWatched()
	m.checkCalledOff()
	m.checkReloads()
	m.endures(heard, len(upgrade))
	m.checkStopsInOrder()
}

// The same with systemd's sockets: they go from one process to the next, and are there when the service is started again.
func TestUpgradeWithSocket(t *testing.T) {
	m, upgrade := installed(t)
	blocks, err := page.Commands("../../docs/systemd.md")
	if err != nil {
		t.Fatal(err)
	}
	m.run(blocks[slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, "fanfare.socket.d") })])
	heard := m.listen("http://localhost:80")
	for _, block := range upgrade {
		m.succeeds(func() { m.run(block) })
		m.publish("http://localhost:80")
	}
	if got := m.run("ss -Htlnp sport = :80"); !strings.Contains(got, "systemd") || !strings.Contains(got, m.property("MainPID")) {
		t.Errorf("port 80 is listened on by %s", got)
	}
	m.endures(heard, len(upgrade))
	m.checkRestarts()
	m.checkStop()
}

// A successor that stands still, and one that is killed, is the service's failure as its predecessor's would have been.
func TestSuccessorFails(t *testing.T) {
	m, upgrade := installed(t)
	m.run("systemctl start fanfare")
	for i, harm := range []string{"STOP", "KILL"} {
		m.succeeds(func() { m.run(upgrade[0]) })
		m.run("kill -" + harm + " " + m.property("MainPID"))
		m.eventually("it is started again", func() error {
			if m.number("NRestarts") != i+1 || m.property("ActiveState") != "active" {
				return errors.New("it is not")
			}
			return nil
		})
		m.run("fanfare health")
	}
	if got := m.run("journalctl --no-pager -o cat -u fanfare"); !strings.Contains(got, "SIGABRT: abort") || !strings.Contains(got, "goroutine 1 ") {
		t.Errorf("the journal does not tell what a successor was doing that stood still:\n%s", got)
	}
}

// At whatever moment of an upgrade the service is stopped, it stops in order, and nobody is left. At whatever moment its main process
// is killed, the service goes on: with the successor, or started again.
func TestEndsDuringUpgrade(t *testing.T) {
	m, upgrade := installed(t)
	m.run(`printf '[Service]\nEnvironment=FANFARE_DRAIN_DELAY=0 FANFARE_DRAIN_TIME=0\nRestartSec=100ms\n' >/etc/systemd/system/fanfare.service.d/quick.conf
systemctl daemon-reload`)
	for tick := range 10 {
		later := fmt.Sprintf("systemctl start fanfare\n%s\nsleep 0.0%02d\n", upgrade[1], tick*7)
		m.run(later + "systemctl stop fanfare")
		if got := m.properties("Result ExecMainStatus NRestarts ActiveState"); got != "success 0 0 inactive " {
			t.Errorf("stopped after %d ms: %s", tick*7, got)
		}
		m.run("! pgrep -x fanfare")
		m.run("main=$(systemctl start fanfare && systemctl show -P MainPID fanfare)\n" + later + "kill -KILL $main || true")
		m.eventually("the service goes on", func() error {
			if got := m.properties("ActiveState SubState"); got != "active running " {
				return errors.New("it is " + got)
			}
			_, err := m.try("fanfare health && test $(pgrep -cx fanfare) = 1")
			return err
		})
		m.run("systemctl stop fanfare")
	}
}

// installed is a machine where the page was followed up to the service's start, with a watchdog that is impatient, and what
// the page says of upgrades.
func installed(t *testing.T) (m *machine, upgrade []string) {
	m = boot(t)
	blocks, err := page.Commands("../../docs/systemd.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks[:2] {
		m.run(block)
	}
	m.run("mkdir /etc/systemd/system/fanfare.service.d && printf '[Service]\\nWatchdogSec=2\\n' >/etc/systemd/system/fanfare.service.d/soon.conf")
	m.run("systemctl daemon-reload")
	for _, block := range blocks {
		if strings.Contains(block, "fanfare upgrade") || strings.Contains(block, "USR2") {
			upgrade = append(upgrade, block)
		}
	}
	if len(upgrade) != 2 {
		t.Fatalf("the page has %d ways to upgrade, want the command and the signal", len(upgrade))
	}
	return m, upgrade
}

// succeeds wants an upgrade to change the main process, and nothing else about the service.
func (m *machine) succeeds(upgrade func()) {
	m.t.Helper()
	const always = "ActiveState SubState Result NRestarts ActiveEnterTimestampMonotonic"
	before, constant := m.property("MainPID"), m.properties(always)
	upgrade()
	m.eventually("another process is the main one", func() error {
		if m.property("MainPID") == before {
			return errors.New("it is " + before)
		}
		return nil
	})
	m.eventually("the former one is gone", func() error {
		if _, err := m.try("test -e /proc/" + before); err == nil {
			return errors.New("it is there")
		}
		return nil
	})
	if got := m.properties(always); got != constant {
		m.t.Errorf("%s: %s, and it was %s", always, got, constant)
	}
	main := m.property("MainPID")
	m.eventually("the journal has a line of each", func() error {
		for pid, what := range map[string]string{before: "handed over", main: "taken over"} {
			if got := m.run("journalctl --no-pager -o cat -u fanfare _PID=" + pid); !strings.Contains(got, `"msg":"`+what+`"`) {
				return fmt.Errorf("no %q of process %s", what, pid)
			}
		}
		return nil
	})
	if got := m.run("systemctl status --no-pager fanfare"); !strings.Contains(got, "Main PID: "+main+" (fanfare)") || !strings.Contains(got, `Status: "ready, connections: `) {
		m.t.Errorf("after an upgrade:\n%s", got)
	}
}

func (m *machine) properties(names string) (values string) {
	m.t.Helper()
	for name := range strings.FieldsSeq(names) {
		values += m.property(name) + " "
	}
	return values
}

// listen has a client listen from now on. What it has heard is told when the file /run/enough is there.
func (m *machine) listen(url string) (heard func() string) {
	m.t.Helper()
	heard = m.start(`fanfare tail orders --config /etc/fanfare/fanfare.toml --url ` + url + ` >/run/heard 2>&1 &
until [ -e /run/enough ]; do sleep 0.05; done
kill $!
cat /run/heard`)
	m.eventually("a client listens", func() error {
		_, err := m.try("fanfare publish orders created '{}' --config /etc/fanfare/fanfare.toml --url " + url + " && grep -q created /run/heard")
		return err
	})
	m.run(": >/run/heard")
	return heard
}

func (m *machine) publish(url string) {
	m.t.Helper()
	m.run("fanfare publish orders upgraded '{}' --config /etc/fanfare/fanfare.toml --url " + url)
}

// endures wants a client to have heard what was published, on one connection, and systemd to have noticed nothing odd.
func (m *machine) endures(heard func() string, times int) {
	m.t.Helper()
	m.run("touch /run/enough")
	if got := heard(); strings.Count(got, "upgraded") != times || strings.Count(got, "\n") != times-1 {
		m.t.Errorf("a client heard %q, want %d events and nothing else", got, times)
	}
	m.run("rm /run/enough")
	journal := m.run("journalctl --no-pager -o cat -u fanfare | grep -v 'the descriptor limit is small'")
	for _, bad := range []string{"not our child", "reception only permitted", "SIGKILL", `"level":"WARN"`} {
		if strings.Contains(journal, bad) {
			m.t.Errorf("the journal has %q:\n%s", bad, journal)
		}
	}
}

// checkWatched wants the watchdog to hear of the new process for longer than it waits.
func (m *machine) checkWatched() {
	m.t.Helper()
	before := m.number("WatchdogTimestampMonotonic")
	m.eventually("the watchdog hears that the new process is alive", func() error {
		if since := m.number("WatchdogTimestampMonotonic") - before; since < 5_000_000 {
			return fmt.Errorf("for %d us", since)
		}
		return nil
	})
	if got := m.number("NRestarts"); got != 0 {
		m.t.Errorf("it was restarted %d times", got)
	}
}

// checkCalledOff wants an upgrade that can't be done to change nothing.
func (m *machine) checkCalledOff() {
	m.t.Helper()
	before := m.property("MainPID")
	m.run("echo nonsense >>/etc/fanfare/fanfare.toml")
	if got := m.run("! fanfare upgrade --socket /run/fanfare/control.sock 2>&1"); !strings.Contains(got, "fanfare.toml:") || !strings.Contains(got, "called off") {
		m.t.Errorf("an upgrade to a configuration with a mistake: %s", got)
	}
	m.run("sed -i /nonsense/d /etc/fanfare/fanfare.toml")
	m.run("cp /usr/local/bin/fanfare /tmp/fanfare")
	if got := m.run("! fanfare upgrade --binary /tmp/fanfare --socket /run/fanfare/control.sock 2>&1"); !strings.Contains(got, "/tmp/fanfare: no such file") {
		m.t.Errorf("an upgrade to a program that the service can't see: %s", got)
	}
	if got := m.property("MainPID"); got != before {
		m.t.Errorf("process %s is the main one, it was %s", got, before)
	}
	m.run("fanfare health")
}

// checkReloads wants the new process to take up an app.
func (m *machine) checkReloads() {
	m.t.Helper()
	m.run("fanfare app add news --config /etc/fanfare/fanfare.toml && systemctl reload fanfare")
	m.eventually("the new process knows the app", func() error {
		out, err := m.try("fanfare publish --app-id news --config /etc/fanfare/fanfare.toml --url http://localhost:6001 orders created '{}'")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// checkStopsInOrder wants a stop to reach the new process, and to leave it the time that it needs.
func (m *machine) checkStopsInOrder() {
	m.t.Helper()
	main := m.property("MainPID")
	m.run("systemctl stop fanfare")
	if got := m.properties("Result ExecMainStatus NRestarts"); got != "success 0 0 " {
		m.t.Errorf("after a stop: %s", got)
	}
	if got := m.run("journalctl --no-pager -o cat -u fanfare _PID=" + main); !strings.Contains(got, `"msg":"draining`) || !strings.Contains(got, `"msg":"stopped"`) {
		m.t.Errorf("it did not stop in order:\n%s", got)
	}
}
