-- What people write on a host that was seen. The photo itself is a file of the data directory; photo is its digest, '' if there is none.
CREATE TABLE host_notes (
  host     TEXT   NOT NULL PRIMARY KEY,
  place    TEXT   NOT NULL,
  note     TEXT   NOT NULL,
  photo    TEXT   NOT NULL,
  who      TEXT   NOT NULL,
  at_us    BIGINT NOT NULL
);
