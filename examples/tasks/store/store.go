// Package store keeps the task board in an SQLite file.
package store

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver, in pure Go

	"github.com/centrirpc/centrirpc/examples/tasks/api"
)

var (
	//go:embed schema.sql
	schema string
	//go:embed imports.sql
	imports string
)

// migrations bring an older file up to date, one after another. Append only:
// the file's user_version says how many it has seen.
var migrations = []string{schema, imports}

// Store is an api.Store on SQLite.
type Store struct{ db *sql.DB }

// Open opens the file, making it and its tables if need be.
func Open(ctx context.Context, path string) (*Store, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // SQLite writes one at a time anyway, and here the wait honours the context
	s := &Store{db}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	return s, nil
}

// Close waits for what runs and closes the file.
func (s *Store) Close() error { return s.db.Close() }

func (s *Store) migrate(ctx context.Context) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var seen int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&seen); err != nil {
			return err
		}
		if seen > len(migrations) {
			return fmt.Errorf("made by a newer version of this program (schema %d, this one knows %d)", seen, len(migrations))
		}
		for _, migration := range migrations[seen:] {
			if _, err := tx.ExecContext(ctx, migration); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)))
		return err
	})
}

// change runs f in a transaction: all of it happens, or nothing.
func (s *Store) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing once committed
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Create keeps a new task; see api.Store.
func (s *Store) Create(ctx context.Context, task api.Task, limit int) (api.Task, error) {
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		task, err = insert(ctx, tx, task, limit)
		return err
	})
	return task, err
}

func insert(ctx context.Context, tx *sql.Tx, task api.Task, limit int) (api.Task, error) {
	var count int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM tasks").Scan(&count); err != nil {
		return task, err
	}
	if count >= limit {
		return task, api.ErrFull
	}
	name, email := personColumns(task.Assignee)
	inserted, err := tx.ExecContext(ctx, `INSERT INTO tasks
		(title, status, due, assignee_name, assignee_email, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		task.Title, task.Status, millis(task.Due), name, email, task.CreatedBy, time.Now().UnixMilli())
	if err != nil {
		return task, err
	}
	id, err := inserted.LastInsertId()
	if err != nil {
		return task, err
	}
	if err := setTags(ctx, tx, id, task.Tags); err != nil {
		return task, err
	}
	return get(ctx, tx, id)
}

// Update changes a task in one step; see api.Store.
func (s *Store) Update(ctx context.Context, id int64, change func(*api.Task)) (api.Task, error) {
	var task api.Task
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		if task, err = get(ctx, tx, id); err != nil {
			return err
		}
		change(&task)
		name, email := personColumns(task.Assignee)
		if _, err = tx.ExecContext(ctx, `UPDATE tasks SET title = ?, status = ?, due = ?,
			assignee_name = ?, assignee_email = ?, version = version + 1 WHERE id = ?`,
			task.Title, task.Status, millis(task.Due), name, email, id); err != nil {
			return err
		}
		if err = setTags(ctx, tx, id, task.Tags); err != nil {
			return err
		}
		task, err = get(ctx, tx, id)
		return err
	})
	return task, err
}

// Delete removes a task; see api.Store.
func (s *Store) Delete(ctx context.Context, id int64) error {
	deleted, err := s.db.ExecContext(ctx, "DELETE FROM tasks WHERE id = ?", id)
	if err != nil {
		return err
	}
	if n, err := deleted.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, api.ErrNoTask)
	}
	return nil
}

// Count counts tasks; see api.Store.
func (s *Store) Count(ctx context.Context, userID string) (map[api.Status]int64, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT status, count(*) FROM tasks WHERE created_by = ? GROUP BY status", userID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[api.Status]int64{}
	for rows.Next() {
		var status api.Status
		var n int64
		if err := rows.Scan(&status, &n); err != nil {
			return nil, err
		}
		counts[status] = n
	}
	return counts, rows.Err()
}

const selectTasks = `SELECT id, title, status, due, assignee_name, assignee_email, created_by, created_at, version,
	(SELECT json_group_array(tag ORDER BY position) FROM task_tags WHERE task_id = id) FROM tasks `

// List lists tasks; see api.Store.
func (s *Store) List(ctx context.Context, status api.Status, after int64, limit int) ([]api.Task, error) {
	rows, err := s.db.QueryContext(ctx, selectTasks+"WHERE id > ?2 AND (?1 = '' OR status = ?1) ORDER BY id LIMIT ?3", status, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tasks []api.Task
	for rows.Next() {
		task, err := scan(rows)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
	}
	return tasks, rows.Err()
}

func get(ctx context.Context, tx *sql.Tx, id int64) (api.Task, error) {
	task, err := scan(tx.QueryRowContext(ctx, selectTasks+"WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		err = api.ErrNoTask
	}
	return task, err
}

func scan(row interface{ Scan(...any) error }) (task api.Task, err error) {
	var due, created sql.NullInt64
	var name, email sql.NullString
	var tags []byte
	err = row.Scan(&task.ID, &task.Title, &task.Status, &due, &name, &email, &task.CreatedBy, &created, &task.Version, &tags)
	if err != nil {
		return task, err
	}
	task.CreatedAt = time.UnixMilli(created.Int64).UTC()
	if due.Valid {
		at := time.UnixMilli(due.Int64).UTC()
		task.Due = &at
	}
	if name.Valid {
		task.Assignee = &api.Person{Name: name.String, Email: email.String}
	}
	return task, json.Unmarshal(tags, &task.Tags)
}

func setTags(ctx context.Context, tx *sql.Tx, id int64, tags []string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM task_tags WHERE task_id = ?", id); err != nil {
		return err
	}
	for i, tag := range tags {
		if _, err := tx.ExecContext(ctx, "INSERT INTO task_tags (task_id, position, tag) VALUES (?, ?, ?)", id, i, tag); err != nil {
			return err
		}
	}
	return nil
}

func personColumns(p *api.Person) (name, email sql.NullString) {
	if p == nil {
		return name, email
	}
	return sql.NullString{String: p.Name, Valid: true}, sql.NullString{String: p.Email, Valid: p.Email != ""}
}

func millis(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: true}
}
