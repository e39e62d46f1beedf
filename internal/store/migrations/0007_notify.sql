-- Channels by which people are told, what was told already, what each channel has yet to tell, and the outbox.
CREATE TABLE notify_channels (
  id  TEXT NOT NULL PRIMARY KEY,
  sum TEXT NOT NULL,
  doc TEXT NOT NULL
);

-- episode: number of the event with which the finding began to wait when it was last told.
CREATE TABLE notify_told (
  finding TEXT   NOT NULL PRIMARY KEY,
  episode BIGINT NOT NULL,
  at_us   BIGINT NOT NULL
);
CREATE INDEX notify_told_at ON notify_told (at_us);

CREATE TABLE notify_pending (
  channel TEXT   NOT NULL,
  finding TEXT   NOT NULL,
  urgent  BIGINT NOT NULL,
  at_us   BIGINT NOT NULL,
  PRIMARY KEY (channel, finding)
);

CREATE TABLE notify_outbox (
  id      TEXT   NOT NULL PRIMARY KEY,
  channel TEXT   NOT NULL,
  kind    TEXT   NOT NULL,
  cause   TEXT   NOT NULL,
  state   TEXT   NOT NULL,
  next_us BIGINT NOT NULL,
  made_us BIGINT NOT NULL,
  sum     TEXT   NOT NULL,
  doc     TEXT   NOT NULL
);
CREATE INDEX notify_outbox_due ON notify_outbox (state, next_us);
CREATE INDEX notify_outbox_channel ON notify_outbox (channel, made_us);
