package deploy

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

var secrets = []string{"CENTRIRPC_SECRET=0123456789abcdef", "REDIS_PASSWORD=fedcba9876543210"}

// load reads the compose file with an environment.
func load(env ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "deploy/compose/compose.yaml")}, cli.WithEnv(env))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Nobody starts it with a secret that all the world knows.
func TestComposeAsksForSecrets(t *testing.T) {
	for i, left := range secrets {
		name, _, _ := strings.Cut(secrets[1-i], "=")
		if _, err := load(left); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "openssl rand -hex 32") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestComposeBelongsTogether(t *testing.T) {
	p := project(t)
	if want := []string{"nginx", "node1", "node2", "node3", "redis"}; !slices.Equal(slices.Sorted(slices.Values(p.ServiceNames())), want) {
		t.Fatalf("services %v", p.ServiceNames())
	}
	conf := read(t, "deploy/nginx/centrirpc.conf")
	addresses := map[string]bool{}
	for i := range 3 {
		name := fmt.Sprintf("node%d", i+1)
		n := p.Services[name]
		if !strings.Contains(conf, "server "+name+":8000 ") {
			t.Errorf("nginx does not know %s", name)
		}
		address := n.Networks["inside"].Ipv4Address
		if address == "" || addresses[address] {
			t.Errorf("%s is at %q, which nginx looks up when it starts: it must stay, and be its own", name, address)
		}
		addresses[address] = true
		if got := *n.Environment["CENTRIRPC_REDIS"]; got != "redis://default:fedcba9876543210@redis:6379" {
			t.Errorf("%s has its Redis at %s", name, got)
		}
		if got := *n.Environment["CENTRIRPC_SECRET"]; got != "0123456789abcdef" {
			t.Errorf("%s has the secret %s", name, got)
		}
		if grace := *n.StopGracePeriod; grace.String() == "" || int64(grace) <= int64(stop(t)) {
			t.Errorf("%s has %v to stop; it takes up to %v", name, grace, stop(t))
		}
		if n.DependsOn["redis"].Condition != types.ServiceConditionHealthy || p.Services["nginx"].DependsOn[name].Condition != types.ServiceConditionHealthy {
			t.Errorf("%s does not wait for Redis, or nginx not for it", name)
		}
		if n.Volumes[0].Source != "board" || n.Volumes[0].Target != "/data" {
			t.Errorf("%s has the volume %+v", name, n.Volumes[0])
		}
	}
	redis := strings.Join(p.Services["redis"].Command, " ")
	for _, setting := range []string{"--requirepass fedcba9876543210 ", "--maxmemory-policy noeviction ", "--maxmemory 256mb ", "--appendonly yes "} {
		if !strings.Contains(redis, setting) {
			t.Errorf("Redis is started with %s, without %s", redis, setting)
		}
	}
	nginx := p.Services["nginx"]
	if got := nginx.Ports[0]; got.HostIP != "127.0.0.1" || got.Target != 8080 || !strings.Contains(conf, "listen 8080;") {
		t.Errorf("nginx's port is %+v", got)
	}
	for _, volume := range nginx.Volumes {
		if name := filepath.Base(volume.Target); !volume.ReadOnly || !strings.HasSuffix(volume.Source, "deploy/nginx/"+name) || read(t, "deploy/nginx/"+name) == "" {
			t.Errorf("nginx has the volume %+v", volume)
		}
	}
}
