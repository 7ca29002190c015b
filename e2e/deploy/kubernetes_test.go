package deploy

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// manifests are those of deploy/kubernetes.
type manifests struct {
	deployment appsv1.Deployment
	service    corev1.Service
	budget     policyv1.PodDisruptionBudget
	autoscaler autoscalingv2.HorizontalPodAutoscaler
	ingress    networkingv1.Ingress
	policy     networkingv1.NetworkPolicy
}

// readManifests reads every file of the folder into the type that it says it is: an
// unknown field, or one that is there twice, is an error.
func readManifests(t *testing.T) *manifests {
	t.Helper()
	m := &manifests{}
	types := map[string]struct {
		version, kind string
		into          any
	}{
		"deployment.yaml":              {"apps/v1", "Deployment", &m.deployment},
		"service.yaml":                 {"v1", "Service", &m.service},
		"poddisruptionbudget.yaml":     {"policy/v1", "PodDisruptionBudget", &m.budget},
		"horizontalpodautoscaler.yaml": {"autoscaling/v2", "HorizontalPodAutoscaler", &m.autoscaler},
		"ingress.yaml":                 {"networking.k8s.io/v1", "Ingress", &m.ingress},
		"networkpolicy.yaml":           {"networking.k8s.io/v1", "NetworkPolicy", &m.policy},
	}
	files, err := filepath.Glob(filepath.Join(root, "deploy/kubernetes/*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	if want := slices.Sorted(maps.Keys(types)); !slices.Equal(files, want) {
		t.Fatalf("deploy/kubernetes has %v; this test knows %v", files, want)
	}
	for name, of := range types {
		text := read(t, "deploy/kubernetes/"+name)
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal([]byte(text), &head); err != nil || head.APIVersion != of.version || head.Kind != of.kind {
			t.Errorf("%s is %s %s, %v; want %s %s", name, head.APIVersion, head.Kind, err, of.version, of.kind)
		}
		if err := yaml.UnmarshalStrict([]byte(text), of.into, yaml.DisallowUnknownFields); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return m
}

func (m *manifests) container() corev1.Container {
	return m.deployment.Spec.Template.Spec.Containers[0]
}

func TestManifestsBelongTogether(t *testing.T) {
	m := readManifests(t)
	pod := labels.Set(m.deployment.Spec.Template.Labels)
	if !labels.SelectorFromSet(m.deployment.Spec.Selector.MatchLabels).Matches(pod) {
		t.Error("the deployment does not select its pods")
	}
	for what, selector := range map[string]map[string]string{
		"service": m.service.Spec.Selector, "disruption budget": m.budget.Spec.Selector.MatchLabels, "network policy": m.policy.Spec.PodSelector.MatchLabels,
	} {
		if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(pod) {
			t.Errorf("the %s selects %v, and the pods are %v", what, selector, pod)
		}
	}
	for _, spread := range m.deployment.Spec.Template.Spec.TopologySpreadConstraints {
		if !labels.SelectorFromSet(spread.LabelSelector.MatchLabels).Matches(pod) {
			t.Errorf("the spread over %s does not select the pods", spread.TopologyKey)
		}
	}
	if target := m.autoscaler.Spec.ScaleTargetRef; target.Kind != m.deployment.Kind || target.APIVersion != m.deployment.APIVersion || target.Name != m.deployment.Name {
		t.Errorf("the autoscaler is of %+v", target)
	}
	least, most := *m.autoscaler.Spec.MinReplicas, m.autoscaler.Spec.MaxReplicas
	if most <= least || least <= int32(m.budget.Spec.MaxUnavailable.IntValue()) {
		t.Errorf("%d to %d pods by the autoscaler, %v of which may be away", least, most, m.budget.Spec.MaxUnavailable)
	}
	if replicas := m.deployment.Spec.Replicas; replicas != nil {
		t.Errorf("%d replicas in the deployment: each kubectl apply would take away what the autoscaler has added", *replicas)
	}
}

// Ports have the same name everywhere, and the number at which the program listens.
func TestPortsAgree(t *testing.T) {
	m := readManifests(t)
	c := m.container()
	if len(c.Ports) != 1 || c.Ports[0].Name != "http" {
		t.Fatalf("ports %+v", c.Ports)
	}
	port := c.Ports[0]
	number := strconv.Itoa(int(port.ContainerPort))
	if !slices.Contains(c.Args, "0.0.0.0:"+number) {
		t.Errorf("the program is told %v, and the port is %s", c.Args, number)
	}
	if got := m.deployment.Spec.Template.Annotations["prometheus.io/port"]; got != number {
		t.Errorf("Prometheus is sent to port %s", got)
	}
	if got := m.service.Spec.Ports[0]; got.TargetPort.StrVal != port.Name || got.Name != "http" {
		t.Errorf("the service leads to %+v", got)
	}
	if got := m.policy.Spec.Ingress[0].Ports[0].Port.StrVal; got != port.Name {
		t.Errorf("the network policy is about %q", got)
	}
	for _, rule := range m.ingress.Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			if to := path.Backend.Service; to.Name != m.service.Name || to.Port.Name != m.service.Spec.Ports[0].Name {
				t.Errorf("%s leads to %+v", path.Path, to)
			}
		}
	}
	for what, probe := range map[string]*corev1.Probe{"readiness": c.ReadinessProbe, "liveness": c.LivenessProbe, "startup": c.StartupProbe} {
		if probe.HTTPGet.Port.StrVal != port.Name {
			t.Errorf("the %s probe asks port %v", what, probe.HTTPGet.Port)
		}
	}
}

