-- What people decide on the ledger: batches that can be undone, marks on seen machines, questions to departments.

ALTER TABLE ledgers ADD COLUMN why TEXT NOT NULL DEFAULT '';

CREATE TABLE batches (
  n     BIGINT NOT NULL PRIMARY KEY,
  id    TEXT   NOT NULL UNIQUE,
  at_us BIGINT NOT NULL,
  sum   TEXT   NOT NULL,
  doc   TEXT   NOT NULL
);

CREATE TABLE marks (
  host TEXT NOT NULL PRIMARY KEY,
  sum  TEXT NOT NULL,
  doc  TEXT NOT NULL
);

CREATE TABLE inquiries (
  id      TEXT   NOT NULL PRIMARY KEY,
  host    TEXT   NOT NULL,
  state   TEXT   NOT NULL,
  made_us BIGINT NOT NULL,
  sum     TEXT   NOT NULL,
  doc     TEXT   NOT NULL
);
CREATE INDEX inquiries_made ON inquiries (made_us, id);
CREATE INDEX inquiries_host ON inquiries (host);
