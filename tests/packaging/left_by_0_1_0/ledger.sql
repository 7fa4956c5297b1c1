-- A ledger with two requests, as Understudy 0.1.0 left it: never to be changed.
PRAGMA application_id = 1431524441;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE agents (
    session INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (session, id)
) WITHOUT ROWID;
INSERT INTO "agents" VALUES(1,'a');
CREATE TABLE bodies (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    request INTEGER NOT NULL,
    part TEXT NOT NULL,
    at REAL NOT NULL,
    size INTEGER NOT NULL,
    packed_size INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    hidden INTEGER NOT NULL,
    packed BLOB NOT NULL
);
INSERT INTO "bodies" VALUES(1,1,'request',1700049600.0,12,13,0,0,X'007B22736179223A226869227D');
INSERT INTO "bodies" VALUES(2,1,'upstream',1700049600.0,33,34,0,0,X'007B226D6F64656C223A226770742D342E31222C226D65737361676573223A5B5D7D');
INSERT INTO "bodies" VALUES(3,1,'answer',1700049600.0,116,117,0,0,X'007B226964223A226D73675F31222C22636F6E74656E74223A5B7B2274797065223A2274657874222C2274657874223A2248656C6C6F20776F726C64227D5D2C2273746F705F726561736F6E223A22656E645F7475726E222C227573616765223A7B226F75747075745F746F6B656E73223A357D7D');
CREATE TABLE hours (
    hour INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
INSERT INTO "hours" VALUES(472236,1,2);
CREATE TABLE kinds (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    path TEXT NOT NULL,
    asked_for TEXT NOT NULL,
    project TEXT NOT NULL,
    profile TEXT NOT NULL,
    role TEXT NOT NULL,
    why TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    engine TEXT NOT NULL,
    stop_reason TEXT NOT NULL,
    error_type TEXT NOT NULL,
    error TEXT NOT NULL,
    warnings TEXT NOT NULL,
    said TEXT NOT NULL
);
INSERT INTO "kinds" VALUES(1,X'8C8B5283DADF7DC2D072BCCBC08C617E','/v1/messages','claude-opus-5-5','/p','Work','BIG','opus plays BIG','openai','gpt-4.1','direct','end_turn','','','["left out: cache_control", "late"]','openai/gpt-4.1
claude-opus-5-5
/p
work
big
opus plays big
direct
end_turn


["left out: cache_control", "late"]');
CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    run INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    session INTEGER NOT NULL,
    state INTEGER NOT NULL,
    day INTEGER NOT NULL,
    began REAL NOT NULL,
    first_token REAL,
    ended REAL,
    status INTEGER NOT NULL,
    streamed INTEGER NOT NULL,
    agent TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    attempts TEXT NOT NULL,
    tries INTEGER NOT NULL,
    cost REAL,
    estimated INTEGER NOT NULL,
    told_cost REAL,
    flat INTEGER NOT NULL,
    input INTEGER,
    output INTEGER,
    cache_read INTEGER,
    cache_write INTEGER,
    reasoning INTEGER,
    more_usage TEXT,
    wait REAL,
    speed REAL
);
INSERT INTO "requests" VALUES(1,'r1',1,1,1,1,20231115,1700049600.0,1700049602.0,1700049603.0,200,1,'a','chatcmpl-1','[[1700049601.0,1,429,"too many",0.5],[1700049601.5,2,200,"",0.0]]',2,NULL,1,NULL,0,10,5,3,2,1,NULL,2.0,5.0);
INSERT INTO "requests" VALUES(2,'r2',1,1,1,1,20231115,1700049660.0,1700049662.0,1700049663.0,200,1,'a','chatcmpl-1','[[1700049661.0,1,429,"too many",0.5],[1700049661.5,2,200,"",0.0]]',2,NULL,1,NULL,0,10,5,3,2,1,NULL,2.0,5.0);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER NOT NULL,
    began REAL NOT NULL,
    seen REAL NOT NULL
);
INSERT INTO "runs" VALUES(1,23061,1.79539502494457077984e+09,1.79539502494457077984e+09);
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    profile TEXT NOT NULL,
    began REAL NOT NULL,
    latest REAL NOT NULL
);
INSERT INTO "sessions" VALUES(1,'s','/p','Work',1700049600.0,1700049663.0);
CREATE TABLE tallies (
    day INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    session INTEGER NOT NULL,
    state INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    priced INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    cost REAL NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (day, kind, session, state)
) WITHOUT ROWID;
INSERT INTO "tallies" VALUES(20231115,1,1,1,2,2,0,0,0.0,20,10,6,4,2);
CREATE TABLE wipes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL
);
CREATE INDEX sessions_latest ON sessions (latest);
CREATE INDEX requests_state ON requests (state);
CREATE INDEX requests_kind ON requests (kind, state);
CREATE INDEX requests_session ON requests (session) WHERE session <> 0;
CREATE INDEX requests_sample ON requests (day, kind, session, state, wait, speed)
    WHERE number % 32 = 0 AND wait IS NOT NULL;
CREATE INDEX tallies_session ON tallies (session) WHERE session <> 0;
CREATE UNIQUE INDEX bodies_request ON bodies (request, part);
CREATE INDEX bodies_at ON bodies (at, packed_size);
CREATE TRIGGER request_begins AFTER INSERT ON requests BEGIN 
    INSERT INTO hours VALUES (CAST(NEW.began / 3600 AS INTEGER), NEW.number, NEW.number)
    ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last);
