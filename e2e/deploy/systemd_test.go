package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A node that systemd stops has the time to drain before it is killed.
func TestTheUnitsTimeFitsTheDrain(t *testing.T) {
	if got, needed := seconds(t, "deploy/systemd/greeter.service", `(?m)^TimeoutStopSec=(\d+)s$`), stop(t); got < needed+2*time.Second {
		t.Errorf("TimeoutStopSec is %v; a drain takes up to %v", got, needed)
	}
}

// systemd takes the unit as it is; only its program is one that is here.
func TestSystemdTakesTheUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := strings.Replace(read(t, "deploy/systemd/greeter.service"), "ExecStart=/usr/local/bin/greeter\n", "ExecStart="+program+"\n", 1)
	if !strings.Contains(unit, program) {
		t.Fatal("the unit runs another program than /usr/local/bin/greeter")
	}
	if said := verify(t, unit); said != "" {
		t.Errorf("of the unit systemd says %s", said)
	}
	// It says so where a setting is none, or a value none of its.
	for right, wrong := range map[string]string{
		"TimeoutStopSec=35s": "TimoutStopSec=35s",
		"Restart=on-failure": "Restart=on-error",
		"LimitNOFILE=65536":  "LimitNOFILE=many",
		"DynamicUser=yes":    "DynamicUser=perhaps",
		"[Install]":          "[Instal]",
	} {
		changed := strings.Replace(unit, right+"\n", wrong+"\n", 1)
		if changed == unit {
			t.Errorf("the unit has no %s", right)
		}
		if said := verify(t, changed); !strings.Contains(said, "greeter.service:") {
			t.Errorf("with %s systemd says %q", wrong, said)
		}
	}
}

// verify is what systemd has to say against a unit.
func verify(t *testing.T, unit string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "greeter.service")
	if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	// It fails for some faults alone, and warns of all.
	said, _ := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	return string(said)
}