// A pod has the time to drain before it is killed.
func TestTheGraceFitsTheDrain(t *testing.T) {
	m := readManifests(t)
	before := time.Duration(m.container().Lifecycle.PreStop.Sleep.Seconds) * time.Second
	if c := m.container().ReadinessProbe; before < 3*time.Second || c.PeriodSeconds > int32(before/time.Second) {
		t.Errorf("preStop takes %v; it must be enough for all to hear that the pod goes", before)
	}
	grace := time.Duration(*m.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	if needed := before + stop(t); grace < needed+2*time.Second {
		t.Errorf("the grace is %v; preStop and a drain take up to %v", grace, needed)
	}
}

func TestMemoryAndSecrets(t *testing.T) {
	m := readManifests(t)
	c := m.container()
	limit := c.Resources.Limits.Memory().Value()
	if _, limited := c.Resources.Limits[corev1.ResourceCPU]; limited {
		t.Error("the CPU has a limit, which holds pings up")
	}
	secrets := map[string]string{}
	for _, env := range c.Env {
		switch {
		case env.ValueFrom != nil:
			secrets[env.Name] = env.ValueFrom.SecretKeyRef.Key
		case env.Name == "GOMEMLIMIT":
			soft := resource.MustParse(strings.TrimSuffix(env.Value, "B"))
			if soft.Value() < limit*8/10 || soft.Value() > limit*95/100 {
				t.Errorf("GOMEMLIMIT is %s of a limit of %d bytes", env.Value, limit)
			}
		default:
			t.Errorf("%s is in the file", env.Name)
		}
	}
	if want := map[string]string{"CENTRIRPC_SECRET": "secret", "CENTRIRPC_REDIS": "redis"}; !maps.Equal(secrets, want) {
		t.Errorf("secrets %v; want %v", secrets, want)
	}
	if pod := m.deployment.Spec.Template.Spec.SecurityContext; !*pod.RunAsNonRoot || *c.SecurityContext.AllowPrivilegeEscalation || !*c.SecurityContext.ReadOnlyRootFilesystem {
		t.Error("the pod may more than it needs")
	}
}

// The fallback's tokens are in no log, and ingress-nginx asks another node as nginx does,
// as far as it can: DEPLOY.md says where it cannot.
func TestIngressAnnotations(t *testing.T) {
	m := readManifests(t)
	const prefix = "nginx.ingress.kubernetes.io/"
	conf := read(t, "deploy/nginx/centrirpc.conf")
	got := maps.Clone(m.ingress.Annotations)
	for name, setting := range map[string]string{
		"proxy-next-upstream": "\tproxy_next_upstream %s;", "proxy-next-upstream-tries": "\tproxy_next_upstream_tries %s;",
		"proxy-next-upstream-timeout": "\tproxy_next_upstream_timeout %ss;", "proxy-body-size": "\tclient_max_body_size %s;", "proxy-buffering": "\t\tproxy_buffering %s;",
	} {
		value := got[prefix+name]
		if line := strings.Replace(setting, "%s", value, 1); value == "" || !strings.Contains(conf, "\n"+line+"\n") {
			t.Errorf("%s is %q; nginx has no %q", name, value, line)
		}
		delete(got, prefix+name)
	}
	if want := map[string]string{
		prefix + "enable-access-log":     "false",
		prefix + "proxy-connect-timeout": "2", // the other two: TestTimeoutsFitThePings
		prefix + "proxy-read-timeout":    got[prefix+"proxy-read-timeout"],
		prefix + "proxy-send-timeout":    got[prefix+"proxy-send-timeout"],
	}; !maps.Equal(got, want) {
		t.Errorf("annotations %v besides; want %v: a name of which ingress-nginx knows nothing does nothing", got, want)
	}
}
