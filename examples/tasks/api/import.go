package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"time"

	"github.com/centrirpc/centrirpc"
)

// MaxImportTime bounds an import: what is not on the board by then is left out.
const MaxImportTime = 5 * time.Minute

// eventInterval is how long the tasks of an import are gathered for an event.
const eventInterval = 250 * time.Millisecond

// TaskImportParams hold tasks to import.
type TaskImportParams struct {
	// The tasks, 1 to 2000 of them.
	Rows []TaskImportRow `json:"rows" validate:"min=1,max=2000,dive"`
	// How long to wait after each row, 0 to 1000 milliseconds, so that there is something to watch.
	PauseMS int `json:"pause_ms,omitempty" validate:"min=0,max=1000"`
}

// TaskImportRow is a task to import.
type TaskImportRow struct {
	// Says what is to be done, in one line of 1 to 200 characters.
	Title string `json:"title" validate:"min=1,max=200,one_line"`
	// The column to begin in: "open" if absent.
	Status Status `json:"status,omitempty"`
}

// TaskImportItem says that a row is on the board.
type TaskImportItem struct {
	// The row's place in the params, from 0 on.
	Row int `json:"row"`
	// The id of its task.
	ID int64 `json:"id"`
}

// TaskImportResult sums an import up.
type TaskImportResult struct {
	// How many tasks are on the board by this call.
	Imported int `json:"imported"`
	// How many of them an earlier run of this call had imported, before its server was stopped.
	Repeated int `json:"repeated"`
}

// ImportKey names one row of one call: whichever node runs the call, and however
// often, the row is imported once.
type ImportKey struct {
	UserID string
	CallID string // the correlation id
	Row    int
}

// Import adds tasks to the board, one after another, and says of each that it is there. If
// it is cancelled, or the board is full, those that it added stay.
func (s *Service) Import(ctx context.Context, p TaskImportParams, send func(TaskImportItem) error) (TaskImportResult, error) {
	user := centrirpc.ConnFromContext(ctx).UserID
	// A native RPC has no correlation id, and is never repeated.
	call := cmp.Or(centrirpc.CorrelationIDFromContext(ctx), rand.Text())
	var result TaskImportResult
	var fresh []Task
	tell := func() {
		if len(fresh) > 0 {
			s.publish(ctx, TasksImported{fresh})
		}
		fresh = nil
	}
	defer func() { tell() }()
	told := time.Now()

	for i, row := range p.Rows {
		task := Task{Title: row.Title, Status: cmp.Or(row.Status, StatusOpen), CreatedBy: user}
		task, repeated, err := s.store.Import(ctx, ImportKey{user, call, i}, task, MaxTasks)
		if err != nil {
			return result, answer(err, task.ID)
		}
		result.Imported++
		if repeated {
			result.Repeated++
		} else if fresh = append(fresh, task); time.Since(told) >= eventInterval || len(fresh) == maxListed {
			tell()
			told = time.Now()
		}
		centrirpc.Progress(ctx, float64(i+1), float64(len(p.Rows)), "")
		if err := send(TaskImportItem{Row: i, ID: task.ID}); err != nil {
			return result, err
		}
		if err := pause(ctx, time.Duration(p.PauseMS)*time.Millisecond); err != nil {
			return result, err
		}
	}
	return result, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
