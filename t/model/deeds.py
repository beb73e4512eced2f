"""What people of the random city do: each deed goes through a door of the
product, and what was taken is told to the model."""

import collections
import time

import rules
from filings import OFFICERS, Filings

WALKERS = ('walker1', 'walker2', 'walker3')
JUDGES = ('judge1', 'judge2', 'judge3', 'judge4')
STREETS = ('锦屏街道', '岳林街道')
FIRST = rules.day_number('2025-11-17')
GRAVE = ('critical', 'major', 'minor')

# How often each deed is done, beside the others.
WAYS = {
    'visit': 30, 'late_visit': 8, 'far_visit': 6, 'odd_visit': 5,
    'visit_tomorrow': 1, 'import_visit': 3, 'look_at_visit': 12,
    'correct_visit': 2, 'put_right': 12, 'extend': 3, 'file': 10,
    'step': 45, 'extend_report': 2, 'reopen': 3, 'correct_step': 3,
    'case': 6, 'correct_case': 1, 'credit': 5, 'licence': 4, 'status': 5,
    'move': 2, 'policy': 0.4, 'new_checklist': 1, 'self_check': 5,
    'review': 9, 'remove_review': 3, 'restore_review': 2, 'appeal': 5,
    'decide_appeal': 6,
}


def rfc3339(t):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(t))


