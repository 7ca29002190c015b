package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// redisUse is what a Redis has done: in all, or for one call.
type redisUse struct {
	CPU       float64 `json:"cpu_us"`            // user and system, in microseconds
	Scripts   float64 `json:"scripts"`           // EVAL and EVALSHA
	Publishes float64 `json:"publishes"`         // PUBLISH and SPUBLISH
	Others    float64 `json:"others"`            // sent to it, but for INFO
	Infos     float64 `json:"infos"`             // INFO, by others than this program
	Within    float64 `json:"within_scripts"`    // run by scripts
	Received  float64 `json:"received_in_bytes"` // from the network
	Sent      float64 `json:"sent_in_bytes"`     // to the network

	// Of CPU, what running scripts and publishing takes, in microseconds by the
	// clock. The rest is reading, parsing and writing.
	ScriptsTook   float64 `json:"scripts_took_us"`
	PublishesTook float64 `json:"publishes_took_us"`

	// Memory is what the process holds now, in bytes, by its own count.
	Memory float64 `json:"memory_in_bytes,omitempty"`
}

// withinScripts are the commands that the store's scripts run. Redis counts them
// as if they were sent to it. One that is missing here counts as sent.
var withinScripts = map[string]bool{
	"time": true, "get": true, "set": true, "del": true, "pexpire": true, "pexpireat": true,
	"hget": true, "hgetall": true, "hmget": true, "hset": true, "hdel": true, "hlen": true, "hstrlen": true,
	"zadd": true, "zrem": true, "zcard": true, "zcount": true, "zrange": true, "zrangebyscore": true,
}

// used is what the process has done since its start, but for answering this.
func (r *redisProcess) used(ctx context.Context) (redisUse, error) {
	info, err := r.info(ctx)
	if err != nil {
		return redisUse{}, err
	}
	u, err := useOf(info)
	u.Infos -= float64(r.asked)
	r.asked++
	return u, err
}

func useOf(info map[string]string) (redisUse, error) {
	var u redisUse
	var failed error
	number := func(name, text string) float64 {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			failed = fmt.Errorf("redis says %s is %q: %w", name, text, err)
		}
		return n
	}
	field := func(name string) float64 { return number(name, info[name]) }
	u.CPU = 1e6 * (field("used_cpu_user") + field("used_cpu_sys"))
	u.Received, u.Sent = field("total_net_input_bytes"), field("total_net_output_bytes")
	u.Memory = field("used_memory")
	for name, value := range info {
		command, ok := strings.CutPrefix(name, "cmdstat_")
		if !ok {
			continue
		}
		calls, rest, _ := strings.Cut(strings.TrimPrefix(value, "calls="), ",")
		took, _, _ := strings.Cut(strings.TrimPrefix(rest, "usec="), ",")
		count, usec := number(name, calls), number(name, took)
		switch {
		case command == "eval" || command == "evalsha":
			u.Scripts += count
			u.ScriptsTook += usec
		case command == "publish" || command == "spublish":
			u.Publishes += count
			u.PublishesTook += usec
		case withinScripts[command]:
			u.Within += count
		case command == "info":
			u.Infos += count
		default:
			u.Others += count
		}
	}
	return u, failed
}

// combine applies f to each part of two uses.
func combine(a, b redisUse, f func(a, b float64) float64) redisUse {
	return redisUse{
		CPU:           f(a.CPU, b.CPU),
		Scripts:       f(a.Scripts, b.Scripts),
		Publishes:     f(a.Publishes, b.Publishes),
		Others:        f(a.Others, b.Others),
		Infos:         f(a.Infos, b.Infos),
		Within:        f(a.Within, b.Within),
		Received:      f(a.Received, b.Received),
		Sent:          f(a.Sent, b.Sent),
		ScriptsTook:   f(a.ScriptsTook, b.ScriptsTook),
		PublishesTook: f(a.PublishesTook, b.PublishesTook),
		Memory:        f(a.Memory, b.Memory),
	}
}

// commands are those sent to it.
func (u redisUse) commands() float64 { return u.Scripts + u.Publishes + u.Others + u.Infos }

// plus is what both have done.
func (u redisUse) plus(other redisUse) redisUse {
	return combine(u, other, func(a, b float64) float64 { return a + b })
}

// perCall is what was done since before, for each of n calls.
func (u redisUse) perCall(before redisUse, n float64) redisUse {
	return combine(u, before, func(a, b float64) float64 { return (a - b) / n })
}

// medianRedisUse is the medians of what a sample says of Redis.
func medianRedisUse(of func(func(sample) float64) float64) *redisUse {
	part := func(value func(redisUse) float64) float64 {
		return of(func(s sample) float64 { return value(s.redis) })
	}
	return &redisUse{
		CPU:           part(func(u redisUse) float64 { return u.CPU }),
		Scripts:       part(func(u redisUse) float64 { return u.Scripts }),
		Publishes:     part(func(u redisUse) float64 { return u.Publishes }),
		Others:        part(func(u redisUse) float64 { return u.Others }),
		Infos:         part(func(u redisUse) float64 { return u.Infos }),
		Within:        part(func(u redisUse) float64 { return u.Within }),
		Received:      part(func(u redisUse) float64 { return u.Received }),
		Sent:          part(func(u redisUse) float64 { return u.Sent }),
		ScriptsTook:   part(func(u redisUse) float64 { return u.ScriptsTook }),
		PublishesTook: part(func(u redisUse) float64 { return u.PublishesTook }),
		Memory:        part(func(u redisUse) float64 { return u.Memory }),
	}
}
