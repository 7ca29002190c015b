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
	said, err := verify(t, unit)
	switch {
	case said != "":
		t.Fatalf("of the unit systemd says %s", said)
	case err != nil:
		t.Skipf("systemd-analyze does not work here: %v", err)
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
		if said, _ := verify(t, changed); said == "" {
			t.Errorf("with %s systemd says nothing", wrong)
		}
	}
}

// verify is what systemd has to say against a unit: it warns of all faults, and fails for
// some. What it says of other units of the machine does not count.
func verify(t *testing.T, unit string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "greeter.service")
	if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	var said strings.Builder
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, "greeter.service:") {
			said.WriteString(line)
		}
	}
	return said.String(), err
}
