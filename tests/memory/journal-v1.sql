PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE leases (
        run_id TEXT PRIMARY KEY REFERENCES runs (run_id),
        token INTEGER NOT NULL,
        owner TEXT,
        expires REAL NOT NULL,
        seconds REAL NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "leases" VALUES('run-1',1,NULL,1795348834.5,30.0);
CREATE TABLE records (
        run_id TEXT NOT NULL REFERENCES runs (run_id),
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        at TEXT NOT NULL,
        body TEXT NOT NULL,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (run_id, seq)
    )
    ;
INSERT INTO "records" VALUES('run-1',1,'run.created','run.created','2026-11-22T12:00:01.500000+00:00','{"video":"a.mp4"}','4e65d3fbe8ad6535681b021b30785b12b6c0e3f8878859a4148b3f58b8835db0','035fa8f7042a951b8b106317f70da89a89e1a8c6306e80f7a9e39d0908863feb');
INSERT INTO "records" VALUES('run-1',2,'policy.called','call-1','2026-11-22T12:00:07.500000+00:00','{"completion":"<verdict>normal</verdict> é","logprob":-0.0625,"tokens":[1,2,3]}','035fa8f7042a951b8b106317f70da89a89e1a8c6306e80f7a9e39d0908863feb','8265d7563e8337060432fef3d70d58301f8cd91966f0f27b9711cb02e86a9b0a');
INSERT INTO "records" VALUES('run-1',3,'node.finished','initial_reason','2026-11-22T12:00:10.500000+00:00','{"writes":{"reasoning":null}}','8265d7563e8337060432fef3d70d58301f8cd91966f0f27b9711cb02e86a9b0a','34c52e9001483d10c4c7eff7470aa750d70c96c8718ca50576a8f3560e3bc024');
INSERT INTO "records" VALUES('run-1',4,'run.finished','run.finished','2026-11-22T12:00:13.500000+00:00','{"verdict":"normal"}','34c52e9001483d10c4c7eff7470aa750d70c96c8718ca50576a8f3560e3bc024','31008d081646a264e938c4e923181b71a316e39ff35e771f7c95c83b3097494c');
CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        head TEXT NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "runs" VALUES('run-1',4,'31008d081646a264e938c4e923181b71a316e39ff35e771f7c95c83b3097494c');
CREATE UNIQUE INDEX records_by_key ON records (run_id, key);
CREATE INDEX records_by_end ON records (run_id, seq)
    WHERE kind IN ('run.finished', 'run.failed')
    ;
CREATE TRIGGER records_are_not_updated BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;
CREATE TRIGGER records_are_not_deleted BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;
CREATE TRIGGER records_continue_their_chain BEFORE INSERT ON records
    WHEN NOT EXISTS (
        SELECT 1 FROM runs
        WHERE run_id = NEW.run_id AND seq + 1 = NEW.seq AND head = NEW.prev
    )
    BEGIN SELECT RAISE(ABORT, 'a record continues the chain of its run'); END;
COMMIT;
