"""Verify an evidence pack of Makegood: `python3 verify.py PACK.zip [KEY]`; needs only Python 3.9.

It checks the signature over every byte, the digest of every file and the links of the log, and it
works uptime and credit out anew from evidence and terms. Exit code 0: all holds; 1: something does
not; 2: it cannot be judged here. No pack can tell whose key it is: give the KEY that you know.
"""

import hashlib
import io
import json
import re
import sys
import zipfile
from bisect import bisect_right
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from zoneinfo import ZoneInfo

MARK = b"makegood-pack-1 "
TAIL = len(MARK) + 64 + 1 + 128
UP, DOWN, OPEN, GONE = "up", "down", "unknown", "absent"
EPOCH, MS = datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta(milliseconds=1)
MINUTE, HOUR = 60_000, 3_600_000
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, P) % P
KNOWN = """above affected_percent amount as_published at_least at_most basis below billable_amount
billing block_minutes brackets cap catalog claim commitment_percent conflicting_duplicates
corroborated_by counts counts_from credit credit_days credit_percent currency days days_paid
defaults_edition degraded dependencies disagreement downtime_of each effective_on ends_on
exclusion_mode exclusions gated judged_by kind ladder last_window measurement
minimum_coverage_percent minimum_outage minimum_payout minutes monitors monitors_down_when
more_than most_hours_per_month multiplier no_data notice_hours part_of_block partial_overlap payout
per_block per_event percent pro_rata qualifying_minutes quorum_base reaches regions_down_when
release rounding single_threshold stale_after_minutes time_zone unknown_in_outage uptime_brackets
window_fails window_minutes""".split()


class Unknown(Exception):
    """The decision stands on something that this verifier does not work out."""


def know(terms):
    """Refuse terms and ladders that are not known here, by their names."""
    kept = {name: terms[name] for name in terms if name not in ("billing", "release")}
    text = json.dumps({**kept, "credit": {**terms["credit"], "claim": None}})
    strange = {*re.findall(r'"(\w+)": ', text), terms["credit"]["ladder"]["kind"]} - {*KNOWN}
    if strange:
        raise Unknown(", ".join(sorted(strange)))


def plus(a, b):
    """The sum of two points of the curve; Ed25519 is that of RFC 8032."""
    turn = CURVE * a[0] * b[0] * a[1] * b[1] % P
    x, y = (a[0] * b[1] + b[0] * a[1]) * pow(1 + turn, -1, P), a[1] * b[1] + a[0] * b[0]
    return x % P, y * pow(1 - turn, -1, P) % P


def times(number, point):
    """A point so many times."""
    odd = point if number & 1 else (0, 1)
    return plus(odd, times(number >> 1, plus(point, point))) if number else (0, 1)