class Deeds(Filings):
    # ---- the city before its first day -------------------------------------

    def prepare(self, venues, without):
        self.deeds_done = collections.Counter()
        self.refused = collections.Counter()
        self.done_checks = 0
        self.order = 0
        self.busy, self.cli_share = 6, 0.2
        self.filings = []
        self.appeals = []
        self.judged = set()
        self.waiting = []               # visits that an officer may look at
        self.looked_at = []
        self.begun = set()
        self.checkins = collections.defaultdict(list)
        self.plaques = {}
        self.ways = [(w, getattr(self, n)) for n, w in WAYS.items()
                     if n not in without]
        self.kinds = [k for k in ('complaint', 'report', 'report', 'both')
                      if k not in without]
        p = self.product
        rows = [('ref', 'name', 'address', 'lat', 'lng', 'district')]
        self.street = {}
        self.place = {}
        for n in range(1, venues + 1):
            self.street[n] = STREETS[n % 2]
            self.place[n] = (29.65 + n * 0.0005, 121.40)
            rows.append((*self.row(n), *self.place[n], self.street[n]))
            self.model.venues[n] = rules.Venue(self.model, n)
        p.import_rows('venues', rows)
        for login in WALKERS + OFFICERS + JUDGES + ('chief',):
            role = {'w': 'inspector', 'o': 'officer'}.get(login[0], 'chief')
            p.ctl('user', 'add', '--login', login, '--role', role, '--name',
                  login)
        p.start()
        p.night_is_over()
        self.checklists = rules.Dated()
        self.read_checklist(0)
        self.items = self.checklists[0][1][1]
        self.people = {u['login']: u['id'] for u in
                       p.all('/desk/users.json?limit=100', who='chief')}
        self.calendar = rules.Calendar(
            rules.os.path.join(rules.os.path.dirname(__file__), '..', '..',
                               'conf', 'holidays'))

    def read_checklist(self, since):
        """Version, and severity by code, of the one in force."""
        told = self.product.get('/checklist.json').json()
        self.checklists.put(since, (told['version'], {
            i['code']: i['severity'] for h in told['heads']
            for i in h['items']}))

    @staticmethod
    def row(n):
        return n, f'Kitchen {n}', f'{n} Long Street'

    def deed(self):
        weights = [w for w, _ in self.ways]
        for _ in range(20):
            do = self.rng.choices([d for _, d in self.ways], weights)[0]
            if do():
                self.deeds_done[do.__name__] += 1
                return

    def took(self, name, answer, *fine):
        """Whether it was; a refusal is counted."""
        if answer.status in (fine or (200, 201)):
            return True
        j = answer.json()
        why = [f'{e["field"]}:{e["code"]}' for e in j.get('errors', [])]
        why = ' '.join(why or [j.get('code') or ''])
        self.refused[f'{name} {answer.status} {why}'] += 1
        return False

    def note(self, venue, text):
        t = time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(self.now + 28800))
        self.story[venue].append(f'{t} {text}')

    def next(self):
        self.order += 1
        return self.order

    def open_venues(self):
        return [v for v in self.model.venues.values()
                if v.status.when(self.now) != 'closed']

    def a_venue(self):
        rows = self.open_venues()
        return self.rng.choice(rows) if rows else None

    # ---- inspections -------------------------------------------------------

    def answers(self, v, started, spotless, officer=False):
        """code: (result, severity or None, deadline or None) as sent."""
        rng, out = self.rng, {}
        usual = self.checklists.when(started)[1]
        known = v.open_findings()
        fails = 0 if spotless else rng.choice([0, 0, 0, 1, 1, 2, 3])
        failed = set(rng.sample(list(self.items)[:14], fails))
        for code in self.items:
            if code in known:
                fails_again = not spotless and rng.random() < 0.35
                result = 'fail' if fails_again else 'pass'
            else:
                result = 'fail' if code in failed else 'pass'
                if result == 'pass' and rng.random() < 0.05 and not spotless:
                    result = 'na'
            severity = deadline = None
            if result == 'fail':
                if rng.random() < 0.7:
                    severity = rng.choices(GRAVE, (1, 3, 6))[0]
                if officer and rng.random() < 0.5:
                    deadline = rules.day_of(self.now) + rng.randint(
                        1, rules.DEADLINE[severity or usual[code]])
            out[code] = (result, severity, deadline)
        return out

    def document(self, v, answers, checklist, started, finished, away):
        lat, lng = self.place[v.number]
        items = []
        for code, (result, severity, deadline) in answers.items():
            row = {'code': code, 'result': result}
            if result == 'fail':
                row['note'] = 'wrong'
                if severity:
                    row['severity'] = severity
                if deadline:
                    row['deadline_on'] = rules.date(deadline)
            items.append(row)
        return {'kind': 'routine',
                'checklist': checklist,
                'started_at': rfc3339(started),
                'finished_at': rfc3339(finished),
                'lat': lat + away, 'lng': lng, 'accuracy': 10,
                'items': items}

    def send_visit(self, name, ago, away=0, ahead=0, lasts=1800,
                   spotless=False):
        """One that ended so many seconds ago, by a device whose clock is so
        many seconds ahead."""
        v = self.rng.choice(list(self.model.venues.values()))
        walker = self.rng.choice(WALKERS * 3 + OFFICERS)
        ended = self.now - ago
        started = ended - lasts
        # One at a time, by day, and none before the city began.
        if (any(w == walker and abs(s - started) < 3600 and s != started
                for w, s in self.begun) or (walker, started) in self.begun
                or rules.day_of(ended) < FIRST
                or not 7 <= (ended + rules.TZ) % 86400 // 3600 < 22):
            return False
        answers = self.answers(v, started, spotless, walker in OFFICERS)
        a = self.product.post(
            f'/v/{v.number}/inspections',
            self.document(v, answers, self.checklists.when(started)[0],
                          started + ahead, ended + ahead, away),
            who=walker, Shian_Device_Time=rfc3339(self.now + ahead))
        closed = v.status.when(ended) == 'closed'
        if closed == (v.status.when(started) == 'closed'):
            self.compared.same(v.number, f'{name} is taken',
                               409 if closed else 201, a.status)
        if not self.took(name, a):
            return False
        self.begun.add((walker, started))
        told = a.json()
        self.model_visit(v, told, walker, (started, ended), answers)
        flags = {'distance'} if away else set()
        if abs(ahead) > 600:
            flags.add('clock')
        if lasts < 180 and all(r[0] == 'pass' for r in answers.values()):
            flags.add('fast')
        lat, lng = self.place[v.number]
        here = (started, ended, lat + away, lng)
        if rules.too_fast(here, self.checkins[walker]):
            flags.add('speed')
        self.checkins[walker].append(here)
        self.check_flags(v, told['id'], flags)
        return True

    def model_visit(self, v, told, walker, when, answers):
        items = {}
        started, ended = when
        usual = self.checklists.when(started)[1]
        for code, (result, severity, deadline) in answers.items():
            severity = severity or usual[code]
            items[code] = (result, severity,
                           deadline or rules.day_of(ended)
                           + rules.DEADLINE[severity])
        away = told.get('state') == 'waiting'
        visit = rules.Visit(told['id'], ended, items,
                            None if away else self.next(), walker)
        v.visits[visit.number] = visit
        v.changed(ended)
        fails = {c: (s[:3], rules.date(d)[5:]) for c, (r, s, d)
                 in items.items() if r == 'fail'}
        known = [c for c in items if any(f.item == c for f in v.findings())]
        self.note(v.number, f'visit {visit.number} by {walker} ended '
                  f'{rfc3339(ended + 28800)[:-1]} '
                  f'{"waits" if away else "counts"} fails {fails} passes '
                  f'{[c for c in known if items[c][0] == "pass"]}')
        if told.get('state') in ('waiting', 'flagged'):
            self.waiting.append((v, visit))

    def check_flags(self, v, number, flags):
        a = self.product.get(f'/desk/inspections/{number}.json',
                             who='officer1').json()
        told = set(a.get('flags', [])) - {'photo'}
        self.compared.same(v.number, 'flags of a visit', sorted(flags),
                           sorted(told))
        if 'distance' in flags:
            self.compared.same(v.number, 'state of a visit', 'waiting',
                               a.get('state'))

    def visit(self):
        return self.send_visit('visit', 60)

    def late_visit(self):
        return self.send_visit('late visit',
                               self.rng.randint(7200, 4 * 86400))

    def far_visit(self):
        ago = self.rng.choice([60, 60, 20000, 100000])
        return self.send_visit('far visit', ago,
                               away=self.rng.choice([0.02, 0.02, 1.5]),
                               ahead=self.rng.choice([0, 0, 0, 432000]))

    def odd_visit(self):
        """What officers should look at, though it counts."""
        if self.rng.random() < 0.3:
            return self.send_visit('odd visit', 60, lasts=120, spotless=True)
        return self.send_visit('odd visit', 60, ahead=self.rng.choice(
            [900, -900, 432000, -432000]))

    def look_at_visit(self):
        if not self.waiting:
            return False
        v, visit = self.waiting.pop(self.rng.randrange(len(self.waiting)))
        reject = self.rng.random() < 0.5
        officer = self.rng.choice([o for o in OFFICERS if o not in visit.by])
        a = self.product.post(
            f'/desk/inspections/{visit.number}',
            {'action': 'reject', 'reason': 'no'} if reject else
            {'action': 'confirm'}, who=officer)
        if not self.took('look at visit', a):
            return False
        if reject:
            visit.counted = None
        else:
            if not visit.counted:
                visit.counts_since(self.next(), rules.day_of(self.now))
            visit.by.add(officer)
        self.looked_at.append((v, visit))
        v.changed(visit.ended)
        self.note(v.number, f'{officer} {"rejects" if reject else "confirms"}'
                  f' visit {visit.number}')
        return True

    def correct_visit(self):
        """What an officer said of a visit was wrong."""
        if not self.looked_at:
            return False
        v, visit = self.rng.choice(self.looked_at[-15:])
        a = self.product.post(f'/desk/inspections/{visit.number}', {
            'action': 'correct', 'reason': 'a mistake'}, who='chief')
        if not self.took('correct visit', a):
            return False
        if visit.counted:
            visit.counted = None
        else:
            visit.counts_since(self.next(), rules.day_of(self.now))
            visit.by.add('chief')
        v.changed(visit.ended)
        self.note(v.number, f'chief corrects visit {visit.number}: '
                  f'{"counts" if visit.counted else "does not count"}')
        return True

    def import_visit(self):
        v = self.a_venue()
        day = rules.day_of(self.now) - self.rng.randint(1, 20)
        quiet = v and all(rules.day_of(t) != day for t in v.evidence_at())
        if not quiet or day < FIRST:
            return False
        if v.status.when(rules.midnight(day) + 43200) == 'closed':
            return False
        score = self.rng.randint(50, 100)
        self.product.import_rows('inspections', [
            ('ref', 'date', 'kind', 'score'),
            (v.number, rules.date(day), 'routine', score)])
        number = 'imported %d' % self.next()
        ended = rules.midnight(day) + 43200
        v.visits[number] = rules.Visit(number, ended, {}, self.next(),
                                       share=(score, 100))
        v.changed(ended)
        self.note(v.number, f'visit of {rules.date(day)} imported, {score}')
        return True

    def visit_tomorrow(self):
        """None may be."""
        v = self.a_venue()
        if v is None:
            return False
        ended = self.now + 86400
        a = self.product.post(
            f'/v/{v.number}/inspections',
            self.document(v, self.answers(v, self.now, True),
                          self.checklists.when(ended)[0], ended - 1800,
                          ended, 0),
            who='walker1', Shian_Device_Time=rfc3339(self.now))
        self.compared.same(v.number, 'visit of tomorrow', 422, a.status)
        return True

    # ---- findings ----------------------------------------------------------

    def a_finding(self, states):
        """(venue, the product's record) of one that is open in both."""
        rows = [v for v in self.open_venues() if v.open_findings()]
        if not rows:
            return None, None
        v = self.rng.choice(rows)
        told = [f for f in self.product.all(
            '/my/findings.json?limit=100', who=v.number)
            if f['state'] in states and f['code'] in v.open_findings()]
        return (v, self.rng.choice(told)) if told else (None, None)

    def put_right(self):
        v, f = self.a_finding(('open', 'submitted'))
        if f is None:
            return False
        if f['state'] == 'open':
            a = self.product.post(f'/my/findings/{f["id"]}', {
                'action': 'submit', 'text': 'done'}, who=v.number)
            if not self.took('submit', a):
                return False
            if self.rng.random() < 0.3:
                return True
        who = self.rng.choice(OFFICERS + WALKERS)
        good = self.rng.random() < 0.75
        a = self.product.post(
            f'/desk/findings/{f["id"]}', {'action': 'verify'} if good else
            {'action': 'reject', 'reason': 'not yet'}, who=who)
        if not self.took('verify', a):
            return False
        if good:
            v.verified.append((self.now, f['code'], who))
            v.changed(self.now)
            self.note(v.number, f'{who} verifies {f["code"]}')
        return True

    def extend(self):
        v, f = self.a_finding(('open',))
        if f is None or f.get('extended'):
            return False
        last = rules.day_number(f['deadline_on'])
        day = max(last, rules.day_of(self.now)) + self.rng.randint(1, 30)
        a = self.product.post(f'/desk/findings/{f["id"]}', {
            'action': 'extend', 'reason': 'parts come late',
            'deadline_on': rules.date(day)}, who=self.rng.choice(OFFICERS))
        if not self.took('extend', a):
            return False
        v.extended.append((self.now, f['code'], day))
        v.changed(self.now)
        self.note(v.number, f'{f["code"]} extended to {rules.date(day)}')
        return True

    # ---- lists that come ---------------------------------------------------

    def credit(self):
        v = self.a_venue()
        if v is None:
            return False
        level = self.rng.choice('ABBCCD')
        if level == v.credit.when(self.now):
            return False
        self.product.import_rows('credit', [('ref', 'credit'),
                                            (v.number, level)])
        v.credit.put(self.now, level)
        v.changed(self.now)
        self.note(v.number, f'credit {level}')
        return True

    def import_venue(self, v, field, value):
        self.product.import_rows('venues', [
            ('ref', 'name', 'address', field),
            (*self.row(v.number), value)])

    def licence(self):
        v = self.a_venue()
        if v is None:
            return False
        today = rules.day_of(self.now)
        last = v.licence.when(self.now)
        over = last is not None and last < today + 3
        day = today + (900 if over else self.rng.randint(0, 12))
        self.import_venue(v, 'licence_expires_on', rules.date(day))
        v.licence.put(self.now, day)
        v.changed(self.now)
        self.note(v.number, f'licence until {rules.date(day)}')
        return True

    def status(self):
        v = self.rng.choice(list(self.model.venues.values()))
        is_ = v.status.when(self.now) or 'active'
        to = self.rng.choice(['suspended', 'closed', 'suspended']
                             if is_ == 'active' else ['active'])
        word = {'suspended': '停业', 'closed': '注销'}.get(to, '营业')
        self.import_venue(v, 'status', word)
        v.status.put(self.now, to)
        v.changed(self.now)
        self.note(v.number, f'is {to}')
        return True

    def move(self):
        v = self.a_venue()
        if v is None:
            return False
        street = STREETS[self.street[v.number] == STREETS[0]]
        self.street[v.number] = street
        self.import_venue(v, 'district', street)
        self.note(v.number, f'moves to {street}')
        return True

    def policy(self):
        a = self.product.get('/desk/policy.json', who='chief')
        document = a.json()['policy']
        rng = self.rng
        document['version'] = f'city-{self.next()}'
        document['colour']['green'] = rng.choice([80, 85, 90])
        document['finding']['minor'] = rng.choice([2, 3, 5])
        document['finding']['overdue'] = rng.choice([5, 10, 15])
        document['complaint']['days'] = rng.choice([180, 365])
        document['reviews']['points_per_star'] = rng.choice([5, 8])
        document['reviews']['days'] = rng.choice([30, 365])
        document['self_check_every_days'] = rng.choice([20, 30])
        document['stale_days'] = rng.choice([730, 730, 30])
        document['finding']['residual_days'] = rng.choice([180, 20])
        document['case']['days'] = rng.choice([730, 60])
        document['inspect_every_days']['red'] = rng.choice([15, 30])
        a = self.product.post('/desk/policy?action=publish', document,
                              who='chief')
        if not self.took('policy', a):
            return False
        known = {k: document[k] for k in rules.DEFAULT if k in document}
        self.model.set_policy(self.now, rules.policy(**known))
        for n, v in self.model.venues.items():
            v.changed(self.now)
            self.note(n, f'policy {document["version"]}: green '
                      f'{document["colour"]["green"]}')
        self.product.wait_for(self.policy_is_in_force, 'regrading')
        return True

    def new_checklist(self):
        a = self.product.get('/desk/checklist.json', who='chief')
        document = a.json()['checklist']
        document['version'] = f'list-{self.next()}'
        for item in self.rng.sample(document['items'][:14], 3):
            item['severity'] = self.rng.choice(GRAVE)
        a = self.product.post('/desk/checklist?action=publish', document,
                              who='chief')
        if not self.took('checklist', a):
            return False
        self.read_checklist(self.now)
        return True

    def policy_is_in_force(self):
        """Every venue was graded under it."""
        g = self.product.get('/desk/policy.json', who='chief').json()
        g = g.get('grading', {})
        return not g.get('waiting') and 'done' not in g

    # ---- the venue and its guests ------------------------------------------

    def self_check(self):
        v = self.a_venue()
        if v is None:
            return False
        a = self.product.post('/my/self-check', {'items': [
            {'code': c, 'result': 'pass'} for c in self.items]},
            who=v.number)
        if not self.took('self-check', a):
            return False
        v.self_checks.append(self.now)
        v.changed(self.now)
        self.note(v.number, 'self-check')
        return True

    def review(self):
        v = self.a_venue()
        if v is None:
            return False
        n = v.number
        if n not in self.plaques:
            self.plaques[n] = self.product.plaque(n)
        for _ in range(self.rng.choice([1, 1, 2, 8])):
            jar = {}
            self.product.get(f'/q/{self.plaques[n]}', jar=jar)
            stars = [self.rng.choices(range(1, 6), (3, 1, 2, 4, 4))[0],
                     self.rng.choice([None, 1, 3, 4]),
                     self.rng.choice([None, 2, 5])]
            body = {k: s for k, s in zip(('hygiene', 'food', 'service'),
                                         stars) if s}
            a = self.product.post(f'/v/{n}/reviews', body, jar=jar)
            if not self.took('review', a):
                return False
            v.reviews[a.json()['id']] = (self.now, *stars)
            v.changed(self.now)
            self.note(n, f'review {a.json()["id"]} {stars}')
            v.see(self.now)
            self.later(1)               # each is an operation of its own
        return True

    def remove_review(self):
        rows = [(v, r) for v in self.open_venues() for r in v.reviews]
        if not rows:
            return False
        v, number = self.rng.choice(rows)
        a = self.product.post(f'/desk/reviews/{number}', {
            'action': 'remove', 'reason': 'abuse'}, who='officer2')
        if not self.took('remove review', a):
            return False
        v.gone[number] = v.reviews.pop(number)
        v.changed(v.gone[number][0])
        self.note(v.number, f'review {number} removed')
        return True

    def restore_review(self):
        rows = [(v, r) for v in self.open_venues() for r in v.gone]
        if not rows:
            return False
        v, number = self.rng.choice(rows)
        a = self.product.post(f'/desk/reviews/{number}', {
            'action': 'publish', 'text': 'a mistake'}, who='chief')
        if not self.took('restore review', a):
            return False
        v.reviews[number] = v.gone.pop(number)
        v.changed(v.reviews[number][0])
        self.note(v.number, f'review {number} restored')
        return True

    # ---- appeals -----------------------------------------------------------

    def may_appeal(self, v):
        """True, False, or None where the rules leave it open."""
        g = v.see(self.now)
        if g['paper'] or g['colour'] in ('closed', 'ungraded'):
            return None
        last = v.may_appeal_until()
        since = v.shown[-1][0]
        return bool(last is not None and rules.day_of(self.now) <= last
                    and not any(a[0] is v and a[2] == since
                                for a in self.appeals))

    def appeal(self):
        v = self.a_venue()
        may = v and self.may_appeal(v)
        if may is None or v is None:
            return False
        if not may and self.rng.random() < 0.5:
            return False
        running = any(a[0] is v and a[3] for a in self.appeals)
        a = self.product.post('/my/appeals', {'text': 'not so'},
                              who=v.number)
        if not running:
            self.compared.same(v.number, 'may appeal', 201 if may else 409,
                               a.status)
        if a.status == 201:
            self.appeals.append([v, a.json()['id'], v.shown[-1][0], True,
                                 v.took_part(self.now)])
            self.note(v.number, f'appeal {a.json()["id"]}')
        return True

    def decide_appeal(self):
        rows = [a for a in self.appeals if a[3]]
        if not rows:
            return False
        row = self.rng.choice(rows)
        v, number, _, _, took_part = row
        path = f'/desk/appeals/{number}'
        for login in OFFICERS:
            if login in took_part & v.took_part(self.now):
                a = self.product.post(path, {
                    'action': 'reject', 'text': 'no'}, who=login)
                if not self.compared.same(v.number, f'{login} took part',
                                          403, a.status):
                    row[3] = False
                    return True
        uphold = self.rng.random() < 0.6
        fresh = [j for j in JUDGES if (v.number, j) not in self.judged]
        if not fresh:
            return False
        judge = fresh[0]
        self.judged.add((v.number, judge))
        told = self.product.get(path + '.json', who=judge).json()
        fall = [f for f in told.get('findings', [])
                if f['code'] in v.open_findings()
                and f['state'] in ('open', 'submitted')
                and self.rng.random() < 0.6]
        body = {'action': 'uphold' if uphold else 'reject', 'text': 'because'}
        if uphold and fall:
            body['finding'] = [f['id'] for f in fall]
        a = self.product.post(path, body, who=judge)
        row[3] = False
        self.compared.same(v.number, 'who took no part decides', 200,
                           a.status)
        if a.status == 200 and uphold:
            known = v.open_findings()
            for f in fall:
                found = known[f['code']]
                v.void |= {(s, found.item) for s in found.sources}
            v.changed(min([known[f['code']].opened for f in fall],
                          default=self.now))
        self.note(v.number, f'appeal {number} {body}')
        return True
