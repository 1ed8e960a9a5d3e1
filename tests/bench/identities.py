"""What it costs that PostgreSQL decides who may do what: Gets with tokens beside Gets without. By
tests/bench/run --only=identity; it is no part of the other works, and has no other contestants."""

import pathlib
import random
import statistics
import types

import contestants
import harness
import programs
import works
from database import NAME, Database
from tokens import SECRET, token

IDENTITIES = 16
# Row-level security that reads the claims, as a user would write it.
ROLES = """
CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE member; GRANT member TO authenticator;
GRANT SELECT ON item TO member;
CREATE TABLE owned (LIKE item INCLUDING ALL); INSERT INTO owned SELECT * FROM item;
ALTER TABLE owned ENABLE ROW LEVEL SECURITY; GRANT SELECT ON owned TO member;
CREATE POLICY own ON owned USING (current_setting('request.jwt.claims', true)::json->>'tenant' IS NOT NULL);
"""
# How much of the calls a second without tokens those with tokens must be, at 64 in flight.
WANTED = {"tokens of one identity": 0.9, f"tokens of {IDENTITIES} identities": 0.5}
POLICY = "of one identity, and a policy"


def bearer(number):
    return "Bearer " + token({"role": "member", "sub": f"user {number}", "tenant": f"tenant {number}", "iss": "the bench",
                              "exp": 4102444800})


def measure(options, tools, database, say):
    """{contestant: {level: [calls a second]}}, of all rounds."""
    folder = programs.BUILD / "work"
    folder.mkdir(exist_ok=True)
    key = folder / "identity.key"
    key.write_text(SECRET)
    owner = database.uri.replace("user=postgres", "user=authenticator")
    # Without tokens all calls run as the role that connects, which a policy does not bind.
    uris = {"without tokens": (database.uri, [], "Item"),
            "tokens of one identity": (owner, [bearer(0)], "Item"),
            f"tokens of {IDENTITIES} identities": (owner, [bearer(i) for i in range(IDENTITIES)], "Item"),
            POLICY: (owner, [bearer(0)], "Owned")}
    contract = harness.Contract(database.uri)
    requests = {kind: folder / f"identity.{kind}" for kind in ("Item", "Owned")}
    for kind, path in requests.items():
        rng = random.Random(1)
        message = contract.message(f"bench.v1.Get{kind}Request")
        works.write_records(path, [(0, message(id=rng.randint(1, works.ITEMS)).SerializeToString()) for _ in range(20_000)])
    figures = {name: {} for name in uris}
    timing = types.SimpleNamespace(seconds=options.seconds or 2, warm_up=0.5, threads=options.threads,
                                   channels=options.channels, import_messages=1)
    for number in range(options.rounds):
        names = list(uris)
        turn = names[number % len(names):] + names[:number % len(names)]
        servers = {}
        try:
            for name in turn:
                uri, tokens, _ = uris[name]
                more = [f"--jwt_key={key}"] if tokens else []
                servers[name] = contestants.protogres(tools, uri, more=more)
                servers[name].await_serving()
            for level in options.in_flight or (1, 64):
                for name in turn:
                    _, tokens, kind = uris[name]
                    work = works.Work("identity", "", [f"/bench.v1.{kind}Service/Get{kind}"], None)
                    seen = contestants.load(tools, servers[name], work, requests[kind], level, timing, tokens)
                    figures[name].setdefault(level, []).append(seen["per_second"])
                    say(f"round {number + 1}/{options.rounds} {level} in flight: {name} {seen['per_second']:,.0f} calls/s")
        finally:
            for server in servers.values():
                server.close()
    return figures


def table(figures):
    """The medians, and each round's ratio to the round without tokens."""
    levels = list(next(iter(figures.values())))
    lines = ["| Get | " + " | ".join(f"{level} in flight | of without" for level in levels) + " |",
             "| --- |" + " ---: | ---: |" * len(levels)]
    for name, by_level in figures.items():
        cells = []
        for level in levels:
            ratios = [ours / without for ours, without in zip(by_level[level], figures["without tokens"][level])]
            cells += [f"{statistics.median(by_level[level]):,.0f}",
                      f"{statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})"]
        wanted = f" (wanted at 64: {WANTED[name]})" if name in WANTED else ""
        lines.append(f"| {name}{wanted} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def run(options, say):
    tools = programs.Programs(say, build=not options.no_build, protogres=options.protogres, contestants=False)
    say("filling a PostgreSQL")
    database = Database(0)
    try:
        database.postgres.psql(NAME, ROLES)
        database.postgres.psql(NAME, "VACUUM (ANALYZE, FREEZE) owned")
        figures = measure(options, tools, database, say)
    finally:
        database.close()
    text = "# Gets with tokens\n\nCalls a second, and of each round its ratio to the round without tokens: median" \
           " (lowest..highest).\n\n" + table(figures)
    options.out.mkdir(parents=True, exist_ok=True)
    pathlib.Path(options.out / "identity.md").write_text(text)
    print(text)
    return 0
