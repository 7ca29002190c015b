package api

import (
	"context"
	"errors"
	"slices"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Channel is where each change of the board is published as an Event.
const Channel = "tasks"

// MaxTasks is how many tasks the board can hold.
const MaxTasks = 2000

// maxListed is how many tasks are listed at a time: they fit into one message.
const maxListed = 200

// ErrBoardFull is the answer to a new task when the board holds MaxTasks.
var ErrBoardFull = centrirpc.DeclareError[BoardFull](1001, "board_full", "The board holds as many tasks as it can.")

// What a Store says about the board.
var (
	ErrNoTask = errors.New("no such task")
	ErrFull   = errors.New("too many tasks")
)

// Store keeps tasks. Its methods are safe for concurrent use.
type Store interface {
	// Create keeps a new task and numbers it, or fails with ErrFull if there are
	// limit tasks already.
	Create(ctx context.Context, task Task, limit int) (Task, error)
	// Update changes a task in one step, or fails with ErrNoTask.
	Update(ctx context.Context, id int64, change func(*Task)) (Task, error)
	// Delete removes a task, or fails with ErrNoTask.
	Delete(ctx context.Context, id int64) error
	// Import keeps a new task like Create, once per key: for a key that it has seen
	// it returns the id of that task, which may be gone since, and repeated is true.
	Import(ctx context.Context, key ImportKey, task Task, limit int) (imported Task, repeated bool, err error)
	// List is the first tasks, at most limit, of a status, or of any if it is empty,
	// with ids above after, oldest first.
	List(ctx context.Context, status Status, after int64, limit int) ([]Task, error)
	// Count counts by status the tasks that a user created.
	Count(ctx context.Context, userID string) (map[Status]int64, error)
}

// Service handles the calls of the task board.
type Service struct {
	store  Store
	events *centrirpc.TypedChannel[struct{}, Event] // from NewRouter
}

// NewService makes the service of a board.
func NewService(store Store) *Service { return &Service{store: store} }

// publish tells everybody of a change, which is made already: it goes out even if
// the caller has gone.
func (s *Service) publish(ctx context.Context, event Event) {
	if err := s.events.Publish(context.WithoutCancel(ctx), struct{}{}, event); err != nil {
		centrirpc.LoggerFromContext(ctx).Error("an event was not published", "error", err)
	}
}

// Create adds a task to the board.
func (s *Service) Create(ctx context.Context, p TaskCreateParams) (Task, error) {
	task := Task{
		Title: p.Title, Status: p.Status, Due: p.Due, Tags: p.Tags, Assignee: p.Assignee,
		CreatedBy: centrirpc.ConnFromContext(ctx).UserID,
	}
	if task.Status == "" {
		task.Status = StatusOpen
	}
	task, err := s.store.Create(ctx, task, MaxTasks)
	if err != nil {
		return Task{}, answer(err, task.ID)
	}
	s.publish(ctx, TaskCreated{task})
	return task, nil
}

// Update changes what is given of a task and leaves the rest as it is. It returns
// the task as it is now.
func (s *Service) Update(ctx context.Context, p TaskUpdateParams) (Task, error) {
	task, err := s.store.Update(ctx, p.ID, p.apply)
	if err != nil {
		return Task{}, answer(err, p.ID)
	}
	s.publish(ctx, TaskUpdated{task})
	return task, nil
}

func (p TaskUpdateParams) apply(task *Task) {
	if slices.Contains(p.Clear, ClearableDue) {
		task.Due = nil
	}
	if slices.Contains(p.Clear, ClearableAssignee) {
		task.Assignee = nil
	}
	if p.Title != nil {
		task.Title = *p.Title
	}
	if p.Status != "" {
		task.Status = p.Status
	}
	if p.Due != nil {
		task.Due = p.Due
	}
	if p.Tags != nil {
		task.Tags = p.Tags
	}
	if p.Assignee != nil {
		task.Assignee = p.Assignee
	}
}

// Delete removes a task from the board.
func (s *Service) Delete(ctx context.Context, p TaskDeleteParams) (struct{}, error) {
	if err := s.store.Delete(ctx, p.ID); err != nil {
		return struct{}{}, answer(err, p.ID)
	}
	s.publish(ctx, TaskDeleted(p))
	return struct{}{}, nil
}

// List gives the tasks on the board, up to 200 at a time.
func (s *Service) List(ctx context.Context, p TaskListParams) (TaskListResult, error) {
	tasks, err := s.store.List(ctx, p.Status, p.After, maxListed+1)
	if len(tasks) > maxListed {
		return TaskListResult{Tasks: tasks[:maxListed], More: true}, err
	}
	return TaskListResult{Tasks: tasks}, err
}

// GetStats counts the tasks that a user created.
func (s *Service) GetStats(ctx context.Context, p TaskStatsParams) (TaskStatsResult, error) {
	counts, err := s.store.Count(ctx, p.UserID)
	if err != nil {
		return TaskStatsResult{}, err
	}
	result := TaskStatsResult{ByStatus: map[Status]int64{StatusOpen: 0, StatusInProgress: 0, StatusDone: 0}}
	for status, n := range counts {
		result.ByStatus[status] = n
		result.Total += n
	}
	return result, nil
}

// answer turns a store's error about one task into what the caller is told.
func answer(err error, id int64) error {
	switch {
	case errors.Is(err, ErrNoTask):
		return centrirpc.Errorf(wire.NotFound, "There is no task %d.", id)
	case errors.Is(err, ErrFull):
		return ErrBoardFull.New(BoardFull{Limit: MaxTasks}, "The board holds %d tasks, which is as many as it can; delete some first.", MaxTasks)
	}
	return err
}
