package kubernetes

import (
	"bytes"
	"os"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// manifests is everything in the folder, by kind.
type manifests struct {
	config     core.ConfigMap
	secret     core.Secret
	deployment apps.Deployment
	services   []core.Service
	ingress    networking.Ingress
	monitor    monitoring.ServiceMonitor
}

// load reads the files. A member that Kubernetes does not know, or that is there twice, is an error, and so is a kind that no
// test looks at.
func load(t *testing.T) *manifests {
	t.Helper()
	m := &manifests{}
	for _, file := range []string{"fanfare.yaml", "ingress.yaml", "servicemonitor.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
			m.add(t, file, document)
		}
	}
	if len(m.services) != 2 {
		t.Errorf("%d services", len(m.services))
	}
	return m
}

func (m *manifests) add(t *testing.T, file string, document []byte) {
	t.Helper()
	var kind meta.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var err error
	switch kind.APIVersion + " " + kind.Kind {
	case "v1 ConfigMap":
		err = yaml.UnmarshalStrict(document, &m.config)
	case "v1 Secret":
		err = yaml.UnmarshalStrict(document, &m.secret)
	case "apps/v1 Deployment":
		err = yaml.UnmarshalStrict(document, &m.deployment)
	case "v1 Service":
		var s core.Service
		err = yaml.UnmarshalStrict(document, &s)
		m.services = append(m.services, s)
	case "networking.k8s.io/v1 Ingress":
		err = yaml.UnmarshalStrict(document, &m.ingress)
	case "monitoring.coreos.com/v1 ServiceMonitor":
		err = yaml.UnmarshalStrict(document, &m.monitor)
	default:
		t.Errorf("%s: %s %s is in no test", file, kind.APIVersion, kind.Kind)
	}
	if err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

func (m *manifests) container() *core.Container {
	return &m.deployment.Spec.Template.Spec.Containers[0]
}

// port is the number of one of the container's ports.
func (m *manifests) port(name string) int32 {
	for _, p := range m.container().Ports {
		if p.Name == name {
			return p.ContainerPort
		}
	}
	return 0
}

// includes tells whether all labels of a selector are there.
func includes(labels, selector map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return len(selector) > 0
}

// What one part names, another one has.
func TestNames(t *testing.T) {
	m := load(t)
	pod := m.deployment.Spec.Template
	if !includes(pod.Labels, m.deployment.Spec.Selector.MatchLabels) {
		t.Errorf("the deployment selects %v, but its pods have %v", m.deployment.Spec.Selector, pod.Labels)
	}
	monitored := 0
	for _, s := range m.services {
		if !includes(pod.Labels, s.Spec.Selector) {
			t.Errorf("service %s selects %v, but pods have %v", s.Name, s.Spec.Selector, pod.Labels)
		}
		for _, p := range s.Spec.Ports {
			if m.port(p.TargetPort.StrVal) == 0 {
				t.Errorf("service %s: no container has a port %q", s.Name, p.TargetPort.StrVal)
			}
			if includes(s.Labels, m.monitor.Spec.Selector.MatchLabels) && p.Name == m.monitor.Spec.Endpoints[0].Port {
				monitored++
			}
			for _, rule := range m.ingress.Spec.Rules {
				if b := rule.HTTP.Paths[0].Backend.Service; b.Name == s.Name && b.Port.Name != p.Name {
					t.Errorf("the ingress leads to port %q of service %s", b.Port.Name, s.Name)
				}
			}
		}
	}
	if monitored != 1 {
		t.Errorf("the monitor finds %d ports", monitored)
	}
	m.checkVolumes(t)
}

func (m *manifests) checkVolumes(t *testing.T) {
	t.Helper()
	volumes := map[string]core.Volume{}
	for _, v := range m.deployment.Spec.Template.Spec.Volumes {
		volumes[v.Name] = v
	}
	for _, mount := range m.container().VolumeMounts {
		v, ok := volumes[mount.Name]
		if !ok {
			t.Errorf("there is no volume %s for %s", mount.Name, mount.MountPath)
		}
		for _, source := range projected(v) {
			if c := source.ConfigMap; c != nil && c.Name != m.config.Name {
				t.Errorf("there is no ConfigMap %s", c.Name)
			}
			if s := source.Secret; s != nil && s.Name != m.secret.Name {
				t.Errorf("there is no Secret %s", s.Name)
			}
		}
	}
}

func projected(v core.Volume) []core.VolumeProjection {
	if v.Projected == nil {
		return nil
	}
	return v.Projected.Sources
}

// One pod at a time, which may not do anything, and has what it takes to be of the class Guaranteed.
func TestPod(t *testing.T) {
	m := load(t)
	spec, pod, c := m.deployment.Spec, m.deployment.Spec.Template.Spec, m.container()
	if *spec.Replicas != 1 || spec.Strategy.Type != apps.RecreateDeploymentStrategyType {
		t.Errorf("%d replicas, strategy %s", *spec.Replicas, spec.Strategy.Type)
	}
	if *pod.EnableServiceLinks || *pod.AutomountServiceAccountToken {
		t.Error("it gets variables or a token that it has no use for")
	}
	sc, psc := c.SecurityContext, pod.SecurityContext
	if *sc.AllowPrivilegeEscalation || !*sc.ReadOnlyRootFilesystem || !*psc.RunAsNonRoot || psc.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault ||
		len(sc.Capabilities.Drop) != 1 || sc.Capabilities.Drop[0] != "ALL" || sc.Capabilities.Add != nil {
		t.Errorf("security contexts: %+v, %+v", sc, psc)
	}
	for name, limit := range c.Resources.Limits {
		if request := c.Resources.Requests[name]; request.Cmp(limit) != 0 {
			t.Errorf("%s: requested %v, limited to %v", name, request, limit)
		}
	}
	if len(c.Resources.Limits) != 2 {
		t.Errorf("limits: %v", c.Resources.Limits)
	}
}

// The pod fits the image.
func TestImage(t *testing.T) {
	m := load(t)
	text, err := os.ReadFile("../image/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	file, psc := string(text), m.deployment.Spec.Template.Spec.SecurityContext
	if *psc.RunAsUser != 65532 || *psc.RunAsGroup != 65532 || *psc.FSGroup != 65532 || !strings.Contains(file, "\nUSER 65532:65532\n") {
		t.Errorf("the pod runs as %d:%d, group %d", *psc.RunAsUser, *psc.RunAsGroup, *psc.FSGroup)
	}
	for _, mount := range m.container().VolumeMounts {
		if !strings.Contains(file, " "+mount.MountPath+"\n") {
			t.Errorf("the image has no %s", mount.MountPath)
		}
	}
	if program := m.container().Lifecycle.PreStop.Exec.Command[0]; !strings.Contains(file, `ENTRYPOINT ["`+program+`"]`) {
		t.Errorf("the image has no %s", program)
	}
}
