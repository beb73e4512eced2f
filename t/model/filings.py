"""Complaints and reports of the random city, from the form to the case, each
step by its door and told to the model."""

import rules

OFFICERS = ('officer1', 'officer2')


class Filing:
    """A record of the board, as much of it as the next step needs."""

    def __init__(self, number, track, venue, kind, record, received):
        self.number = number
        self.track = track
        self.venue = venue
        self.kind = kind
        self.record = record
        self.received = received
        self.linked = False
        self.case = None
        self.due = None                 # a day, while its clock is known
        self.reopened = False
        self.extended = False


class Filings:
    # ---- complaints --------------------------------------------------------

    def file(self):
        v = self.a_venue()
        if v is None:
            return False
        kind = self.rng.choice(self.kinds)
        jar = {}
        self.product.get('/complain', jar=jar)
        known = {f.number for f in self.filings}
        body = {'venue': v.number, 'kind': kind, 'category': 'dirty',
                'text': 'what happened', 'name': 'A B',
                'contact': '13800138000'}
        a = self.product.post('/complaints', body, jar=jar)
        if a.status == 422 and kind != 'report':
            a = self.product.post('/complaints', {**body, 'claim': 'refund'},
                                  jar=jar)
        if not self.took('file', a):
            return False
        told = a.json()
        new = self.filed(told, known)
        for number, which in new:
            record = v.records[number] = rules.Record(number)
            record.group = new[0][0]
            track = told if which == new[0][1] else told.get('linked', {})
            f = Filing(number, track.get('track', ''), v, which, record,
                       rules.day_of(self.now))
            f.linked = kind == 'both'
            self.filings.append(f)
            self.check_clock(f, rules.complaint_due(
                self.calendar, which, f.received))
        self.note(v.number, f'{kind} {new} filed')
        return True

    def filed(self, told, known):
        """(number, kind) of what is on the board now and was not."""
        only = f'&q={told["id"]}' if 'id' in told else ''
        rows = [(i['id'], i['kind']) for i in self.product.all(
            f'/desk/complaints.json?limit=100{only}', who='officer1')
            if i['id'] not in known]
        if 'id' in told.get('linked', {}):
            rows.append((told['linked']['id'], told['linked']['kind']))
        return sorted(set(rows))

    def check_clock(self, f, due):
        """The day it is due, and the days that are left until then."""
        f.due = due
        item = self.record(f).get('item', {})
        self.compared.same(f.venue.number, f'clock of a {f.kind}',
                           rules.date(due), item.get('due_on'))
        today = rules.day_of(self.now)
        working = item.get('state') == 'received' or f.kind == 'report'
        left = self.calendar.between(today, due) if working else due - today
        if due < today:
            return
        track = self.product.get(self.path_of(f) + '.json').json()
        for who, told in ('the board', item), ('the link', track):
            self.compared.same(f.venue.number, f'days left on {who}', left,
                               told.get('days_left'))
        self.compared.same(f.venue.number, 'due day on the link',
                           rules.date(due), track.get('due_on'))

    def check_clocks(self):
        """Of some that are under way, days later."""
        for f in self.rng.sample(self.filings[-25:],
                                 min(4, len(self.filings[-25:]))):
            state = self.record(f).get('item', {}).get('state')
            if f.due and not f.reopened and state in (
                    'received', 'accepted', 'dispatched', 'on_site',
                    'reported'):
                self.check_clock(f, f.due)

    def path_of(self, f):
        """Of the private link."""
        return f.track.removeprefix(self.product.base)

    def record(self, f, who='chief'):
        return self.product.get(f'/desk/complaints/{f.number}.json',
                                who=who).json()

    def send_step(self, f, who, action, **fields):
        a = self.product.post(f'/desk/complaints/{f.number}', {
            'action': action, **fields}, who=who)
        return self.took(f'step {action}', a)

    def step(self):
        if not self.filings:
            return False
        f = self.rng.choice(self.filings[-25:])
        record = self.record(f, 'officer1')
        state = record.get('item', {}).get('state')
        do = getattr(self, f'from_{state}', None)
        return bool(do and do(f, record))

    def extend_report(self):
        rows = [f for f in self.filings[-25:] if f.kind == 'report'
                and not f.extended and not f.record.decisions]
        if not rows:
            return False
        f = self.rng.choice(rows)
        record = self.record(f, 'officer1')
        if 'extend' not in record.get('actions', []):
            return False
        was = record['item'].get('due_on')
        if not was or not self.send_step(f, 'officer1', 'extend',
                                         text='takes longer'):
            return False
        f.extended = True
        self.check_clock(f, self.calendar.after(rules.day_number(was), 15))
        return True

    def from_received(self, f, record):
        if self.rng.random() < 0.05:
            return self.send_step(f, 'officer1', 'refuse',
                                  ground='malicious')
        others = [o for o in self.filings if o.venue is f.venue and o is not f
                  and o.kind == f.kind and not o.linked and not f.linked
                  and not o.record.decisions]
        if others and self.rng.random() < 0.3:
            into = self.rng.choice(others)
            if not self.send_step(f, 'officer1', 'merge', into=into.number):
                return False
            f.record.group = into.record.group
            self.note(f.venue.number, f'{f.number} merged into '
                      f'{into.number}')
            return True
        if not self.send_step(f, 'officer1', 'accept', text='yes'):
            return False
        if not f.reopened and not f.extended:
            self.check_clock(f, rules.mediation_due(rules.day_of(self.now))
                             if f.kind == 'complaint' else
                             rules.complaint_due(self.calendar, f.kind,
                                                 f.received))
        return True

    def from_accepted(self, f, record):
        day = rules.date(rules.day_of(self.now) + 5)
        return self.send_step(f, 'officer1', 'dispatch',
                              to=self.people['walker1'], due_on=day)

    def from_dispatched(self, f, record):
        lat, lng = self.place[f.venue.number]
        return self.send_step(f, 'walker1', 'check_in', lat=lat, lng=lng,
                              accuracy=10)

    def from_on_site(self, f, record):
        return self.send_step(f, 'walker1', 'report', text='seen',
                              recommend='substantiated')

    def from_reported(self, f, record):
        v, rng = f.venue, self.rng
        true = rng.random() < 0.7
        codes = []
        if true and not f.reopened and rng.random() < 0.5:
            codes = rng.sample(list(self.items)[:14], rng.randint(1, 2))
        who = rng.choice(OFFICERS)
        outcome = 'substantiated' if true else 'unsubstantiated'
        if not self.send_step(f, who, 'decide', outcome=outcome,
                              public_text='so it is', findings=[
                                  {'item': c, 'note': 'seen'}
                                  for c in codes]):
            return False
        today = rules.day_of(self.now)
        usual = self.checklists[-1][1][1]
        f.record.decisions.append((self.now, outcome, {
            c: (usual[c], today + rules.DEADLINE[usual[c]])
            for c in codes}, who))
        v.changed(f.record.decisions[0][0])
        self.note(v.number, f'{who} decides {f.kind} {f.number}: {outcome} '
                  f'{codes}')
        return True

    def from_substantiated(self, f, record):
        return self.send_step(f, 'officer1', 'rectify')

    def from_unsubstantiated(self, f, record):
        return self.send_step(f, 'officer1', 'close')

    def from_rectifying(self, f, record):
        return self.send_step(f, 'officer1', 'close')

    def reopen(self):
        rows = [f for f in self.filings if f.record.decisions
                and not f.reopened and f.track]
        if not rows:
            return False
        f = self.rng.choice(rows[-12:])
        a = self.product.post(self.path_of(f), {'action': 'reopen',
                                     'text': 'it is not so'})
        if a.status == 409:
            return False
        if not self.took('reopen', a):
            return False
        f.reopened = True
        self.note(f.venue.number, f'{f.number} reopened')
        return True

    def correct_step(self):
        """A decision, a merge or a refusal was wrong: back to before it."""
        if not self.filings:
            return False
        f = self.rng.choice(self.filings[-25:])
        record = self.record(f)
        state = record.get('item', {}).get('state')
        if 'correct' not in record.get('actions', []):
            return False
        if state not in ('merged', 'refused', 'substantiated', 'closed',
                         'unsubstantiated', 'rectifying'):
            return False
        if not self.send_step(f, 'chief', 'correct', text='a mistake'):
            return False
        if state == 'merged':
            f.record.group = f.number
            f.venue.changed(0)
        elif state != 'refused':
            f.venue.changed(f.record.decisions.pop()[0])
            f.venue.changed(0)
        self.note(f.venue.number, f'chief corrects {f.number}, {state}')
        return True

    def correct_case(self):
        rows = [f for f in self.filings if f.case]
        if not rows:
            return False
        f = self.rng.choice(rows[-6:])
        a = self.product.post(f'/desk/cases/{f.case}', {
            'action': 'correct', 'text': 'a mistake'}, who='chief')
        if not self.took('correct case', a):
            return False
        f.venue.cases.pop(f.case, None)
        f.venue.changed(0)
        self.note(f.venue.number, f'chief corrects case {f.case}')
        f.case = None
        return True

    def case(self):
        rows = [f for f in self.filings if f.record.decisions and
                f.record.decisions[-1][1] == 'substantiated'
                and not any(o.case and o.record.group == f.record.group
                            for o in self.filings)]
        if not rows:
            return False
        f = self.rng.choice(rows)
        record = self.record(f, 'officer1')
        if not record.get('may_open_case'):
            return False
        who = self.rng.choice(OFFICERS)
        a = self.product.post('/desk/cases', {
            'venue': f.venue.number, 'complaint': f.number, 'text': 'x'},
            who=who)
        if not self.took('open case', a, 201):
            return False
        f.case = a.json()['id']
        penalty = self.rng.random() < 0.6
        a = self.product.post(f'/desk/cases/{f.case}', {
            'action': 'decide', 'penalty': penalty,
            'document_no': f'No. {f.case}', 'text': 'fine'}, who=who)
        if not self.took('decide case', a):
            return False
        if penalty:
            f.venue.cases[f.case] = (self.now, {who})
            f.venue.changed(self.now)
        self.note(f.venue.number, f'{who} case {f.case}, penalty {penalty}')
        return True
