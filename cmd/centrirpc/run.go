package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // files are stale, or a call failed
	exitUsage  = 2 // wrong usage, or a package that cannot be read; nothing was written
	// As shells have it: 128 and the number of the signal.
	exitInterrupted = 130
)

// Run runs the command line without the program's name and returns the exit
// code. An interrupt ends what it is doing; a second one ends the process.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	e := &environment{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		fmt.Fprint(stderr, overview())
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		return e.help(rest)
	case "-version", "--version":
		name = "version"
	}
	c := find(name)
	if c == nil {
		return e.report(exitUsage, errors.New(unknown("command", name, commandNames())+"; run centrirpc help"))
	}
	return e.execute(c, rest)
}

// environment is what a command may use of the world.
type environment struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
}

// report prints err and returns the exit code.
func (e *environment) report(code int, err error) int {
	fmt.Fprintf(e.stderr, "centrirpc: %v\n", err)
	return code
}

// warn tells of what may be wrong and stops nothing.
func (e *environment) warn(message string) {
	fmt.Fprintf(e.stderr, "centrirpc: warning: %s\n", message)
}

func (e *environment) execute(c *command, args []string) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	run := c.prepare(flags)
	positional, err := parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(e.stdout, c.help())
		return exitOK
	case err != nil:
		return e.report(exitUsage, fmt.Errorf("%w; run centrirpc %s -h", err, c.name))
	}
	code, err := run(e, positional)
	if err == nil {
		return code
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return e.report(exitUsage, fmt.Errorf("%w; run centrirpc %s -h", err, c.name))
	}
	return e.report(code, err)
}

// usageError is a mistake in the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) (int, error) {
	return exitUsage, usageError(fmt.Sprintf(format, args...))
}

func (e *environment) help(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(e.stdout, overview())
		return exitOK
	}
	c := find(args[0])
	if c == nil {
		return e.report(exitUsage, errors.New(unknown("command", args[0], commandNames())+"; run centrirpc help"))
	}
	fmt.Fprint(e.stdout, c.help())
	return exitOK
}

func overview() string {
	var b strings.Builder
	b.WriteString(`centrirpc makes typed clients for RPC over Centrifuge and Centrifugo WebSockets.

Usage: centrirpc COMMAND [flags] [arguments]

Commands:
`)
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.summary)
	}
	b.WriteString("  help       Explain a command: centrirpc help generate\n")
	b.WriteString("\nFlags may stand before or after the arguments.\n")
	return b.String()
}
