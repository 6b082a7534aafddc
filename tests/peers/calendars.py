"""Next occurrences of 1,000 random cron expressions: ours beside those of croniter and cronsim (PyPI).

Usage: calendars.py BINARY. Prints a line of counts; exits 1 when anything differs that docs/CALENDARS.md
does not list, or more often than it says. The expressions are of the language that all three share.
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


# What docs/CALENDARS.md says of croniter 7.0.0 and cronsim 2.8.
BOTH_NTH = "a day and an nth weekday: croniter wants both, Vixie cron either"
BOTH_STEP = "a day and a weekday, one of them */n: croniter wants either, Vixie cron both"
NOT_NAMED = "in a gap of the clock: croniter runs at an instant that the expression does not name"
HALF_HOUR = "on the day of a gap of half an hour: cronsim leaves out minutes that the expression names"
DOCUMENTED = {
    ("croniter", BOTH_NTH): 10,
    ("croniter", BOTH_STEP): 13,
    ("croniter", NOT_NAMED): 4,
    ("cronsim", HALF_HOUR): 3,
}


def moves(zone, begin):
    """Whether the clock of a zone moves within two days."""
    zone = zoneinfo.ZoneInfo(zone)
    begin = dt.datetime.fromisoformat(begin).replace(tzinfo=zone).astimezone(dt.timezone.utc)
    return len(offsets([begin, begin + dt.timedelta(days=2)], zone)) > 1


def zone_of(rng, begin):
    moving = [zone for zone in ZONES if moves(zone, begin)]
    return rng.choice(moving if moving and rng.random() < 0.5 else ZONES)


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


def is_named(cron, moment, zone):
    """Whether a cron expression names the minute and the hour that a clock shows then."""
    shown = moment.astimezone(zone)
    minute, hour = cron.split()[:2]
    return holds(minute, shown.minute) and holds(hour, shown.hour)


def holds(field, number):
    if field.startswith("*"):
        return number % int((field + "/1").split("/")[1]) == 0
    ends = [part.split("-") for part in field.split(",")]
    return any(int(end[0]) <= number <= int(end[-1]) for end in ends)


def is_on_day_of_half_hour_gap(moment, zone):
    shown = moment.astimezone(zone)
    midnight = shown.replace(hour=0, minute=0)
    return shown.utcoffset() - midnight.utcoffset() == dt.timedelta(minutes=30)


def are_among(these, those):
    """Whether all of these, as far as those reach, are among those."""
    return bool(those) and all(moment in those for moment in these if moment <= those[-1])


def known(peer, cron, zone, mine, other):
    """The documented difference that explains this one, or None (docs/CALENDARS.md has the list)."""
    _, _, day, _, weekday = cron.split()
    is_both = "*" not in (day, weekday)
    if peer == "croniter" and is_both and "#" in weekday and are_among(other, mine):
        return BOTH_NTH
    if peer == "croniter" and is_both and "*/" in day + weekday and are_among(mine, other):
        return BOTH_STEP
    theirs_alone = [moment for moment in other if moment not in mine and moment <= mine[-1]]
    if peer == "croniter" and theirs_alone and not any(is_named(cron, moment, zone) for moment in theirs_alone):
        return NOT_NAMED
    ours_alone = [moment for moment in mine if moment not in other and moment <= other[-1]]
    if peer == "cronsim" and ours_alone and not theirs_alone:
        half = all(is_on_day_of_half_hour_gap(moment, zone) for moment in ours_alone)
        return HALF_HOUR if half and all(is_named(cron, moment, zone) for moment in ours_alone) else None
    return None


def main():
    binary = sys.argv[1]
    rng = random.Random(SEED)
    counts, unknown, compared, moved = {}, [], 0, 0
    for _ in range(BATCHES):
        text = rng.choice(BEGINNINGS)
        cases = [(expression(rng), zone_of(rng, text)) for _ in range(PER_BATCH)]
        for (cron, name), mine in zip(cases, ours(binary, cases, text)):
            zone = zoneinfo.ZoneInfo(name)
            begin = dt.datetime.fromisoformat(text).replace(tzinfo=zone)
            # Ours begin with the instant itself, theirs after it.
            mine = [moment for moment in mine if moment > begin][:NEXT]
            compared += 1
            moved += len(offsets(mine + [begin], zone)) > 1
            for peer, make in (
                ("croniter", lambda: of_croniter(cron, begin)),
                ("cronsim", lambda: cronsim.CronSim(cron, begin)),
            ):
                other = theirs(make)
                if other == mine:
                    counts[peer, "same"] = counts.get((peer, "same"), 0) + 1
                    continue
                why = known(peer, cron, zone, mine, other)
                counts[peer, why] = counts.get((peer, why), 0) + 1
                if why is None or os.environ.get("SHOW"):
                    unknown.append((why, peer, cron, name, text, list(map(str, mine)), list(map(str, other))))
    versions = " and ".join("%s %s" % (peer, importlib.metadata.version(peer)) for peer in ("croniter", "cronsim"))
    print("%d expressions, %d of them across a change of the clock, seed %d, beside %s" % (compared, moved, SEED, versions))
    for (peer, why), count in sorted(counts.items(), key=str):
        print("  %-8s %4d %s" % (peer, count, why))
    for line in unknown:
        print("differs:", *line)
    more = [key for key, most in DOCUMENTED.items() if counts.get(key, 0) > most]
    for peer, why in more:
        print("more often than docs/CALENDARS.md says:", peer, why)
    return 1 if more or any(line[0] is None for line in unknown) else 0


if __name__ == "__main__":
    sys.exit(main())
