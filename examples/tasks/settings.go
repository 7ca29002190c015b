package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// setting is what was given by a flag or a variable, and by which.
type setting struct{ name, value string }

// given is the flag's value or, where that is empty, the variable's.
func given(flag, value, variable string) setting {
	if outer := os.Getenv(variable); value == "" && outer != "" {
		return setting{variable, outer}
	}
	return setting{flag, value}
}

// list are the parts of a value with commas.
func (s setting) list() (parts []string) {
	for part := range strings.SplitSeq(s.value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// asTyped is an error of server.New, which names fields of its configuration, in the
// words of who typed a flag or set a variable.
func asTyped(err error, redis, prefix setting) error {
	words := []string{"Config.Redis: ", "", "RedisPrefix", prefix.name, "redisstore: Config.Prefix", prefix.name}
	urls := redis.list()
	for i := range urls {
		name := redis.name
		if len(urls) > 1 {
			name = fmt.Sprintf("URL %d of %s", i+1, redis.name)
		}
		words = append(words, fmt.Sprintf("Config.Redis[%d]", i), name, fmt.Sprintf("Config.URLs[%d]", i), name)
	}
	return errors.New(strings.NewReplacer(words...).Replace(err.Error()))
}