def point_of(text):
    """The point that 32 bytes stand for; a ValueError where they stand for none."""
    odd, y = text[31] >> 7, int.from_bytes(text, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (odd and not x):
        raise ValueError("no point of the curve")
    return (x if x & 1 == odd else P - x), y


def signed(key, signature, message):
    """Whether a signature by a key holds over a message."""
    s, base = (
        int.from_bytes(signature[32:], "little"),
        (4 * pow(5, -1, P) % P).to_bytes(32, "little"),
    )
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    sum_ = plus(point_of(signature[:32]), times(h, point_of(key)))
    return s < ORDER and times(s, point_of(base)) == sum_


def joined(pieces):
    """A set of time: pieces in milliseconds, rising and apart."""
    made = []
    for start, end in sorted(piece for piece in pieces if piece[0] < piece[1]):
        last = made.pop() if made and start <= made[-1][1] else (start, end)
        made.append((last[0], max(last[1], end)))
    return made


def both(a, b):
    """The time that is in both sets."""
    return joined((max(s, t), min(e, f)) for s, e in a for t, f in b)


def less(a, b):
    """The time that is in the first set alone."""
    for start, end in b:
        a = joined(cut for s, e in a for cut in ((s, min(e, start)), (max(s, end), e)))
    return a


def earliest(pieces, most):
    """So many milliseconds of a set, the first ones."""
    before = [length(both(pieces, [(0, start)])) for start, _ in pieces]
    return joined((s, min(e, s + max(most - n, 0))) for (s, e), n in zip(pieces, before))


def length(pieces):
    """Milliseconds of a set."""
    return sum(end - start for start, end in pieces)


def instant(text):
    """A written time in milliseconds since 1970."""
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // MS


def bounds_of(month, zone):
    """A month in a time zone: its first instant, the next one's, and its days."""
    year, number = int(month[:4]), int(month[5:])
    days = [datetime(year, number, 1), datetime(year + number // 12, number % 12 + 1, 1)]
    start, end = ((day.replace(tzinfo=ZoneInfo(zone)) - EPOCH) // MS for day in days)
    return (start, end), (days[1] - days[0]).days


def said(line, at, how):
    """What one probe said at an instant."""
    place, stale = bisect_right(line["changes"], [at, "~"]) - 1, how["stale_after_minutes"]
    if place >= 0 and stale is not None:
        gap = bisect_right(line["gaps"], [at, 1 << 62]) - 1
        start, end = line["gaps"][gap] if gap >= 0 else (at, at)
        start = start if at < end else line["last_observed_at"]
        place = -1 if at >= start + Fraction(stale) * MINUTE else place
    state = line["changes"][place][1] if place >= 0 else OPEN
    return how["degraded"] if state == "degraded" else state


def vote(states, rule, base):
    """What several voters come to; a vote that can still turn either way is unknown."""
    there = [state for state in states if state != GONE]
    if states and not there:
        return GONE
    down, hidden, count = there.count(DOWN), there.count(OPEN), len(there)
    if base == "reporting":
        count, hidden = count - hidden, 0
    needed = {"any": 1, "majority": count // 2 + 1, "all": count}.get(rule, rule)
    if not count or (base == "reporting" and count < needed <= len(there)):
        return OPEN
    return DOWN if down >= needed else OPEN if down + hidden >= needed else UP


def voted(monitors, at, how, without=()):
    """The vote over regions, monitors and kinds of witness, without some regions."""
    rule, base, kinds = how["monitors_down_when"], how["quorum_base"], {}
    for lines in monitors:
        each = [GONE if x["region"] in without else said(x, at, how) for x in lines]
        kind = lines[0].get("signal", "external") if lines else "external"
        kinds.setdefault(kind, []).append(vote(each, how["regions_down_when"], base))
    if how["corroborated_by"] is None:
        return vote([state for states in kinds.values() for state in states], rule, base)
    each = [vote(states, rule, base) for states in kinds.values()]
    return vote(each, how["corroborated_by"], base)


def excluded(events, rules, service, month):
    """What exclusions take out of a month, each with the regions that it is limited to."""
    used, found = {}, []
    for event in sorted(events, key=lambda e: (instant(e["start"]), instant(e["end"]), e["id"])):
        start, told = instant(event["start"]), event["announced_at"]
        whole = both([(start, instant(event["end"]))], [month])
        meant = not event["services"] or service in event["services"]
        for place, rule in enumerate(rules if whole and meant else ()):
            notice = Fraction(rule["notice_hours"] or 0) * HOUR
            late = rule["notice_hours"] and (not told or start - instant(told) < notice)
            other = rule["dependencies"] and event["dependency"] not in rule["dependencies"]
            before, part = used.get(place, []), whole
            if rule["most_hours_per_month"] is not None:
                left = int(Fraction(rule["most_hours_per_month"]) * HOUR) - length(before)
                part = joined(both(whole, before) + earliest(less(whole, before), left))
            if rule["kind"] == event["kind"] and part and not late and not other:
                used[place] = joined(before + part)
                found.append((part, {*event["regions"]}))
                break
    return found


def rows_of(monitors, taken, month, how):
    """Stretches without a change: start, end, the vote, the same by policy, and what is left."""
    edges, rows, policy, before = {*month}, [], how["no_data"], OPEN
    edges |= {at for pieces, _ in taken for piece in pieces for at in piece}
    stale = ceil(Fraction(how["stale_after_minutes"] or 0) * MINUTE)
    for line in (line for lines in monitors for line in lines if line["changes"]):
        silent = [*line["gaps"], [line["last_observed_at"], line["ends_at"]]]
        edges |= {at for at, _ in line["changes"]} | {start + stale for start, _ in silent}
        edges |= {end for _, end in silent}
    last = max([month[1], *(line["ends_at"] for lines in monitors for line in lines)])
    points = sorted(at for at in edges if at <= last)
    for start, end in zip(points, points[1:]):
        raw = voted(monitors, start, how)
        now = {"up": UP, "down": DOWN, "carry": before}.get(policy, OPEN) if raw == OPEN else raw
        gone = [regions for pieces, regions in taken if both(pieces, [(start, end)])]
        again, before, final = voted(monitors, start, how, set().union(*gone)), now, now
        hides = again == OPEN and now == DOWN and policy in ("excluded", "withhold")
        relieved = any(gone) and (again == UP or (again == OPEN and policy == "up"))
        final = UP if relieved else OPEN if hides else now
        final = GONE if set() in gone or again == GONE else final
        rows.append((start, end, raw, now, final))
    return rows


def counted_of(rows, month, how):
    """Of each outage that touches the month the time that counts."""
    runs, reach, least = [], None, how["minimum_outage"]
    for start, end, _, now, _ in rows:
        if now == DOWN:
            runs.append((runs.pop()[0] if reach == start else start, end))
        bridged = now == OPEN and reach == start and how["unknown_in_outage"] == "bridges"
        reach = end if now == DOWN or bridged else reach
    down = joined((s, e) for s, e, _, now, final in rows if now == final == DOWN)
    spared = joined((s, e) for s, e, _, now, f in rows if f == GONE or (now == DOWN != f))
    for run in runs:
        inside = both([run], [month])
        counted = both(down, inside)
        if least:
            judged = {"whole": [run], "in_month": inside, "counted": counted}[least["judged_by"]]
            over = length(judged) - Fraction(least["minutes"]) * MINUTE
            if over < 0 or (over == 0 and least["reaches"] == "longer_than"):
                counted = []
            elif least["counts_from"] == "after_minimum":
                counted = less(counted, earliest(judged, ceil(Fraction(least["minutes"]) * MINUTE)))
        yield [] if how["partial_overlap"] == "whole_outage" and both(spared, inside) else counted


def windows(pieces, month, how, whole=True):
    """How many measurement windows lie wholly in a set of time, or are touched by it."""
    size, (start, end) = how["window_minutes"] * MINUTE, month
    end -= (end - start) % size if how["last_window"] == "ignored" else 0
    low, high = (size - 1, 0) if whole else (0, size - 1)
    last, starts = -((start - end) // size), [(s - start + low) // size for s, _ in pieces]
    ends = [last if e >= end else (e - start + high) // size for _, e in pieces]
    return length(joined(zip(starts, ends)))


def measured(monitors, events, terms, service, month):
    """The month's figures as the log keeps them, and what the ladder asks about."""
    how, all_ = terms["measurement"], month[1] - month[0]
    rows = rows_of(monitors, excluded(events, terms["exclusions"], service, month), month, how)
    outages = [*counted_of(rows, month, how)]
    inside = [row for row in rows if month[0] <= row[0] < month[1]]
    gone, hidden = (joined(r[:2] for r in inside if r[4] == state) for state in (GONE, OPEN))
    if how["no_data"] == "excluded":
        gone, hidden = joined(gone + hidden), []
    down, silent = joined(sum(outages, [])), sum(r[1] - r[0] for r in inside if r[2] == OPEN)
    total, size, lost, out, dark = all_, 1, *map(length, (down, gone, hidden))
    if how["window_minutes"]:
        size, whole = how["window_minutes"] * MINUTE, how["window_fails"] == "whole"
        total, out = windows([month], month, how), windows(gone, month, how)
        lost = windows(down, month, how, whole)
        dark = windows(joined(down + hidden), month, how, whole) - lost
    base = total - out if how["exclusion_mode"] == "leaves_both_sides" or out == total else total
    kinds = {lines[0].get("signal", "external") if lines else "external" for lines in monitors}
    asked = [(how["regions_down_when"], len(lines)) for lines in monitors]
    asked += [(how["monitors_down_when"], len(monitors)), (how["corroborated_by"], len(kinds))]
    thin = Fraction(100 * (all_ - silent), all_) < Fraction(how["minimum_coverage_percent"] or 0)
    never = any(isinstance(rule, int) and rule > there > 0 for rule, there in asked)
    figures = {"down_ms": length(down), "excluded_ms": length(gone), "unknown_ms": length(hidden)}
    figures |= {"silent_ms": silent, "up_units": base - lost - dark, "measured_units": base}
    if dark or not base or thin or never:
        return figures, None
    parts = {"uptime": Fraction(base - lost, base), "down": Fraction(lost * size, 1000)}
    parts |= {"whole": Fraction(base * size, 1000), "period": Fraction(all_, 1000)}
    return figures, {**parts, "outages": [Fraction(length(o), 1000) for o in outages if o]}


def rows_that_hold(brackets, at):
    """What the rows of a table earn that hold an uptime in percent."""
    tops = [(Fraction(b["below"] or b["at_most"]), int(b["below"] is None)) for b in brackets]
    for row, top in zip(brackets, tops):
        bottom = max((other for other in tops if other < top), default=(0, 0))
        if row["at_least"] or row["above"]:
            bottom = Fraction(row["at_least"] or row["above"]), int(row["at_least"] is None)
        if bottom <= (at, 0) < top:
            yield Fraction(row["credit_percent"] or row["credit_days"] or 0)


def earned_by(ladder, m):
    """What a month earns, in percent of the fee or in days; None where no row answers alone."""
    kind, promised = ladder["kind"], Fraction(ladder["commitment_percent"]) / 100
    missed, base = m["uptime"] < promised, ladder.get("basis", "downtime")
    if kind == "uptime_brackets":
        found = {*rows_that_hold(ladder["brackets"], m["uptime"] * 100)}
        return found.pop() if len(found) == 1 else None if found or missed else 0
    each = Fraction(ladder.get("credit_percent") or ladder.get("credit_days") or 0)
    if not m["down"] or not (missed or (ladder.get("gated") is False and base == "downtime")):
        return 0
    over = max(m["down"] - (1 - promised) * m["whole"], 0)
    down = over if ladder.get("counts") == "excess" else m["down"]
    if kind == "pro_rata":
        of = m["whole" if ladder["downtime_of"] == "measurable_time" else "period"]
        short = (promised - m["uptime"]) / (promised if base == "relative_shortfall" else 1)
        return 100 * Fraction(ladder["multiplier"]) * (down / of if base == "downtime" else short)
    if kind == "per_block":
        size, up = Fraction(ladder["block_minutes"]) * 60, ladder["part_of_block"] == "up"
        blocks = [one / size for one in (m["outages"] if ladder["each"] == "outage" else [down])]
        return each * sum(ceil(one) if up else floor(one) for one in blocks)
    if kind == "per_event":
        least, exact = Fraction(ladder["qualifying_minutes"]) * 60, ladder["reaches"] == "at_least"
        return each * sum(one > least or (exact and one == least) for one in m["outages"])
    return each


def credited(terms, m, days, places, step):
    """The credit in minor units, and days of service; None where a person must look."""
    credit, cap, unit = terms["credit"], terms["credit"]["cap"] or {}, 10**places
    ladder, minimum = credit["ladder"], credit["minimum_payout"] or {}
    earned, share = earned_by(ladder, m), None
    in_days = (ladder.get("brackets") or [ladder])[0].get("credit_days") is not None
    base = Fraction(terms["billable_amount"]) * unit * Fraction(terms["affected_percent"]) / 100
    if earned is None:
        return None
    if in_days:
        earned = min(earned, Fraction(cap.get("days") or earned))
        share = 0 if credit["days_paid"] == "as_days" else Fraction(earned) / days
    share = Fraction(earned) / 100 if share is None else share
    if cap.get("percent") is not None:
        share = min(share, Fraction(cap["percent"]) / 100)
    if cap.get("amount") is not None and base:
        share = min(share, Fraction(cap["amount"]) * unit // step * step / base)
    exact = share * base / step
    ways = {"half_up": floor(exact + Fraction(1, 2)), "half_even": round(exact), "up": ceil(exact)}
    paid = ways.get(credit["rounding"], floor(exact)) * step
    small = paid <= Fraction(minimum.get("more_than") or -1) * unit
    small = small or paid < Fraction(minimum.get("at_least") or 0) * unit
    return 0 if small else paid, earned if in_days else None


def load(text):
    """What a JSON text says, without binary floats."""
    return json.loads(text, parse_float=Fraction)


def digest_of(value):
    """The SHA-256 of a value in its canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def decision_faults(files, body):
    """Where a recorded decision differs from what its evidence and terms come to."""
    inputs, found, money = body["inputs"], body["determination"], load(files["currency.json"])
    terms = load(files[f"terms/{inputs['terms']}.json"])
    lines = [[load(files[f"evidence/{d}.json"]) for d in each] for each in inputs["evidence"]]
    names = [inputs["terms"], body["inputs_digest"], *sum(inputs["evidence"], [])]
    for value, name in zip([terms, inputs, *sum(lines, [])], names):
        if digest_of(value) != name:
            yield f"{name}: is not the digest of what it names"
    know(terms)
    month, days = bounds_of(inputs["month"], terms["time_zone"])
    if inputs["payload"] or instant(body["uptime"]["month"].split("/")[1]) != month[1]:
        raise Unknown("figures of a calculator, or a month that is not over")
    figures, m = measured(lines, inputs["exclusions"], terms, inputs["service"], month)
    paid, served = (m and credited(terms, m, days, money["places"], money["step"])) or (None, None)
    told = {**body["uptime"], "credit": found["credit_minor"]}
    told["days"] = found["credit_days"] and Fraction(found["credit_days"])
    for name, mine in {**figures, "credit": paid, "days": served}.items():
        if mine != told[name]:
            yield f"{name}: the log says {told[name]}, the evidence comes to {mine}"


def files_of(data, key, faults):
    """The files of a pack; what does not hold about signature and archive goes to the faults."""
    files, (mark, _, rest) = {}, data[-TAIL:].partition(b" ")
    try:
        owner, signature = (bytes.fromhex(part.decode("ascii")) for part in rest.split(b" "))
        plain = rest == f"{owner.hex()} {signature.hex()}".encode() and mark + b" " == MARK
        if not plain or not signed(owner, signature, data[:-TAIL]):
            faults.append("archive: its signature does not hold")
        if key and bytes.fromhex(key) != owner:
            faults.append("archive: it is signed with another key")
        archive = zipfile.ZipFile(io.BytesIO(data))
        for name in archive.namelist():
            try:
                files[name] = archive.read(name).decode()
            except Exception as error:  # A broken archive fails in many ways, all of them faults.
                faults.append(f"{name}: {error!r}")
    except Exception as error:
        faults.append(f"archive: {error!r}")
    return files


def faults_of(data, key=""):
    """Everything that does not hold about a pack."""
    files = files_of(data, key, faults := [])
    yield from faults
    if faults:
        return
    yield from log_faults(files)
    decided = [e["body"] for e in load(files["log.json"]) if e["kind"] == "determined"]
    yield from decision_faults(files, decided[-1])


def log_faults(files):
    """Where the log is not as it was written down, link after link."""
    after = {}
    for entry in load(files["log.json"]):
        digest = digest_of({name: entry[name] for name in entry if name != "digest"})
        follows = after.get(entry["sequence"] - 1, entry["previous"]) == entry["previous"]
        if digest != entry["digest"] or not follows:
            yield f"log.json: entry {entry['sequence']} is not as it was recorded"
        after[entry["sequence"]] = entry["digest"]


def main(path, key=""):
    """Verify a file, say what was found, and answer with the exit code."""
    try:
        faults = sorted(faults_of(Path(path).read_bytes(), key))
    except (Unknown, OSError) as error:
        print(f"cannot be judged: {error}")
        return 2
    print("\n".join(faults) or "all holds: signature, files, log, uptime and credit")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]) if sys.argv[1:] else __doc__)
