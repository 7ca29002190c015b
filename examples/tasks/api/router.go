// Package api is the task board's API: its types, its handlers and the router
// that names them. go generate makes contract.json and the clients in ../sdk
// from it.
package api

import (
	_ "embed"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/examples/django"
)

//go:generate go run github.com/centrirpc/centrirpc/cmd/centrirpc contract . -o contract.json
//go:generate go run github.com/centrirpc/centrirpc/cmd/centrirpc generate . -o ../sdk

//go:embed contract.json
var contract []byte

// NewRouter registers the methods and the channel of the board, and those that the
// Django project serves, which is asked at the endpoint. Clients are generated with all
// of them, whether the project runs or not: without an endpoint they hear that
// comments are unavailable. The service may be nil to describe the API only.
func NewRouter(svc *Service, comments centrirpc.Endpoint) *centrirpc.Router {
	router := centrirpc.NewRouter(
		centrirpc.Name("tasks"),
		centrirpc.Doc("A task board that its users share."),
		centrirpc.Rule("one_line", oneLine, "must be one line of text"),
		centrirpc.Rule("1970_to_9999", inRange, "must be in the years 1970 to 9999"),
		centrirpc.WithContract(contract),
	)
	tasks := router.Group("tasks")
	centrirpc.Handle(tasks, "create", svc.Create, centrirpc.Errors(ErrBoardFull))
	// Idempotent: a second run of a call goes on where the first one ended.
	centrirpc.HandleStream(tasks, "import", svc.Import, centrirpc.Errors(ErrBoardFull), centrirpc.Idempotent(), centrirpc.Timeout(MaxImportTime))
	centrirpc.Handle(tasks, "update", svc.Update)
	centrirpc.Handle(tasks, "delete", svc.Delete)
	centrirpc.Handle(tasks, "list", svc.List, centrirpc.Idempotent())
	centrirpc.Handle(tasks, "get_stats", svc.GetStats, centrirpc.Idempotent(), centrirpc.Timeout(5*time.Second))

	centrirpc.Forward(router, django.Contract, comments) // comments.add, comments.list

	events := centrirpc.Channel[struct{}, Event](router, Channel, centrirpc.ChannelDescription("Each change of the board, after it was made."))
	if svc != nil {
		svc.events = events
	}
	return router
}
