//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is what matters here of Grafana's form.
type dashboard struct {
	Title, UID    string
	SchemaVersion int
	Panels        []panel
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Annotations struct {
		List []struct{ Expr string }
	}
}

type panel struct {
	ID         int
	Type       string
	Title      string
	GridPos    struct{ X, Y, W, H int }
	Datasource struct{ Type, UID string }
	Targets    []struct {
		RefID      string
		Expr       string
		Datasource struct{ Type, UID string }
	}
	FieldConfig struct{ Defaults struct{ Unit string } }
}

const dashboardFile = deployed + "/grafana/fanfare.json"

func readDashboard(t *testing.T) *dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(must(os.ReadFile(dashboardFile))(t), &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// filled puts what Grafana would in the place of variables.
func filled(expr string) string {
	return strings.NewReplacer("$job", ".*", "$instance", ".*", "$__rate_interval", "30s", "$__from", "0", "$__to", "1e15").Replace(expr)
}

// absent are metrics that the server of these tests does not have: it has no apps database, and no TLS.
var absent = regexp.MustCompile(`^fanfare_(database|tls_certificate)_`)

var metricName = regexp.MustCompile(`\b(?:(?:fanfare|process|go|soketi)_[a-z0-9_]+|(?:up|ALERTS)\{)`)

// answersDashboard asks every question of the dashboard: each must be understood, and find something unless it looks for what
// has not happened.
func (p *prometheus) answersDashboard(t *testing.T) {
	t.Helper()
	for _, panel := range readDashboard(t).Panels {
		for _, target := range panel.Targets {
			expr := filled(target.Expr)
			switch {
			case strings.HasSuffix(expr, "> 0"), strings.Contains(expr, "> 0 or"), absent.MatchString(metricName.FindString(expr)):
				if _, err := p.query(expr); err != nil {
					t.Errorf("%s: %v", panel.Title, err)
				}
			default:
				p.finds(t, expr)
			}
		}
	}
}

// TestDashboard checks that it can be imported and laid out, and that there is every metric that it, or an alert, names.
func TestDashboard(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 36 {
		t.Errorf("title %q, uid %q, schema %d", d.Title, d.UID, d.SchemaVersion)
	}
	d.checkVariables(t)
	for i := range d.Panels {
		d.Panels[i].check(t)
	}
	d.checkLayout(t)
	known := watched(t).families(t)
	files := []string{deployed + "/prometheus/fanfare.rules.yml", dashboardFile}
	for _, file := range files {
		for _, name := range metricName.FindAllString(string(must(os.ReadFile(file))(t)), -1) {
			if base := familyOf(name); base != "up{" && base != "ALERTS{" && !known[base] && !absent.MatchString(base) {
				t.Errorf("%s: the server has no %s", file, name)
			}
		}
	}
	reference := string(must(os.ReadFile("../../../docs/metrics.md"))(t))
	for name := range known {
		if !strings.Contains(reference, "`"+name+"`") && !strings.HasPrefix(name, "soketi_process_") {
			t.Errorf("docs/metrics.md does not tell of %s", name)
		}
	}
}

// families are the names of a server's metrics.
func (s *server) families(t *testing.T) map[string]bool {
	t.Helper()
	res, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	names := map[string]bool{}
	for line := range bytes.Lines(must(io.ReadAll(res.Body))(t)) {
		if name, found := bytes.CutPrefix(line, []byte("# TYPE ")); found {
			names[string(bytes.Fields(name)[0])] = true
		}
	}
	return names
}

// familyOf takes off what a histogram's series have more.
func familyOf(name string) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			return base
		}
	}
	return name
}

// checkVariables wants the choice of a data source, a job and nodes.
func (d *dashboard) checkVariables(t *testing.T) {
	t.Helper()
	var got []string
	for _, v := range d.Templating.List {
		got = append(got, v.Type+" "+v.Name)
	}
	if want := []string{"datasource datasource", "query job", "query instance"}; !slices.Equal(got, want) {
		t.Errorf("the variables are %q, want %q", got, want)
	}
}

func (p *panel) check(t *testing.T) {
	t.Helper()
	if !slices.Contains([]string{"row", "stat", "timeseries", "heatmap"}, p.Type) || p.Title == "" {
		t.Errorf("panel %d is a %s with the title %q", p.ID, p.Type, p.Title)
	}
	if p.Type == "row" {
		return
	}
	if p.FieldConfig.Defaults.Unit == "" && p.Type != "heatmap" {
		t.Errorf("%s has no unit", p.Title)
	}
	if len(p.Targets) == 0 {
		t.Errorf("%s asks nothing", p.Title)
	}
	seen := map[string]bool{}
	for _, target := range p.Targets {
		if seen[target.RefID] || target.RefID == "" {
			t.Errorf("%s has no refId of its own for %s", p.Title, target.Expr)
		}
		seen[target.RefID] = true
		for _, uid := range []string{p.Datasource.UID, target.Datasource.UID} {
			if uid != "${datasource}" {
				t.Errorf("%s is bound to the data source %q", p.Title, uid)
			}
		}
		if strings.Count(target.Expr, `job=~"$job", instance=~"$instance"`) != len(metricName.FindAllString(target.Expr, -1)) {
			t.Errorf("%s does not choose jobs and nodes everywhere: %s", p.Title, target.Expr)
		}
	}
}

// checkLayout wants panels that are whole, inside the grid of 24 columns, and not on top of each other.
func (d *dashboard) checkLayout(t *testing.T) {
	t.Helper()
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range d.Panels {
		if g := p.GridPos; g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 || g.Y < 0 {
			t.Errorf("%s lies at %+v", p.Title, g)
		}
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Errorf("%s lies on %s", p.Title, other)
				}
				taken[[2]int{x, y}] = fmt.Sprintf("%s (%d)", p.Title, p.ID)
			}
		}
	}
}