END;
CREATE TRIGGER request_is_whole AFTER INSERT ON requests WHEN NEW.state <> 0 BEGIN 
    INSERT INTO tallies VALUES (
        NEW.day, NEW.kind, NEW.session, NEW.state, +1, +(NEW.tries > 1),
        +(NEW.cost IS NOT NULL), +(NEW.cost IS NOT NULL AND NEW.estimated), +ifnull(NEW.cost, 0),
        +ifnull(NEW.input, 0), +ifnull(NEW.output, 0), +ifnull(NEW.cache_read, 0),
        +ifnull(NEW.cache_write, 0), +ifnull(NEW.reasoning, 0)
    ) ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests, retried = retried + excluded.retried,
        priced = priced + excluded.priced, estimated = estimated + excluded.estimated, cost = cost + excluded.cost,
        input = input + excluded.input, output = output + excluded.output,
        cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
        reasoning = reasoning + excluded.reasoning;
END;
CREATE TRIGGER request_ends AFTER UPDATE ON requests WHEN NEW.state <> 0 AND OLD.state = 0 BEGIN 
    INSERT INTO tallies VALUES (
        NEW.day, NEW.kind, NEW.session, NEW.state, +1, +(NEW.tries > 1),
        +(NEW.cost IS NOT NULL), +(NEW.cost IS NOT NULL AND NEW.estimated), +ifnull(NEW.cost, 0),
        +ifnull(NEW.input, 0), +ifnull(NEW.output, 0), +ifnull(NEW.cache_read, 0),
        +ifnull(NEW.cache_write, 0), +ifnull(NEW.reasoning, 0)
    ) ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests, retried = retried + excluded.retried,
        priced = priced + excluded.priced, estimated = estimated + excluded.estimated, cost = cost + excluded.cost,
        input = input + excluded.input, output = output + excluded.output,
        cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
        reasoning = reasoning + excluded.reasoning;
END;
CREATE TRIGGER request_ends_again AFTER UPDATE ON requests WHEN OLD.state <> 0 BEGIN
    
    INSERT INTO tallies VALUES (
        OLD.day, OLD.kind, OLD.session, OLD.state, -1, -(OLD.tries > 1),
        -(OLD.cost IS NOT NULL), -(OLD.cost IS NOT NULL AND OLD.estimated), -ifnull(OLD.cost, 0),
        -ifnull(OLD.input, 0), -ifnull(OLD.output, 0), -ifnull(OLD.cache_read, 0),
        -ifnull(OLD.cache_write, 0), -ifnull(OLD.reasoning, 0)
    ) ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests, retried = retried + excluded.retried,
        priced = priced + excluded.priced, estimated = estimated + excluded.estimated, cost = cost + excluded.cost,
        input = input + excluded.input, output = output + excluded.output,
        cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
        reasoning = reasoning + excluded.reasoning;
    INSERT INTO tallies VALUES (
        NEW.day, NEW.kind, NEW.session, NEW.state, +1, +(NEW.tries > 1),
        +(NEW.cost IS NOT NULL), +(NEW.cost IS NOT NULL AND NEW.estimated), +ifnull(NEW.cost, 0),
        +ifnull(NEW.input, 0), +ifnull(NEW.output, 0), +ifnull(NEW.cache_read, 0),
        +ifnull(NEW.cache_write, 0), +ifnull(NEW.reasoning, 0)
    ) ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests, retried = retried + excluded.retried,
        priced = priced + excluded.priced, estimated = estimated + excluded.estimated, cost = cost + excluded.cost,
        input = input + excluded.input, output = output + excluded.output,
        cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
        reasoning = reasoning + excluded.reasoning;
    DELETE FROM tallies
    WHERE day = OLD.day AND kind = OLD.kind AND session = OLD.session AND state = OLD.state AND requests = 0;
END;
CREATE TRIGGER request_goes AFTER DELETE ON requests WHEN OLD.state <> 0 BEGIN 
    INSERT INTO tallies VALUES (
        OLD.day, OLD.kind, OLD.session, OLD.state, -1, -(OLD.tries > 1),
        -(OLD.cost IS NOT NULL), -(OLD.cost IS NOT NULL AND OLD.estimated), -ifnull(OLD.cost, 0),
        -ifnull(OLD.input, 0), -ifnull(OLD.output, 0), -ifnull(OLD.cache_read, 0),
        -ifnull(OLD.cache_write, 0), -ifnull(OLD.reasoning, 0)
    ) ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests, retried = retried + excluded.retried,
        priced = priced + excluded.priced, estimated = estimated + excluded.estimated, cost = cost + excluded.cost,
        input = input + excluded.input, output = output + excluded.output,
        cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
        reasoning = reasoning + excluded.reasoning;
    DELETE FROM tallies
    WHERE day = OLD.day AND kind = OLD.kind AND session = OLD.session AND state = OLD.state AND requests = 0;
END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',1);
INSERT INTO "sqlite_sequence" VALUES('requests',2);
INSERT INTO "sqlite_sequence" VALUES('bodies',3);
COMMIT;
