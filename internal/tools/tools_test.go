package tools_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/internal/tools"
)

// ended is a test that notes how it ended.
type ended struct {
	testing.TB
	how string
}

func (e *ended) Helper() {}

func (e *ended) Fatalf(format string, args ...any) {
	e.how = "failed: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (e *ended) Skipf(format string, args ...any) {
	e.how = "skipped: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestAMissingToolFailsWhereToolsAreRequired(t *testing.T) {
	for required, want := range map[string]string{"required": "failed: ", "": "skipped: "} {
		t.Setenv("CENTRIRPC_TOOLS", required)
		e := &ended{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			tools.Path(e, "no/such/tool")
			e.how = "went on"
		}()
		<-done
		if !strings.HasPrefix(e.how, want+"no/such/tool is missing") {
			t.Errorf("with %q: %s", required, e.how)
		}
	}
	if path := tools.Path(t, "tools.go"); !filepath.IsAbs(path) || filepath.Base(path) != "tools.go" {
		t.Error(path)
	}
}
