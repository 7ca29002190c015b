package deploy

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

var centrifugoSecrets = []string{
	"CENTRIFUGO_HTTP_API_KEY=key", "CENTRIFUGO_VAR_CENTRIRPC_SECRET=proof",
	"CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY=tokens", "REDIS_PASSWORD=fedcba9876543210",
}

func loadCentrifugo(env ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "deploy/centrifugo/compose.yaml")}, cli.WithEnv(env))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// Nobody starts it with a secret that all the world knows.
func TestComposeOfCentrifugoAsksForSecrets(t *testing.T) {
	for i, left := range centrifugoSecrets {
		name, _, _ := strings.Cut(left, "=")
		if _, err := loadCentrifugo(slices.Delete(slices.Clone(centrifugoSecrets), i, i+1)...); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "openssl rand -hex 32") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestComposeOfCentrifugoBelongsTogether(t *testing.T) {
	p, err := loadCentrifugo(centrifugoSecrets...)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"backend1", "backend2", "centrifugo1", "centrifugo2", "nginx", "redis"}; !slices.Equal(slices.Sorted(slices.Values(p.ServiceNames())), want) {
		t.Fatalf("services %v", p.ServiceNames())
	}
	conf := read(t, "deploy/centrifugo/nginx.conf")
	backendStop := seconds(t, "server/centrifugo/config.go", `settings\.Duration\("DrainTimeout", &c\.DrainTimeout, (\d+)\*time\.Second\)`) + 6*time.Second
	addresses := map[string]bool{}
	for name, port := range map[string]string{"centrifugo1": "8000", "centrifugo2": "8000", "backend1": "9000", "backend2": "9000"} {
		s := p.Services[name]
		if !strings.Contains(conf, "server "+name+":"+port+" ") {
			t.Errorf("nginx does not know %s", name)
		}
		address := s.Networks["inside"].Ipv4Address
		if address == "" || addresses[address] {
			t.Errorf("%s is at %q, which nginx looks up when it starts: it must stay, and be its own", name, address)
		}
		addresses[address] = true
		redis := "CENTRIRPC_REDIS"
		if strings.HasPrefix(name, "centrifugo") {
			redis = "CENTRIFUGO_ENGINE_REDIS_ADDRESS"
		}
		for variable, want := range map[string]string{
			"CENTRIFUGO_HTTP_API_KEY": "key", "CENTRIFUGO_VAR_CENTRIRPC_SECRET": "proof",
			"CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY": "tokens", redis: "redis://default:fedcba9876543210@redis:6379",
		} {
			if got := s.Environment[variable]; got == nil || *got != want {
				t.Errorf("%s has another %s", name, variable)
			}
		}
		if check := strings.Join(s.HealthCheck.Test, " "); !strings.Contains(check, ":"+port+"/") {
			t.Errorf("the health check of %s is %s", name, check)
		}
		if time.Duration(*s.StopGracePeriod) <= backendStop {
			t.Errorf("%s has %v to stop; a backend takes up to %v", name, s.StopGracePeriod, backendStop)
		}
		if s.DependsOn["redis"].Condition != types.ServiceConditionHealthy || p.Services["nginx"].DependsOn[name].Condition != types.ServiceConditionHealthy {
			t.Errorf("%s does not wait for Redis, or nginx not for it", name)
		}
	}
	backend := p.Services["backend1"]
	if *backend.Environment["TASKS_CENTRIFUGO"] != "http://nginx:8000" || *backend.Environment["TASKS_CENTRIFUGO_PUBLIC"] != "/" || !strings.Contains(conf, "listen 8000;") {
		t.Errorf("backends look for Centrifugo elsewhere: %v", backend.Environment)
	}
	if !slices.Contains([]string(backend.Command), "0.0.0.0:9000") {
		t.Errorf("backends listen elsewhere: %v", backend.Command)
	}
	config := read(t, "deploy/centrifugo/centrifugo.yaml")
	if !strings.Contains(config, `"http://nginx:9000/centrifugo/publish"`) || !strings.Contains(conf, "listen 9000;") {
		t.Error("Centrifugo looks for backends elsewhere")
	}
	nginx := p.Services["nginx"]
	if got := nginx.Ports; len(got) != 1 || got[0].HostIP != "127.0.0.1" || got[0].Target != 8080 || !strings.Contains(conf, "listen 8080;") {
		t.Errorf("nginx's ports are %+v: those for the inside are not for others", got)
	}
	for service, file := range map[string]string{"nginx": "nginx.conf", "centrifugo1": "centrifugo.yaml"} {
		if volume := p.Services[service].Volumes[0]; !volume.ReadOnly || !strings.HasSuffix(volume.Source, "deploy/centrifugo/"+file) {
			t.Errorf("%s has the volume %+v", service, volume)
		}
	}
}
