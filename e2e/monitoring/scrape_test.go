package monitoring

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The scrape configuration has the alerts, the nodes of deploy/nginx, and a job of the
// name that the alerts ask for.
func TestTheScrapeConfigurationFitsTheAlerts(t *testing.T) {
	read := func(path string) string {
		data, err := os.ReadFile("../../deploy/" + path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	scrape := read("prometheus/prometheus.yml")
	wanted := regexp.MustCompile(`up\{job=~"([^"]+)"\}`).FindStringSubmatch(read("prometheus/alerts.yml"))
	job := regexp.MustCompile(`job_name: (\S+)`).FindStringSubmatch(scrape)
	if wanted == nil || job == nil || !regexp.MustCompile("^(?:"+wanted[1]+")$").MatchString(job[1]) {
		t.Errorf("the alerts ask for the job %q; the configuration has %q", wanted, job)
	}
	if !strings.Contains(scrape, "rule_files:\n  - alerts.yml\n") {
		t.Error("the configuration does not load alerts.yml")
	}
	for _, node := range regexp.MustCompile(`(?m)^\tserver (\S+) `).FindAllStringSubmatch(read("nginx/centrirpc.conf"), -1) {
		if !strings.Contains(scrape, `"`+node[1]+`"`) {
			t.Errorf("%s is not scraped", node[1])
		}
	}
}
