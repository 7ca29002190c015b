package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/centrirpc/centrirpc/examples/tasks/api"
)

// keptImports is how long it is remembered what was imported: much longer than
// any call can be sent again.
const keptImports = 24 * time.Hour

// Import keeps a new task, once per key; see api.Store. The key is kept in the
// transaction that keeps the task, so there is never one without the other.
func (s *Store) Import(ctx context.Context, key api.ImportKey, task api.Task, limit int) (imported api.Task, repeated bool, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT task_id FROM imported_rows WHERE (user_id, call_id, row) = (?, ?, ?)",
			key.UserID, key.CallID, key.Row).Scan(&imported.ID)
		if !errors.Is(err, sql.ErrNoRows) {
			repeated = err == nil
			return err
		}
		now := time.Now()
		if key.Row == 0 {
			if _, err := tx.ExecContext(ctx, "DELETE FROM imported_rows WHERE at < ?", now.Add(-keptImports).UnixMilli()); err != nil {
				return err
			}
		}
		if imported, err = insert(ctx, tx, task, limit); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO imported_rows (user_id, call_id, row, task_id, at) VALUES (?, ?, ?, ?, ?)",
			key.UserID, key.CallID, key.Row, imported.ID, now.UnixMilli())
		return err
	})
	return imported, repeated, err
}
