package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what this process has used since it started.
type usage struct {
	CPU      time.Duration `json:"cpu"` // user and system
	Allocs   uint64        `json:"allocs"`
	Bytes    uint64        `json:"bytes"`    // allocated, in all
	Resident int64         `json:"resident"` // bytes, now
	// Bytes read from clients' sockets and written to them, by a server that is
	// one of several nodes; others do not count them.
	ClientIn  uint64 `json:"client_in,omitempty"`
	ClientOut uint64 `json:"client_out,omitempty"`
}

func usageNow() (usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, fmt.Errorf("getrusage: %w", err)
	}
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/tiny/allocs:objects"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(samples)
	resident, err := residentBytes()
	if err != nil {
		return usage{}, err
	}
	return usage{
		CPU:      time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		Allocs:   samples[0].Value.Uint64() + samples[1].Value.Uint64(),
		Bytes:    samples[2].Value.Uint64(),
		Resident: resident,

		ClientIn: clientBytes.in.Load(), ClientOut: clientBytes.out.Load(),
	}, nil
}

// residentBytes is the VmRSS of this process.
func residentBytes() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(value)), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmRSS")
}

// settledBytes is residentBytes once garbage is collected and given back to the
// system.
func settledBytes() (int64, error) {
	last := int64(-1)
	for range 10 {
		debug.FreeOSMemory()
		now, err := residentBytes()
		if err != nil || now == last {
			return now, err
		}
		last = now
	}
	return last, nil
}

// memoryParts says where a process's memory is, in bytes.
func memoryParts() map[string]uint64 {
	parts := map[string]string{
		"heap objects": "/memory/classes/heap/objects:bytes",
		"heap unused":  "/memory/classes/heap/unused:bytes",
		"heap free":    "/memory/classes/heap/free:bytes",
		"stacks":       "/memory/classes/heap/stacks:bytes",
		"metadata":     "/memory/classes/metadata/other:bytes",
		"goroutines":   "/sched/goroutines:goroutines",
	}
	values := map[string]uint64{}
	for name, metric := range parts {
		sample := []metrics.Sample{{Name: metric}}
		metrics.Read(sample)
		values[name] = sample[0].Value.Uint64()
	}
	return values
}

// raiseFileLimit makes room for that many open files.
func raiseFileLimit(files uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= files {
		return nil
	}
	if limit.Max < files {
		return fmt.Errorf("%d open files are needed and the system allows this process %d: raise `ulimit -Hn`, or lower -idle", files, limit.Max)
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// machine is where the numbers come from.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	System string `json:"system"`
	Go     string `json:"go"`
	Load   string `json:"load"` // the load averages at the start
}

func describeMachine() machine {
	m := machine{CPU: "an unknown CPU", Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Load: "unknown"}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System += " " + strings.TrimSpace(string(release))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		if fields := strings.Fields(string(load)); len(fields) > 2 {
			m.Load = strings.Join(fields[:3], " ")
		}
	}
	return m
}
