-- Files that people uploaded, patrols that the pages and schedules asked for, and what is looked at again and again.
-- The documents are those of package model.

CREATE TABLE uploads (
  id      TEXT   NOT NULL PRIMARY KEY,
  state   TEXT   NOT NULL,
  made_us BIGINT NOT NULL,
  sum     TEXT   NOT NULL,
  doc     TEXT   NOT NULL
);

CREATE TABLE rounds (
  id      TEXT   NOT NULL PRIMARY KEY,
  state   TEXT   NOT NULL,
  made_us BIGINT NOT NULL,
  sum     TEXT   NOT NULL,
  doc     TEXT   NOT NULL
);
CREATE INDEX rounds_order ON rounds (made_us, id);
CREATE INDEX rounds_state ON rounds (state);

CREATE TABLE watches (
  id  TEXT NOT NULL PRIMARY KEY,
  sum TEXT NOT NULL,
  doc TEXT NOT NULL
);

CREATE TABLE schedules (
  id  TEXT NOT NULL PRIMARY KEY,
  sum TEXT NOT NULL,
  doc TEXT NOT NULL
);
