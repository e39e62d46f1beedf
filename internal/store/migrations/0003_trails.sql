-- What is remembered of each host over all patrols: addresses and talks. One row a host, because a row a talk would make
-- every patrol a third slower. doc is not JSON but one line an entry, fields separated by tabs: see trails.go.
-- last_us: when the newest of them was seen. talks: how many talks are in doc.
CREATE TABLE trails (
  host    TEXT   NOT NULL PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
  last_us BIGINT NOT NULL,
  talks   BIGINT NOT NULL,
  sum     TEXT   NOT NULL,
  doc     TEXT   NOT NULL
);

-- talks_left: talks that were left out because all trails together were too many.
INSERT INTO meta (name, value) VALUES ('talks_left', 0);
