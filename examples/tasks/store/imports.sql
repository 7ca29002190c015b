-- Which rows of which calls are imported: a call that runs again leaves them out.
CREATE TABLE imported_rows (
  user_id TEXT    NOT NULL,
  call_id TEXT    NOT NULL,
  row     INTEGER NOT NULL CHECK (row >= 0),
  task_id INTEGER NOT NULL,                    -- the task may be deleted since
  at      INTEGER NOT NULL CHECK (at >= 0),    -- milliseconds since 1970
  PRIMARY KEY (user_id, call_id, row)
) STRICT, WITHOUT ROWID;
