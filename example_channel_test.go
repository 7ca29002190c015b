package centrirpc_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/centrirpc/centrirpc"
)

type (
	ProjectChannel struct {
		ProjectID string `json:"project_id"`
	}

	TaskEvent   interface{ taskEvent() }
	TaskAdded   struct{ Title string }
	TaskRemoved struct{ ID int }
)

func (TaskAdded) taskEvent()   {}
func (TaskRemoved) taskEvent() {}

func init() {
	centrirpc.RegisterUnion[TaskEvent]("event",
		centrirpc.Variant[TaskAdded]("added"),
		centrirpc.Variant[TaskRemoved]("removed"))
}

// A channel for each project, on which only its members listen.
func ExampleChannel() {
	members := map[string]string{"7": "ann"}
	router := centrirpc.NewRouter()
	events := centrirpc.Channel[ProjectChannel, TaskEvent](router, "tasks:{project_id}",
		centrirpc.AuthorizeSubscribe(func(ctx context.Context, c ProjectChannel) error {
			if user := centrirpc.ConnFromContext(ctx).UserID; members[c.ProjectID] != user {
				return fmt.Errorf("%s is not a member of %s", user, c.ProjectID)
			}
			return nil
		}))

	// A server adds itself here; a test can listen, too.
	router.AddPublisher(func(_ context.Context, channel string, data json.RawMessage) error {
		fmt.Println(channel, string(data))
		return nil
	})
	if err := events.Publish(context.Background(), ProjectChannel{"7"}, TaskAdded{"Write"}); err != nil {
		fmt.Println(err)
	}
	bob := centrirpc.ContextWithConn(context.Background(), &centrirpc.Conn{UserID: "bob"})
	fmt.Println(router.MaySubscribe(bob, "tasks:7"))
	// Output:
	// tasks:7 {"event":"added","Title":"Write"}
	// bob is not a member of 7
}
