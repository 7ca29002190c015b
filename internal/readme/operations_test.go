package readme

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const operationsPage = "OPERATIONS.md"

// tracedServer runs the page's server and prints each span that ended: its name,
// its trace and its parent.
const tracedServer = `package main

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"example.org/orders/app"
)

type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range spans {
		fmt.Println("span", s.Name(), s.SpanContext().TraceID(), s.Parent().SpanID())
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }

func main() {
	srv, err := app.NewServer(sdktrace.NewTracerProvider(sdktrace.WithSyncer(printer{})))
	if err != nil {
		panic(err)
	}
	web := httptest.NewServer(srv)
	fmt.Println("at", strings.Replace(web.URL, "http", "ws", 1)+"/connection/websocket")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
`

// The programs call from within a span and print its trace and its id.
const (
	goCaller = `package main

import (
	"context"
	"fmt"
	"os"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"example.org/orders/app"
)

func main() {
	c, err := app.NewClient(os.Args[1])
	if err != nil {
		panic(err)
	}
	ctx, span := sdktrace.NewTracerProvider().Tracer("caller").Start(context.Background(), "caller")
	if err := c.Connect(ctx); err != nil {
		panic(err)
	}
	if err := c.Call(ctx, "orders.place", app.Order{Item: "tea"}, nil); err != nil {
		panic(err)
	}
	fmt.Print(span.SpanContext().TraceID(), " ", span.SpanContext().SpanID())
}
`
	tsCaller = `import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";

import { newClient } from "./client.js";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider());

const client = newClient(process.argv[2]!);
await client.connect();
await trace.getTracer("caller").startActiveSpan("caller", async (span) => {
  await client.call("orders.place", { item: "tea" });
  console.log(span.spanContext().traceId, span.spanContext().spanId);
});
process.exit(0);
`
	pythonCaller = `import asyncio
import sys

from opentelemetry.sdk.trace import TracerProvider

from client import new_client


async def main() -> None:
    async with new_client(sys.argv[1]) as client:
        with TracerProvider().get_tracer("caller").start_as_current_span("caller") as span:
            await client.call("orders.place", {"item": "tea"})
            place = span.get_span_context()
            print(f"{place.trace_id:032x} {place.span_id:016x}")


asyncio.run(main())
`
)

// TestTracesOfTheOperationsPage runs the page's programs with the real SDKs of
// OpenTelemetry: the server's span of a call is below the span of its caller.
func TestTracesOfTheOperationsPage(t *testing.T) {
	root, python := checkout(t)
	tsc := tool(t, filepath.Join(root, "sdk/typescript/node_modules/.bin/tsc"))
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join(root, operationsPage))
	if err != nil {
		t.Fatal(err)
	}
	found := block.FindAllStringSubmatch(string(data), -1)
	if fences := strings.Count(string(data), "```"); fences != 2*len(found) || len(found) != 5 {
		t.Fatalf("%s has %d fences and %d named blocks: a block without a name is not tested", operationsPage, fences, len(found))
	}
	for _, m := range found {
		write(t, filepath.Join(dir, m[2]), m[3])
	}
	for name, text := range map[string]string{
		"served/main.go": tracedServer, "caller/main.go": goCaller, "caller.ts": tsCaller, "caller.py": pythonCaller,
		"package.json": `{"type":"module"}`,
	} {
		write(t, filepath.Join(dir, name), text)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if name == "go.mod" {
			text = strings.Replace(text, "module github.com/centrirpc/centrirpc\n", "module example.org/orders\n", 1) +
				"\nrequire github.com/centrirpc/centrirpc v0.0.0\nreplace github.com/centrirpc/centrirpc => " + root + "\n"
		}
		write(t, filepath.Join(dir, name), text)
	}
	env := []string{"GOFLAGS=-mod=mod", "PYTHONDONTWRITEBYTECODE=1"}
	run(t, dir, env, "go", "run", "github.com/centrirpc/centrirpc/cmd/centrirpc", "generate", "./app", "-o", "sdk", "-lang", "typescript,python")
	run(t, dir, env, "go", "vet", "./...")
	run(t, dir, env, "go", "build", "-o", "bin/", "./served", "./caller")
	if err := os.Symlink(filepath.Join(root, "sdk/typescript/node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, tsc, "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node",
		"--rootDir", ".", "--outDir", "js", "caller.ts")
	write(t, filepath.Join(dir, "js/package.json"), `{"type":"module"}`)
	run(t, dir, env, python, "-m", "mypy", "--strict", "client.py")

	url, spans := traced(t, filepath.Join(dir, "bin/served"))
	for language, command := range map[string][]string{
		"Go": {filepath.Join(dir, "bin/caller")}, "TypeScript": {"node", "js/caller.js"}, "Python": {python, "caller.py"},
	} {
		caller := run(t, dir, env, command[0], append(command[1:], url)...)
		trace, _, _ := strings.Cut(caller, " ")
		until(t, "the span of the call from "+language, func() bool { return strings.Contains(spans(), "span orders.place "+caller+"\n") })
		until(t, "the handler's span", func() bool { return strings.Contains(spans(), "span handler "+trace+" ") })
	}
}

// traced starts the server; spans is what it has printed.
func traced(t *testing.T, path string) (url string, spans func() string) {
	t.Helper()
	cmd := command(t, "", nil, path)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "at ") {
		t.Fatalf("the server said %q", lines.Text())
	}
	url = strings.TrimPrefix(lines.Text(), "at ")
	var mu sync.Mutex
	var printed strings.Builder
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines.Scan() {
			mu.Lock()
			printed.WriteString(lines.Text() + "\n")
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		<-ended
		_ = cmd.Wait()
	})
	return url, func() string {
		mu.Lock()
		defer mu.Unlock()
		return printed.String()
	}
}
