package main

import (
	"time"

	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/server"
)

// share has the node share its calls and publications with all that use that
// Redis.
func share(config *server.Config, url string, lease time.Duration) (stop func(), err error) {
	store, err := redisstore.New(redisstore.Config{URLs: []string{url}, Lease: lease, Logger: config.Logger})
	if err != nil {
		return nil, err
	}
	config.Redis, config.Store = []string{url}, store
	return store.Close, nil
}
