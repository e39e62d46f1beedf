-- One text for SQLite and PostgreSQL. Column types: TEXT and BIGINT only. Times are microseconds since 1970 in UTC and
-- serve for sorting; the document holds the exact time. sum is the digest of doc. Documents are JSON, read in Go only.

-- writer: every writing transaction touches this row first, so writers queue on PostgreSQL as they do on SQLite.
-- changes: counts what people changed on findings.
CREATE TABLE meta (
  name  TEXT   NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('writer', 0), ('changes', 0);

CREATE TABLE hosts (
  id       TEXT   NOT NULL PRIMARY KEY,
  ip_key   TEXT   NOT NULL,
  class    TEXT   NOT NULL,
  declared TEXT   NOT NULL,
  search   TEXT   NOT NULL,
  last_us  BIGINT NOT NULL,
  sum      TEXT   NOT NULL,
  doc      TEXT   NOT NULL
);
CREATE INDEX hosts_order ON hosts (ip_key, id);

CREATE TABLE host_addrs (
  value TEXT NOT NULL,
  host  TEXT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  PRIMARY KEY (value, host)
);
CREATE INDEX host_addrs_host ON host_addrs (host);

CREATE TABLE bindings (
  n       BIGINT NOT NULL PRIMARY KEY,
  addr    TEXT   NOT NULL,
  mac     TEXT   NOT NULL,
  last_us BIGINT NOT NULL,
  sum     TEXT   NOT NULL,
  doc     TEXT   NOT NULL
);
CREATE INDEX bindings_addr ON bindings (addr);
CREATE INDEX bindings_mac ON bindings (mac);

CREATE TABLE findings (
  id       TEXT   NOT NULL PRIMARY KEY,
  rule     TEXT   NOT NULL,
  severity BIGINT NOT NULL,
  state    TEXT   NOT NULL,
  search   TEXT   NOT NULL,
  last_us  BIGINT NOT NULL,
  touched  BIGINT NOT NULL,
  sum      TEXT   NOT NULL,
  doc      TEXT   NOT NULL
);
CREATE INDEX findings_order ON findings (severity, last_us, id);
CREATE INDEX findings_rule ON findings (rule);
CREATE INDEX findings_state ON findings (state);

CREATE TABLE finding_hosts (
  finding TEXT NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
  host    TEXT NOT NULL,
  PRIMARY KEY (finding, host)
);
CREATE INDEX finding_hosts_host ON finding_hosts (host);

CREATE TABLE finding_events (
  finding    TEXT   NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
  n          BIGINT NOT NULL,
  at_us      BIGINT NOT NULL,
  from_state TEXT   NOT NULL,
  to_state   TEXT   NOT NULL,
  who        TEXT   NOT NULL,
  reason     TEXT   NOT NULL,
  PRIMARY KEY (finding, n)
);

CREATE TABLE patrols (
  n          BIGINT NOT NULL PRIMARY KEY,
  id         TEXT   NOT NULL UNIQUE,
  started_us BIGINT NOT NULL,
  sum        TEXT   NOT NULL,
  doc        TEXT   NOT NULL
);

CREATE TABLE ledgers (
  version     BIGINT NOT NULL PRIMARY KEY,
  imported_us BIGINT NOT NULL,
  made_by     TEXT   NOT NULL,
  file        TEXT   NOT NULL,
  hosts       BIGINT NOT NULL,
  sum         TEXT   NOT NULL,
  doc         TEXT   NOT NULL
);

CREATE TABLE suppressions (
  id  TEXT NOT NULL PRIMARY KEY,
  sum TEXT NOT NULL,
  doc TEXT NOT NULL
);

CREATE TABLE settings (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
