CREATE TABLE tasks (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  title          TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  status         TEXT    NOT NULL CHECK (status IN ('open', 'in_progress', 'done')),
  due            INTEGER CHECK (due BETWEEN 0 AND 253402300799999), -- milliseconds since 1970
  assignee_name  TEXT    CHECK (length(assignee_name) BETWEEN 1 AND 60),
  assignee_email TEXT    CHECK (length(assignee_email) BETWEEN 1 AND 100),
  created_by     TEXT    NOT NULL,
  created_at     INTEGER NOT NULL CHECK (created_at >= 0),          -- milliseconds since 1970
  version        INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  CHECK (assignee_email IS NULL OR assignee_name IS NOT NULL)
) STRICT;

CREATE INDEX tasks_by_creator ON tasks (created_by, status);

CREATE TABLE task_tags (
  task_id  INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  position INTEGER NOT NULL CHECK (position >= 0),
  tag      TEXT    NOT NULL CHECK (length(tag) BETWEEN 1 AND 24),
  PRIMARY KEY (task_id, position),
  UNIQUE (task_id, tag)
) STRICT, WITHOUT ROWID;
