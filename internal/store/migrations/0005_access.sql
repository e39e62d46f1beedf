-- Who may do what, and who did what.

CREATE TABLE accounts (
  id    TEXT NOT NULL PRIMARY KEY,
  login TEXT NOT NULL UNIQUE,
  sum   TEXT NOT NULL,
  doc   TEXT NOT NULL
);

-- Random secrets that stand for a person: sessions, API tokens, sign-in links. digest is that of the secret.
CREATE TABLE access_keys (
  digest   TEXT   NOT NULL PRIMARY KEY,
  kind     TEXT   NOT NULL,
  id       TEXT   NOT NULL UNIQUE,
  account  TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  until_us BIGINT NOT NULL,
  sum      TEXT   NOT NULL,
  doc      TEXT   NOT NULL
);
CREATE INDEX access_keys_account ON access_keys (account, kind);
CREATE INDEX access_keys_until ON access_keys (until_us);

CREATE TABLE sign_in_attempts (
  name     TEXT   NOT NULL PRIMARY KEY,
  fails    BIGINT NOT NULL,
  last_us  BIGINT NOT NULL,
  until_us BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_last ON sign_in_attempts (last_us);

-- doc is exactly what was signed: no sum, the tree is better.
CREATE TABLE audit_entries (
  n      BIGINT NOT NULL PRIMARY KEY,
  at_us  BIGINT NOT NULL,
  account TEXT  NOT NULL,
  action TEXT   NOT NULL,
  search TEXT   NOT NULL,
  doc    TEXT   NOT NULL,
  signed TEXT   NOT NULL
);
CREATE INDEX audit_entries_at ON audit_entries (at_us);
CREATE INDEX audit_entries_action ON audit_entries (action);

-- The nodes of the Merkle tree over the entries, at their storage index.
CREATE TABLE audit_hashes (
  i    BIGINT NOT NULL PRIMARY KEY,
  hash TEXT   NOT NULL
);
