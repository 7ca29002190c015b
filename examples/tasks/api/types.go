package api

import (
	"time"

	"github.com/centrirpc/centrirpc"
)

// Status is how far a task has come.
type Status string

// The columns of the board, from left to right.
const (
	StatusOpen       Status = "open"        // Nobody works on it yet.
	StatusInProgress Status = "in_progress" // Somebody works on it.
	StatusDone       Status = "done"        // There is nothing left to do.
)

// Task is one card on the board.
type Task struct {
	// Numbers the task. The id of a deleted task is never used again.
	ID int64 `json:"id"`
	// Says what is to be done, in one line.
	Title string `json:"title"`
	// The column it is in.
	Status Status `json:"status"`
	// When it should be done; absent if at no particular time.
	Due *time.Time `json:"due,omitempty"`
	// Labels, without repetition, in the order given.
	Tags []string `json:"tags"`
	// Who does it; absent if nobody does.
	Assignee *Person `json:"assignee,omitempty"`
	// The user id of who created the task.
	CreatedBy string `json:"created_by"`
	// When it was created.
	CreatedAt time.Time `json:"created_at"`
	// Counts the task's states, from 1 on: of two, the one with the higher version is newer.
	Version int64 `json:"version"`
}

// Person is somebody who works on tasks.
type Person struct {
	// Their name, in one line of 1 to 60 characters.
	Name string `json:"name" validate:"one_line,max=60"`
	// Where they can be reached.
	Email string `json:"email,omitempty" validate:"omitempty,email,max=100"`
}

// TaskCreateParams describe a new task.
type TaskCreateParams struct {
	// Says what is to be done, in one line of 1 to 200 characters.
	Title string `json:"title" validate:"min=1,max=200,one_line"`
	// The column to begin in: "open" if absent.
	Status Status `json:"status,omitempty"`
	// When it should be done, in the years 1970 to 9999.
	Due *time.Time `json:"due,omitempty" validate:"omitnil,1970_to_9999"`
	// Up to 6 labels of 1 to 24 characters each.
	Tags []string `json:"tags,omitempty" validate:"max=6,unique,dive,one_line,max=24"`
	// Who does it.
	Assignee *Person `json:"assignee,omitempty"`
}

// TaskUpdateParams name a task and what is to change of it: what is absent stays as it is.
type TaskUpdateParams struct {
	// The task to change.
	ID int64 `json:"id"`
	// The new title, in one line of 1 to 200 characters.
	Title *string `json:"title,omitempty" validate:"omitnil,min=1,max=200,one_line"`
	// The column to move it to.
	Status Status `json:"status,omitempty"`
	// When it should be done, in the years 1970 to 9999.
	Due *time.Time `json:"due,omitempty" validate:"omitnil,1970_to_9999"`
	// Replaces all labels, up to 6 of 1 to 24 characters each; an empty list removes them.
	Tags []string `json:"tags,omitempty" validate:"max=6,unique,dive,one_line,max=24"`
	// Replaces who does it.
	Assignee *Person `json:"assignee,omitempty"`
	// Empties these fields, before the others are set.
	Clear []Clearable `json:"clear,omitempty"`
}

// Clearable is a field of a task that can be emptied.
type Clearable string

// The fields that can be emptied.
const (
	ClearableDue      Clearable = "due"      // The task is due at no particular time.
	ClearableAssignee Clearable = "assignee" // Nobody does the task.
)

// TaskDeleteParams name a task.
type TaskDeleteParams struct {
	// The task to delete.
	ID int64 `json:"id"`
}

// TaskListParams choose tasks.
type TaskListParams struct {
	// Only the tasks in this column; all of them if absent.
	Status Status `json:"status,omitempty"`
	// Only tasks with a higher id, to go on where a list ended.
	After int64 `json:"after,omitempty"`
}

// TaskListResult holds tasks.
type TaskListResult struct {
	// The tasks, oldest first; at most 200.
	Tasks []Task `json:"tasks"`
	// There are more, after the last of these.
	More bool `json:"more"`
}

// TaskStatsParams name a user.
type TaskStatsParams struct {
	// User ID
	UserID string `json:"user_id" validate:"min=1,max=128"`
}

// TaskStatsResult counts the tasks that a user created.
type TaskStatsResult struct {
	// Total tasks
	Total int64 `json:"total"`
	// Tasks by status; every status is there.
	ByStatus map[Status]int64 `json:"by_status"`
}

// BoardFull is what the error board_full tells.
type BoardFull struct {
	// How many tasks the board can hold.
	Limit int `json:"limit"`
}

// Event is a change of the board.
type Event interface{ event() }

// TaskCreated says that a task is new on the board.
type TaskCreated struct {
	// The new task.
	Task Task `json:"task"`
}

// TasksImported says that tasks are new on the board: some of those of an import.
type TasksImported struct {
	// The new tasks, at least one.
	Tasks []Task `json:"tasks"`
}

// TaskUpdated says that a task is not what it was.
type TaskUpdated struct {
	// The task as it is now.
	Task Task `json:"task"`
}

// TaskDeleted says that a task is gone.
type TaskDeleted struct {
	// The task that was deleted.
	ID int64 `json:"id"`
}

func (TaskCreated) event()   {}
func (TasksImported) event() {}
func (TaskUpdated) event()   {}
func (TaskDeleted) event()   {}

func init() {
	centrirpc.RegisterUnion[Event]("type",
		centrirpc.Variant[TaskCreated]("created"),
		centrirpc.Variant[TasksImported]("imported"),
		centrirpc.Variant[TaskUpdated]("updated"),
		centrirpc.Variant[TaskDeleted]("deleted"))
}
