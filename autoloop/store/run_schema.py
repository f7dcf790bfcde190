"""The tables of run.db."""

from autoloop.store.database import Schema

FILE = "run.db"
RUN_SCHEMA = Schema(
    version=1,
    remedy="restore the file from a copy, or start a new run",
    tables="""
CREATE TABLE run (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL);
CREATE TABLE notebook (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL);
CREATE TABLE stop_request (one INTEGER PRIMARY KEY CHECK (one = 1));
CREATE TABLE steps (
    step INTEGER PRIMARY KEY,
    decision TEXT,
    tokens INTEGER NOT NULL,
    cost_usd REAL,
    record TEXT NOT NULL
);
CREATE TABLE trials (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    task_digest TEXT NOT NULL,
    purpose TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    step INTEGER NOT NULL,
    split TEXT,
    outcome TEXT NOT NULL,
    reward REAL,
    passed INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    cost_usd REAL,
    record TEXT NOT NULL
);
CREATE UNIQUE INDEX counted_trials ON trials (agent, task, task_digest, purpose, attempt)
    WHERE outcome <> 'invalid';
CREATE UNIQUE INDEX trial_ids ON trials (id, agent, task, task_digest, purpose, attempt);
CREATE INDEX trial_sums ON trials (outcome, passed, tokens, cost_usd);
CREATE INDEX trial_steps ON trials (step, split, task, outcome, reward);
CREATE INDEX reused_trials ON trials (position) WHERE json_extract(record, '$.reused_from') <> '';
CREATE INDEX trials_with_findings ON trials (position)
    WHERE json_array_length(record, '$.findings') > 0
""",
)
