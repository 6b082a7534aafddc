"""Next occurrences of 1,000 random cron expressions: ours beside those of croniter and cronsim (PyPI).

Usage: calendars.py BINARY. Prints a line of counts; exits 1 when anything differs that docs/CALENDARS.md
does not list. The expressions are of the language that all three share.
"""

import datetime as dt
import importlib.metadata
import json
import os
import random
import subprocess
import sys
import tempfile
import zoneinfo

import croniter
import cronsim

SEED = 20261125
BATCHES, PER_BATCH, NEXT = 20, 50, 5
ZONES = [
    "UTC", "America/New_York", "Europe/Berlin", "Europe/London", "Australia/Sydney", "Asia/Kolkata",
    "America/Sao_Paulo", "Africa/Cairo", "Asia/Tokyo", "America/Havana", "Australia/Lord_Howe", "Pacific/Auckland",
]
# Beginnings: quiet ones, and ones a day before a clock of these zones moves.
BEGINNINGS = [
    "2026-01-10T10:17", "2026-02-28T20:03", "2026-03-07T12:00", "2026-03-28T09:30", "2026-04-03T11:11",
    "2026-04-23T12:00", "2026-06-01T10:00", "2026-09-26T08:45", "2026-10-03T06:00", "2026-10-24T12:00",
    "2026-10-31T12:00", "2026-12-30T23:59",
]


def field(rng, first, last):
    kind = rng.randrange(6)
    if kind <= 1:
        return "*"
    if kind == 2:
        return "*/%d" % rng.randint(2, max(2, (last - first) // 2))
    if kind == 3:
        a, b = sorted((rng.randint(first, last), rng.randint(first, last)))
        return "%d-%d" % (a, b) if a < b else str(a)
    if kind == 4:
        return ",".join(str(n) for n in sorted({rng.randint(first, last), rng.randint(first, last)}))
    return str(rng.randint(first, last))


def expression(rng):
    minute = field(rng, 0, 59)
    hour = field(rng, 0, 23)
    day = field(rng, 1, 28) if rng.random() < 0.3 else "*"
    month = field(rng, 1, 12) if rng.random() < 0.15 else "*"
    weekday = field(rng, 0, 6) if rng.random() < 0.3 else "*"
    if rng.random() < 0.05:
        day = "L"
    if rng.random() < 0.05:
        weekday = "%d#%d" % (rng.randint(0, 6), rng.randint(1, 4))
    return " ".join((minute, hour, day, month, weekday))


def ours(binary, cases, beginning):
    """Our own, through `plan --json`: nobody is asked, since there is no credential."""
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "schedules.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("version = 1\n")
            for number, (cron, zone) in enumerate(cases):
                file.write(
                    '[[schedule]]\napp = "app-%d"\ncron = "%s"\ntimezone = "%s"\n' % (number, cron, zone)
                )
        arguments = [binary, "plan", "--schedules", path, "--json", "--from", beginning, "--next", str(NEXT + 1)]
        environment = {"HOME": home, "PATH": os.environ["PATH"], "HEROKU_HOST": "http://127.0.0.1:9", "TZ": "UTC"}
        done = subprocess.run(arguments, env=environment, capture_output=True, check=False)
        document = json.loads(done.stdout)
        assert "occurrences" in document, done.stdout[:300]
        found = {}
        for occurrence in document["occurrences"]:
            found.setdefault(occurrence["app"], []).append(instant(occurrence["utc"]))
        return [found.get("app-%d" % number, []) for number in range(len(cases))]


def instant(text):
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def theirs(make):
    try:
        found = make()
        return [next(found).astimezone(dt.timezone.utc) for _ in range(NEXT)]
    except (croniter.CroniterBadDateError, StopIteration):
        return []


def of_croniter(cron, begin):
    found = croniter.croniter(cron, begin)
    while True:
        yield found.get_next(dt.datetime)


def offsets(moments, zone):
    return {moment.astimezone(zone).utcoffset() for moment in moments}


def known(peer, cron, zone, begin, mine, other):
    """The documented difference that explains this one, or None (docs/CALENDARS.md has the list)."""
    _, _, day, _, weekday = cron.split()
    is_both = "*" not in (day, weekday)
    is_moved = len(offsets(mine + other + [begin], zone)) > 1
    if peer == "croniter" and is_both and "#" in weekday:
        return "a day and an nth weekday: croniter wants both, Vixie cron either"
    if peer == "croniter" and is_both and (day + weekday).find("*/") >= 0:
        return "a day and a weekday, one of them */n: croniter wants either, Vixie cron both"
    if peer == "croniter" and is_moved:
        return "across a change of the clock"
    if peer == "cronsim" and is_moved and zone.key == "Australia/Lord_Howe":
        return "an hour after a gap of half an hour"
    return None


def main():
    binary = sys.argv[1]
    rng = random.Random(SEED)
    counts, unknown, compared = {}, [], 0
    for _ in range(BATCHES):
        text = rng.choice(BEGINNINGS)
        cases = [(expression(rng), rng.choice(ZONES)) for _ in range(PER_BATCH)]
        for (cron, name), mine in zip(cases, ours(binary, cases, text)):
            zone = zoneinfo.ZoneInfo(name)
            begin = dt.datetime.fromisoformat(text).replace(tzinfo=zone)
            # Ours begin with the instant itself, theirs after it.
            mine = [moment for moment in mine if moment > begin][:NEXT]
            compared += 1
            for peer, make in (
                ("croniter", lambda: of_croniter(cron, begin)),
                ("cronsim", lambda: cronsim.CronSim(cron, begin)),
            ):
                other = theirs(make)
                if other == mine:
                    counts[peer, "same"] = counts.get((peer, "same"), 0) + 1
                    continue
                why = known(peer, cron, zone, begin, mine, other)
                counts[peer, why] = counts.get((peer, why), 0) + 1
                if why is None or os.environ.get("SHOW"):
                    unknown.append((why, peer, cron, name, text, list(map(str, mine)), list(map(str, other))))
    versions = " and ".join("%s %s" % (peer, importlib.metadata.version(peer)) for peer in ("croniter", "cronsim"))
    print("%d expressions, seed %d, beside %s" % (compared, SEED, versions))
    for (peer, why), count in sorted(counts.items(), key=str):
        print("  %-8s %4d %s" % (peer, count, why))
    for line in unknown:
        print("differs:", *line)
    return 1 if any(line[0] is None for line in unknown) else 0


if __name__ == "__main__":
    sys.exit(main())
