package monitoring

import (
	"bytes"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	yaml "go.yaml.in/yaml/v3"
)

// scraping is a configuration of Prometheus, with the fields that are used of it: another
// one is a slip. (Prometheus' own reader has the libraries of all clouds compiled.)
type scraping struct {
	Global struct {
		ScrapeInterval     model.Duration `yaml:"scrape_interval"`
		EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	} `yaml:"global"`
	RuleFiles     []string `yaml:"rule_files"`
	ScrapeConfigs []struct {
		JobName string `yaml:"job_name"`
		Static  []struct {
			Targets []string `yaml:"targets"`
		} `yaml:"static_configs"`
		Kubernetes []struct {
			Role      string `yaml:"role"`
			Selectors []struct {
				Role  string `yaml:"role"`
				Label string `yaml:"label"`
			} `yaml:"selectors"`
		} `yaml:"kubernetes_sd_configs"`
		Relabel []*relabel.Config `yaml:"relabel_configs"`
	} `yaml:"scrape_configs"`
}

func deployed(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../deploy/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t *testing.T, path string, into any, strict bool) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(deployed(t, path)))
	decoder.KnownFields(strict)
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// alerted reports jobs that CentrirpcNodeDown does not ask for.
func alerted(t *testing.T, job string) {
	t.Helper()
	wanted := regexp.MustCompile(`up\{job=~"([^"]+)"\}`).FindSubmatch(deployed(t, "prometheus/alerts.yml"))
	if wanted == nil || !regexp.MustCompile("^(?:"+string(wanted[1])+")$").MatchString(job) {
		t.Errorf("the alerts ask for the job %q; the configuration has %q", wanted, job)
	}
}

// The scrape configuration has the alerts, the nodes of deploy/nginx, and a job of the
// name that the alerts ask for.
func TestTheScrapeConfigurationFitsTheAlerts(t *testing.T) {
	var read scraping
	decode(t, "prometheus/prometheus.yml", &read, true)
	if !slices.Equal(read.RuleFiles, []string{"alerts.yml"}) || len(read.ScrapeConfigs) != 1 {
		t.Fatalf("the configuration has %v, and %d jobs", read.RuleFiles, len(read.ScrapeConfigs))
	}
	if read.Global.EvaluationInterval != model.Duration(evaluationInterval) || read.Global.ScrapeInterval > model.Duration(time.Minute) {
		t.Errorf("global %+v; the alerts are tried every %v, with a sample a minute", read.Global, evaluationInterval)
	}
	job := read.ScrapeConfigs[0]
	alerted(t, job.JobName)
	var nodes []string
	for _, node := range regexp.MustCompile(`(?m)^\tserver (\S+) `).FindAllSubmatch(deployed(t, "nginx/centrirpc.conf"), -1) {
		nodes = append(nodes, string(node[1]))
	}
	if len(job.Static) != 1 || !slices.Equal(job.Static[0].Targets, nodes) {
		t.Errorf("scraped are %v, and nginx has %v", job.Static, nodes)
	}
}

// The job for Kubernetes finds the pods of deploy/kubernetes, at the port and the path
// that they name, and nothing else.
func TestTheScrapeJobFindsThePods(t *testing.T) {
	var read scraping
	decode(t, "prometheus/kubernetes.yml", &read, true)
	if len(read.ScrapeConfigs) != 1 || len(read.ScrapeConfigs[0].Kubernetes) != 1 {
		t.Fatalf("%+v", read)
	}
	job := read.ScrapeConfigs[0]
	alerted(t, job.JobName)
	var deployment struct {
		Spec struct {
			Template struct {
				Metadata struct {
					Labels      map[string]string `yaml:"labels"`
					Annotations map[string]string `yaml:"annotations"`
				} `yaml:"metadata"`
				Spec struct {
					Containers []struct {
						Ports []struct {
							Name          string `yaml:"name"`
							ContainerPort int    `yaml:"containerPort"`
						} `yaml:"ports"`
					} `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	decode(t, "kubernetes/deployment.yaml", &deployment, false)
	pod := deployment.Spec.Template
	discovery := job.Kubernetes[0]
	if discovery.Role != "pod" || len(discovery.Selectors) != 1 || discovery.Selectors[0].Role != "pod" {
		t.Fatalf("%+v", discovery)
	}
	if key, value, _ := strings.Cut(discovery.Selectors[0].Label, "="); pod.Metadata.Labels[key] != value || value == "" {
		t.Errorf("the job selects %s, and the pods are %v", discovery.Selectors[0].Label, pod.Metadata.Labels)
	}
	port := pod.Spec.Containers[0].Ports[0]

	// What Prometheus finds out about a pod's port.
	name := regexp.MustCompile(`[^a-zA-Z0-9_]`)
	meta := map[string]string{
		model.AddressLabel: net.JoinHostPort("10.0.0.1", strconv.Itoa(port.ContainerPort)), model.MetricsPathLabel: "/metrics", model.JobLabel: job.JobName,
		"__meta_kubernetes_namespace": "shop", "__meta_kubernetes_pod_name": "app-1", "__meta_kubernetes_pod_phase": "Running",
		"__meta_kubernetes_pod_container_port_name": port.Name, "__meta_kubernetes_pod_container_port_number": strconv.Itoa(port.ContainerPort),
	}
	for key, value := range pod.Metadata.Annotations {
		meta["__meta_kubernetes_pod_annotation_"+name.ReplaceAllString(key, "_")] = value
	}
	for i, rule := range job.Relabel {
		if err := rule.Validate(model.UTF8Validation); err != nil {
			t.Errorf("rule %d: %v", i, err)
		}
	}
	target := func(change func(map[string]string)) (map[string]string, bool) {
		changed := maps.Clone(meta)
		change(changed)
		found := labels.NewBuilder(labels.FromMap(changed))
		keep := relabel.ProcessBuilder(found, job.Relabel...)
		return found.Labels().Map(), keep
	}
	found, keep := target(func(map[string]string) {})
	for label, want := range map[string]string{model.AddressLabel: "10.0.0.1:8000", model.MetricsPathLabel: "/metrics", model.JobLabel: "centrirpc", model.InstanceLabel: "shop/app-1"} {
		if !keep || found[label] != want {
			t.Errorf("the target is kept: %v, with %s %q; want %q", keep, label, found[label], want)
		}
	}
	if found, keep := target(func(m map[string]string) { m["__meta_kubernetes_pod_annotation_prometheus_io_path"] = "/internal" }); !keep || found[model.MetricsPathLabel] != "/internal" {
		t.Errorf("with another path: %v, %v", keep, found)
	}
	for label, value := range map[string]string{
		"__meta_kubernetes_pod_annotation_prometheus_io_scrape": "",
		"__meta_kubernetes_pod_container_port_number":           "9000",
		"__meta_kubernetes_pod_phase":                           "Failed",
	} {
		if found, keep := target(func(m map[string]string) { m[label] = value }); keep {
			t.Errorf("with %s %q it is kept: %v", label, value, found)
		}
	}
}
