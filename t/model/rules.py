"""What a city's rules say of a venue, worked out from its evidence alone.

A second opinion for tests: nothing here shares a line with the product.  A
venue is what happened to it; a grade is what a walk over that, operation by
operation and midnight by midnight, comes to.  Evidence that is taken back is
simply not there any more, and evidence that arrives late stands at its own
time: then the walk begins anew.

Instants are whole seconds since 1970 UTC, days are local day numbers, points
are hundredths.
"""

import copy
import csv
import datetime
import math
import os

TZ = 28800
DAY = 86400

DEFAULT = {
    'version': 'default-1', 'tz_minutes': 480,
    'colour': {'green': 85, 'yellow': 60},
    'finding': {'critical': 20, 'major': 8, 'minor': 3, 'overdue': 10,
                'residual_percent': 30, 'residual_days': 180},
    'complaint': {'points': 10, 'days': 365},
    'case': {'points': 25, 'days': 730},
    'lapse': {'health_certificate': 5, 'self_check': 3},
    'self_check_every_days': 30,
    'reviews': {'prior_mean': 4, 'prior_count': 10, 'days': 365,
                'points_per_star': 5, 'max_bonus': 5, 'max_penalty': 10},
    'credit': {'A': 3, 'B': 0, 'C': -5, 'D': -15},
    'stale_days': 730,
    'inspect_every_days': {'green': 180, 'yellow': 90, 'red': 30,
                           'ungraded': 30},
}

DEADLINE = {'critical': 1, 'major': 7, 'minor': 15}
RANK = {'red': 0, 'yellow': 1, 'green': 2}


def day_of(t):
    return (t + TZ) // DAY


def midnight(day):
    return day * DAY - TZ


def date(day):
    return (datetime.date(1970, 1, 1) + datetime.timedelta(day)).isoformat()


def day_number(text):
    y, m, d = map(int, text.split('-'))
    return (datetime.date(y, m, d) - datetime.date(1970, 1, 1)).days


def year_of(day):
    return (datetime.date(1970, 1, 1) + datetime.timedelta(day)).year


def policy(**changes):
    """The default with members replaced; a member that is a table keeps what
    is not named."""
    p = copy.deepcopy(DEFAULT)
    for name, value in changes.items():
        if isinstance(value, dict):
            p[name].update(value)
        else:
            p[name] = value
    return p


class Dated(list):
    """Values that hold from an instant on; of one instant the last."""

    def put(self, at, value):
        self.append((at, value))
        self.sort(key=lambda row: row[0])

    def when(self, at):
        value = None
        for since, v in self:
            if since > at:
                break
            value = v
        return value


class Visit:
    """A completed inspection.  `ended` is by the server's clock.  `items` is
    code: (result, severity, deadline day); `counted` is the number of the
    operation that made it count, 0 while it waits, None once rejected."""

    def __init__(self, number, ended, items, counted, by=None, share=None):
        self.number = number
        self.ended = ended
        self.items = items
        self.counted = counted
        self.by = {by} if by else set()
        answers = [r for r, _, _ in items.values() if r != 'na']
        self.share = share or (answers.count('pass'), len(answers))

    def counts_since(self, number, day):
        """An officer said so: what it found is due from that day on, unless
        a day was set."""
        self.counted = number
        for code, (result, severity, deadline) in self.items.items():
            usual = DEADLINE.get(severity, 0)
            if result == 'fail' and deadline == day_of(self.ended) + usual:
                self.items[code] = (result, severity, day + usual)


class Finding:
    def __init__(self, item, severity, opened, deadline, source):
        self.item = item
        self.severity = severity
        self.opened = opened
        self.deadlines = Dated()
        self.deadlines.put(opened, deadline)
        self.sources = [source]
        self.verified = None
        self.rectified = False

    def deadline(self):
        return self.deadlines[-1][1]


class Record:
    """A complaint or a report.  `decisions` are (at, outcome, items, user)
    with items as code: (severity, deadline)."""

    def __init__(self, number):
        self.number = number
        self.group = number         # what counts once with it
        self.decisions = []

    def standing(self):
        """The decisions that were not overturned by a later one."""
        last = 0
        for i, (_, outcome, _, _) in enumerate(self.decisions):
            if outcome != 'substantiated':
                last = i + 1
        return self.decisions[last:]


class State:
    """Where the walk of the evidence stands."""

    def __init__(self):
        self.at = None
        self.colour = 'ungraded'
        self.held = False
        self.downgrade = None
        self.score = None
        self.components = []


class City:
    def __init__(self):
        self.policies = Dated()
        self.policies.put(-1 << 40, DEFAULT)
        self.venues = {}

    def set_policy(self, at, p):
        self.policies.put(at, p)


