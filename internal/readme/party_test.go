package readme

import (
	"path/filepath"
	"strings"
	"testing"
)

// parties runs the README's programs that take a stream, in each language.
func parties(t *testing.T, root, dir, python, tsc, url, token string, env []string) {
	guests := []string{"Ada", "Grace", "Edsger"}
	heard := func(t *testing.T, output string) {
		t.Helper()
		var greeted []string
		progress := false
		for line := range strings.Lines(output) {
			line = strings.TrimSpace(line)
			if strings.HasSuffix(line, " of 3") { // best effort: how often is open
				progress = true
				continue
			}
			greeted = append(greeted, line)
		}
		if got := strings.Join(greeted, " "); got != "Hello, Ada. Hello, Grace. Hello, Edsger. greeted 3" {
			t.Errorf("heard %q", output)
		}
		if !progress {
			t.Errorf("no progress in %q", output)
		}
	}
	t.Run("go", func(t *testing.T) {
		write(t, filepath.Join(dir, "askparty/main.go"), `package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"example.org/greeter/party"
)

func main() {
	n, err := party.Party(context.Background(), os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("greeted", n)
}
`)
		heard(t, run(t, dir, env, "go", append([]string{"run", "./askparty", url, token}, guests...)...))
	})
	t.Run("typescript", func(t *testing.T) {
		write(t, filepath.Join(dir, "askparty.ts"), `import { party } from "./party.js";
const [url, token, ...names] = process.argv.slice(2) as [string, string, ...string[]];
console.log("greeted", await party(url, token, names));
process.exit(0);
`)
		run(t, dir, nil, tsc, "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node",
			"--rootDir", ".", "--outDir", "js", "askparty.ts")
		heard(t, run(t, dir, nil, "node", append([]string{"js/askparty.js", url, token}, guests...)...))
	})
	t.Run("python", func(t *testing.T) {
		write(t, filepath.Join(dir, "askparty.py"), `import asyncio
import sys

from party import party

print("greeted", asyncio.run(party(sys.argv[1], sys.argv[2], sys.argv[3:])))
`)
		run(t, dir, nil, python, "-m", "mypy", "--strict", "party.py")
		heard(t, run(t, dir, nil, python, append([]string{"askparty.py", url, token}, guests...)...))
	})
}