class Venue:
    def __init__(self, city, number):
        self.city = city
        self.number = number
        self.visits = {}
        self.records = {}
        self.cases = {}             # number: (at, {users})
        self.credit = Dated()
        self.status = Dated()
        self.licence = Dated()      # last day, or None
        self.self_checks = []
        self.staff = {}             # name: Dated of (works, last day)
        self.reviews = {}           # number: (at, hygiene, food, service)
        self.verified = []          # (at, item, user)
        self.extended = []          # (at, item, day)
        self.void = set()           # (source, item)
        self.gone = {}              # reviews that were removed
        self.recorded = {}          # year: (level, source)
        self.shown = []             # (at, colour), as it was to be seen
        self.state = State()
        self.folded = None

    def changed(self, since):
        """Evidence of that instant came, went or is another one."""
        self.folded = None
        if self.state.at is not None and since <= self.state.at:
            self.state = State()

    # ---- findings -------------------------------------------------------

    def counting(self):
        """Visits that count, in the order in which they ended."""
        return sorted((v for v in self.visits.values() if v.counted),
                      key=lambda v: (v.ended, v.counted))

    def too_late(self, visit):
        """A later visit counted before this one did."""
        return any(v.counted and v.ended > visit.ended
                   and v.counted < visit.counted
                   for v in self.visits.values())

    def events(self):
        """(at, order, what, item, …) of all that opens or ends findings."""
        rows = []
        for v in self.counting():
            late = self.too_late(v)
            for code, (result, severity, deadline) in v.items.items():
                source = ('visit', v.number)
                if result == 'fail' and (source, code) not in self.void:
                    rows.append((v.ended, v.counted, 'fail', code, severity,
                                 deadline, source))
                elif result == 'pass' and not late:
                    rows.append((v.ended, v.counted, 'pass', code))
        for r in self.records.values():
            for at, _, items, _ in r.standing():
                source = ('complaint', r.number)
                for code, (severity, deadline) in items.items():
                    if (source, code) not in self.void:
                        rows.append((at, 1 << 60, 'fail', code, severity,
                                     deadline, source))
        for at, code, _ in self.verified:
            rows.append((at, 1 << 60, 'verify', code))
        for at, code, deadline in self.extended:
            rows.append((at, 1 << 60, 'extend', code, deadline))
        return sorted(rows, key=lambda row: row[:2])

    def findings(self):
        """All of them, as the visits and decisions that count give them."""
        if self.folded is not None:
            return self.folded
        done, open_ = [], {}
        for row in self.events():
            at, _, what, code = row[:4]
            f = open_.get(code)
            if what == 'fail':
                severity, deadline, source = row[4:]
                if f:
                    f.sources.append(source)
                else:
                    f = open_[code] = Finding(code, severity, at, deadline,
                                              source)
                    done.append(f)
            elif f and what == 'extend':
                f.deadlines.put(at, row[4])
            elif f:
                f.verified = at
                f.rectified = what == 'verify'
                del open_[code]
        self.folded = done
        return done

    def open_findings(self):
        return {f.item: f for f in self.findings() if f.verified is None}

    # ---- points ---------------------------------------------------------

    def finding_points(self, p, at, today):
        w = p['finding']
        for f in self.findings():
            if f.opened > at:
                continue
            weight = 100 * w[f.severity]
            if f.verified is None or f.verified > at:
                if today > f.deadlines.when(at):
                    weight += 100 * w['overdue']
                yield 'finding', -weight, f.sources
                continue
            age = today - day_of(f.verified)
            if age < w['residual_days']:
                yield ('finding_past', -(weight * w['residual_percent']
                                         * (w['residual_days'] - age)
                                         // (100 * w['residual_days'])),
                       f.sources)

    def complaint_points(self, p, at, today):
        first = {}
        for r in self.records.values():
            made = [d for d in r.standing() if d[0] <= at]
            if made:
                when = made[-1][0]
                first[r.group] = min(first.get(r.group, when), when)
        for group, when in first.items():
            age = today - day_of(when)
            if age < p['complaint']['days']:
                yield ('complaint', -self.faded(p['complaint'], age),
                       [('complaint', group)])
        for number, (when, _) in self.cases.items():
            age = today - day_of(when)
            if when <= at and age < p['case']['days']:
                yield ('case', -self.faded(p['case'], age),
                       [('case', number)])

    @staticmethod
    def faded(rule, age):
        return 100 * rule['points'] * (rule['days'] - age) // rule['days']

    def lapse_points(self, p, at, today):
        for rows in self.staff.values():
            works, last = rows.when(at) or (False, None)
            if works and (last is None or today > last):
                yield 'lapse', -100 * p['lapse']['health_certificate'], []
                break
        checks = [t for t in self.self_checks if t <= at]
        if checks and (today - day_of(max(checks))
                       > p['self_check_every_days']):
            yield 'lapse', -100 * p['lapse']['self_check'], []

    def reviews_in(self, p, at, today):
        return [r for r in self.reviews.values()
                if r[0] <= at and today - day_of(r[0]) < p['reviews']['days']]

    def review_points(self, p, at, today):
        r = p['reviews']
        stars = [row[1] for row in self.reviews_in(p, at, today)]
        n = r['prior_count'] + len(stars)
        if n == 0:
            return
        mean = (100 * r['prior_mean'] * r['prior_count']
                + 100 * sum(stars)) // n
        points = (mean - 100 * r['prior_mean']) * r['points_per_star']
        yield ('reviews', max(-100 * r['max_penalty'],
                              min(100 * r['max_bonus'], points)), [])

    def points(self, p, at):
        """(code, centi, sources) of every component that weighs."""
        today = day_of(at)
        rows = list(self.finding_points(p, at, today))
        rows += self.complaint_points(p, at, today)
        rows += self.lapse_points(p, at, today)
        level = self.credit.when(at)
        rows.append(('credit', 100 * p['credit'][level] if level else 0, []))
        rows += self.review_points(p, at, today)
        return [row for row in rows if row[1]]

    # ---- the walk -------------------------------------------------------

    def visited(self, p, at):
        ended = [v.ended for v in self.counting() if v.ended <= at]
        return bool(ended) and (day_of(at) - day_of(max(ended))
                                <= p['stale_days'])

    def grave(self, at, severities):
        return any(f.opened <= at
                   and (f.verified is None or f.verified > at)
                   and f.severity in severities for f in self.findings())

    def by_evidence(self, p, at, score):
        if not self.visited(p, at):
            return 'ungraded'
        if (score < 100 * p['colour']['yellow']
                or self.grave(at, ('critical',))):
            return 'red'
        return 'yellow' if score < 100 * p['colour']['green'] else 'green'

    def may_rise(self, s, at):
        if self.grave(at, ('critical', 'major')):
            return False
        if s.downgrade is None:
            return True
        return (any(s.downgrade < v.ended <= at for v in self.counting())
                or any(f.rectified and s.downgrade < f.verified <= at
                       for f in self.findings()))

    def step(self, at):
        """One operation or midnight."""
        s = self.state
        p = self.city.policies.when(at)
        s.components = self.points(p, at)
        s.score = max(0, min(10000, 10000 + sum(c[1] for c in s.components)))
        colour = self.by_evidence(p, at, s.score)
        s.held = False
        if 'ungraded' in (colour, s.colour):
            s.colour = colour
        elif RANK[colour] < RANK[s.colour]:
            s.colour = colour
            s.downgrade = at
        elif RANK[colour] > RANK[s.colour]:
            if self.may_rise(s, at):
                s.colour = colour
            else:
                s.held = True
        s.at = at

    def evidence_at(self):
        """The instants of all that happened here, each at its own time."""
        at = [v.ended for v in self.counting()]
        for r in self.records.values():
            at += [d[0] for d in r.standing()]
        at += [c[0] for c in self.cases.values()]
        at += [r[0] for r in self.reviews.values()]
        at += self.self_checks
        for rows in [self.credit, self.verified, self.extended,
                     *self.staff.values()]:
            at += [row[0] for row in rows]
        return at

    def walk(self, now):
        """Every operation and every midnight up to now, in order."""
        at = self.evidence_at()
        at += [t for t, _ in self.city.policies[1:]]
        if not at:
            return self.state
        since = self.state.at
        first = min(at) if since is None else since
        stops = set(t for t in at if (since is None or t > since)
                    and t <= now)
        stops |= set(midnight(d) for d in range(day_of(first) + 1,
                                                day_of(now) + 1))
        for t in sorted(stops):
            self.step(t)
        return self.state

    # ---- what is to be seen ---------------------------------------------

    def grade(self, now):
        """colour, held, score, components, flags."""
        s = self.walk(now)
        today = day_of(now)
        last = self.licence.when(now)
        paper = set()
        if last is not None and today > last:
            paper.add('licence_expired')
        if self.status.when(now) == 'suspended':
            paper.add('suspended')
        if self.status.when(now) == 'closed':
            colour = 'closed'
        elif s.colour == 'ungraded':
            colour = 'ungraded'
        else:
            colour = 'red' if paper else s.colour
        flags = set(paper)
        if self.grave(now, ('critical',)):
            flags.add('critical_open')
        return {'colour': colour, 'held': s.held, 'score': s.score,
                'components': s.components, 'flags': flags,
                'paper': bool(paper), 'downgrade': s.downgrade}

    def see(self, now):
        """The grade, remembered where its colour is another one."""
        g = self.grade(now)
        if not self.shown or self.shown[-1][1] != g['colour']:
            self.shown.append((now, g['colour']))
        return g

    def rating(self, now):
        """count, and means of hygiene, food and service, to the nearest
        hundredth."""
        rows = self.reviews_in(self.city.policies.when(now), now, day_of(now))
        out = {'count': len(rows)}
        for i, name in enumerate(('hygiene', 'food', 'service'), 1):
            stars = [r[i] for r in rows if r[i]]
            if stars:
                out[name] = (200 * sum(stars) + len(stars)) // (2 * len(stars))
        return out

    def evaluations(self, now):
        """year: level, of the years that are over."""
        this = year_of(day_of(now))
        shares = {}
        for v in self.counting():
            year = year_of(day_of(v.ended))
            if year < this and v.share[1]:
                shares.setdefault(year, []).append(v.share)
        out = {year: level_of(rows) for year, rows in shares.items()}
        out.update({y: r[0] for y, r in self.recorded.items()})
        return out

    def last_visit(self):
        ended = [v.ended for v in self.counting()]
        return day_of(max(ended)) if ended else None

    def took_part(self, now):
        """Who made, confirmed or decided any component of the grade."""
        users = set()
        for code, _, sources in self.walk(now).components:
            for kind, number in sources:
                if kind == 'visit':
                    users |= self.visits[number].by
                elif kind == 'complaint':
                    for r in self.records.values():
                        if number in (r.number, r.group):
                            users |= {d[3] for d in r.standing()}
                elif kind == 'case':
                    users |= self.cases[number][1]
        return users

    def may_appeal_until(self):
        """The last day to appeal against the colour, or None."""
        at, colour = self.shown[-1]
        if colour not in ('yellow', 'red'):
            return None
        return day_of(at) + 21


def level_of(shares):
    """Of the year, by (passed, answered) of each visit: fractions are added
    whole and cut once."""
    common = math.lcm(*(n for _, n in shares))
    passed = sum(k * (common // n) for k, n in shares)
    percent = 100 * passed
    whole = common * len(shares)
    for level, bound in (('A', 90), ('B', 75), ('C', 60)):
        if percent >= bound * whole:
            return level
    return 'unrated'


# ---- inspections -----------------------------------------------------------

def metres(lat1, lng1, lat2, lng2):
    a, b, c, d = map(math.radians, (lat1, lng1, lat2, lng2))
    h = (math.sin((c - a) / 2) ** 2
         + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2)
    return 2 * 6371008.8 * math.asin(math.sqrt(h))


def on_site(distance, accuracy):
    return distance <= 200 + min(accuracy, 100)


def too_fast(here, others):
    """Whether it is over 120 km/h from or to the check-in before or after;
    each is (started, ended, lat, lng)."""
    before = [o for o in others if o[1] <= here[0]]
    after = [o for o in others if o[0] >= here[1]]
    for a, b in ([(max(before), here)] if before else []) + (
            [(here, min(after))] if after else []):
        far = metres(a[2], a[3], b[2], b[3])
        if far * 3.6 > 120 * (b[0] - a[1]):
            return True
    return False


def due_on(p, colour, last):
    """The day of the next visit; None where nobody was ever there."""
    if last is None:
        return None
    return last + p['inspect_every_days'][colour]


# ---- working days -----------------------------------------------------------

class Calendar:
    """Years from a folder of YYYY.csv; others have weekends only."""

    def __init__(self, folder):
        self.years = {}
        for name in sorted(os.listdir(folder)):
            if name.endswith('.csv'):
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    self.years[int(name[:4])] = {
                        day_number(r['date']): r['kind']
                        for r in csv.DictReader(f)}

    def works(self, day):
        kind = self.years.get(year_of(day), {}).get(day)
        if kind:
            return kind == 'workday'
        return (day + 3) % 7 < 5        # 1 January 1970 was a Thursday

    def after(self, day, n):
        """The n-th working day after that day."""
        while n:
            day += 1
            n -= self.works(day)
        return day

    def between(self, today, due):
        """Working days from today to a day that is not past."""
        return sum(self.works(d) for d in range(today + 1, due + 1))


def complaint_due(calendar, kind, received):
    """Accept or refuse a complaint; check a report."""
    return calendar.after(received, 7 if kind == 'complaint' else 15)


def mediation_due(accepted):
    return accepted + 60
