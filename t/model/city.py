"""A city that lives at random, driven by the product's doors, beside the model
of the rules: on every checked day both are asked about every venue.

    city.py [--seed N] [--venues N] [--days N] [--busy N] [--lines N]
            [--without DEED,…] [--often DEED=N,…] [--keep]

--busy: deeds a day at most; --lines: of a venue's story; --often: how often
a deed is done (deeds.py, WAYS).  Deeds besides: `both`, filings of two
records, and `future`, grades as of a day to come.

Exit status 0: both say the same.  A difference prints seed, day, venue, the
venue's story and both answers; those that follow at the same venue and are
of the same kind are counted only.
"""

import argparse
import collections
import copy
import random
import re
import sys

import rules
from product import Product
from deeds import Deeds, WAYS, rfc3339

START = rules.day_number('2025-11-17')

WORDS = {'green': 'Good', 'yellow': 'Fair', 'red': 'Poor',
         'ungraded': 'Not yet graded', 'closed': 'Closed'}


class Compared:
    """Collects what differs.  What follows from a first difference in the
    grade of a venue is counted and not told."""

    GRADE = ('page ', 'cli today', 'cli past', 'findings', 'open findings',
             'may appeal', 'html', 'due_on')

    def __init__(self, city):
        self.city = city
        self.kinds = collections.Counter()
        self.first = collections.Counter()
        self.lost = set()
        self.told = collections.Counter()
        self.checks = 0

    def same(self, venue, what, model, product):
        self.checks += 1
        if model == product:
            return True
        self.kinds[what] += 1
        grade = what.startswith(self.GRADE)
        key = (venue, 'grade' if grade else what)
        if key not in self.lost:
            self.lost.add(key)
            self.first[what] += 1
            self.told[what] += 1
            if self.told[what] <= (6 if grade else 2):
                self.tell(venue, what, model, product)
        return False

    def tell(self, venue, what, model, product):
        c = self.city
        print(f'# seed {c.seed} day {rules.date(rules.day_of(c.now))} '
              f'(day {rules.day_of(c.now) - START}) venue {venue}: {what}')
        print(f'#   model:   {model}')
        print(f'#   product: {product}')
        v = c.model.venues[venue]
        g = v.grade(c.now)
        last = g['downgrade'] and rfc3339(g['downgrade'] + 28800)[:-1]
        print(f'#   model:   {g["colour"]} {g["score"]} held {g["held"]} '
              f'last downgrade {last} shown {c.seen(v)} {c.found(v)}')
        told = c.product.get(f'/v/{venue}.json').json().get('grade', {})
        told['reasons'] = [(r['code'], r['points'], r.get('ref'))
                           for r in told.get('reasons', [])]
        print(f'#   product: {told}')
        for line in c.story[venue][-c.lines:]:
            print(f'#     {line}')
        sys.stdout.flush()


class City(Deeds):
    def __init__(self, seed, venues, lines, without):
        self.seed = seed
        self.lines = lines
        self.rng = random.Random(seed)
        self.model = rules.City()
        self.now = rules.midnight(START) + 8 * 3600
        self.story = collections.defaultdict(list)
        self.ends = collections.defaultdict(dict)   # venue: day: as shown
        self.compared = Compared(self)
        self.product = Product(self.now)
        self.without = without
        self.prepare(venues, without)

    # ---- time --------------------------------------------------------------

    def set_clock(self, now):
        """Goes on to then; what each day between ends with is kept."""
        today = rules.day_of(self.now)
        for v in self.model.venues.values():
            for day in range(today, rules.day_of(now)):
                if day > today:
                    v.see(rules.midnight(day))
                end = rules.midnight(day + 1) - 1
                self.ends[v.number][day] = copy.deepcopy(v.see(end))
            if rules.day_of(now) > today:
                v.see(rules.midnight(rules.day_of(now)))
        self.now = now
        self.product.clock.at(now)

    def later(self, seconds):
        self.set_clock(self.now + seconds)

    def live(self, days):
        last = rules.day_of(self.now) + days
        while rules.day_of(self.now) < last:
            day = rules.day_of(self.now) + 1
            how = self.rng.random()
            if how < 0.05:                      # nobody looks for some days
                day = min(last, day + self.rng.randint(1, 6))
            elif how < 0.065:
                day = min(last, day + 14)
                self.outage(day)
            self.morning(day, how)
            self.day_of_work()
            self.check(self.rng.random() < self.cli_share)

    def outage(self, day):
        self.deeds_done['outage'] += 1
        self.product.stop()
        self.set_clock(rules.midnight(day) + 9 * 3600)
        self.product.ctl('clock', 'confirm', fails=True)
        self.product.start()
        self.product.night_is_over()
        self.check(True)

    def morning(self, day, how):
        if rules.day_of(self.now) < day and how < 0.85:
            self.set_clock(rules.midnight(day) + 5)
            self.product.night_is_over()
            self.check(False)
        start = rules.midnight(day) + 9 * 3600 + self.rng.randint(0, 1800)
        if start > self.now:
            self.set_clock(start)

    def day_of_work(self):
        for _ in range(self.rng.randint(0, self.busy)):
            self.deed()
            for v in self.model.venues.values():
                v.see(self.now)
            self.later(self.rng.randint(360, 1500))

    @staticmethod
    def seen(v):
        return [f'{rfc3339(t + 28800)[5:-1]} {colour}'
                for t, colour in v.shown[-4:]]

    @staticmethod
    def found(v):
        return [(f.item, f.severity, rfc3339(f.opened + 28800)[5:-4],
                 f.verified and rfc3339(f.verified + 28800)[5:-4],
                 f.sources) for f in v.findings()[-8:]]

    # ---- comparing ---------------------------------------------------------

    def check(self, thorough):
        self.product.night_is_over()
        for v in self.model.venues.values():
            self.check_page(v)
        if thorough:
            self.check_model()
            self.check_findings()
            self.check_due()
            self.check_clocks()
            self.check_cli()
        self.done_checks += 1

    def expected(self, g):
        """What a grade says, without what only one of two may say."""
        out = {'colour': g['colour']}
        if g['colour'] in ('closed', 'ungraded'):
            out['points'] = []
            return out
        out['held'] = g['held']
        out['score'] = g['score']
        out['points'] = sorted((c, n) for c, n, _ in g['components'])
        out['flags'] = sorted(g['flags'])
        return out

    @staticmethod
    def points_of(rows, points):
        return sorted((r['code'], points(r)) for r in rows if points(r))

    @staticmethod
    def flags_of(rows):
        return sorted({r['code'] for r in rows} & {
            'critical_open', 'suspended', 'licence_expired'})

    def check_page(self, v):
        g = v.see(self.now)
        page = self.product.get(f'/v/{v.number}.json').json()
        is_ = page.get('grade', {})
        rows = is_.get('reasons', [])
        told = {'colour': is_.get('colour')}
        wants = self.expected(g)
        told['points'] = self.points_of(rows,
                                        lambda r: round(100 * r['points']))
        if 'score' in wants:
            wants['score'] //= 100
            told['held'] = bool(is_.get('held'))
            told['score'] = is_.get('score')
            told['flags'] = self.flags_of(rows)
        for name in wants:
            if not self.compared.same(v.number, f'page {name}', wants[name],
                                      told.get(name)):
                break
        self.check_rest(v, page)
        if self.rng.random() < 0.1:
            self.check_words(v, g)
            self.check_history(v)

    def check_words(self, v, g):
        html = self.product.get(f'/v/{v.number}?lang=en',
                                Accept='text/html').body
        hero = re.search(r'class="hero (\w+)"', html)
        self.compared.same(v.number, 'html colour', g['colour'],
                           hero and hero.group(1))
        self.compared.same(v.number, 'html word', True,
                           WORDS[g['colour']] in html)

    def check_history(self, v):
        """The colours that were to be seen, one after the other."""
        told = []
        for row in self.product.all(f'/v/{v.number}/grades.json?limit=100'):
            if not told or told[0] != row['colour']:
                told.insert(0, row['colour'])
        seen = [colour for _, colour in v.shown]
        for rows in (told, seen):
            if rows[:1] == ['ungraded']:
                rows.pop(0)
        self.compared.same(v.number, 'page history', seen, told)

    def check_rest(self, v, page):
        same = self.compared.same
        rating = {k: round(100 * x) if k != 'count' else x
                  for k, x in page['rating'].items() if k != 'histogram'}
        same(v.number, 'rating', v.rating(self.now), rating)
        same(v.number, 'evaluations', v.evaluations(self.now),
             {e['year']: e['level'] for e in page.get('evaluations', [])})
        same(v.number, 'inspections', len(v.counting()),
             page['counts']['inspections'])
        same(v.number, 'findings_open', len(v.open_findings()),
             page['counts']['findings_open'])
        same(v.number, 'reviews_removed', len(v.gone),
             page['counts']['reviews_removed'])
        last = v.last_visit()
        same(v.number, 'last_inspected_on', last and rules.date(last),
             page.get('last_inspected_on'))

    def check_model(self):
        """Walked at once it comes to the same as step by step."""
        for v in self.model.venues.values():
            g = v.grade(self.now)
            v.changed(0)
            if v.grade(self.now) != g:
                raise RuntimeError(f'the model of venue {v.number}: {g}')

    def check_findings(self):
        told = collections.defaultdict(dict)
        for state in ('open', 'submitted'):
            for f in self.product.all('/desk/findings.json?limit=100&state='
                                      + state, who='chief'):
                told[f['venue']][f['code']] = (f['severity'],
                                               f['deadline_on'])
        for v in self.model.venues.values():
            self.compared.same(
                v.number, 'open findings',
                {f.item: (f.severity, rules.date(f.deadline()))
                 for f in v.open_findings().values()}, told[v.number])

    def check_due(self):
        """Who is on the list of visits that are due, and since when."""
        today = rules.day_of(self.now)
        p = self.model.policies.when(self.now)
        told = {row['id']: row.get('due_on') for row in
                self.product.all('/patrol.json?limit=50', who='walker1')}
        for v in self.model.venues.values():
            colour = v.see(self.now)['colour']
            due = None if colour == 'closed' else rules.due_on(
                p, colour, v.last_visit())
            if due is not None and due <= today:
                self.compared.same(v.number, 'due_on', rules.date(due),
                                   told.get(v.number))

    def check_cli(self):
        today = rules.day_of(self.now)
        self.check_grades('cli today', today, {
            v.number: v.see(self.now) for v in self.model.venues.values()},
            ())
        if 'future' in self.without:
            return
        future = today + self.rng.choice([1, 2, 30, 100, 365, 400])
        self.check_grades('cli future', future, {
            v.number: self.foreseen(v, future)
            for v in self.model.venues.values()},
            ('--as-of', rules.date(future)))
        past = self.rng.randint(START, today)
        known = {n: days[past] for n, days in self.ends.items()
                 if past in days}
        if known:
            self.check_grades('cli past', past, known,
                              ('--as-of', rules.date(past)))

    def foreseen(self, v, day):
        """The end of a day if nothing happens until then."""
        state, shown = v.state, list(v.shown)
        v.state = copy.copy(state)
        g = v.grade(rules.midnight(day + 1) - 1)
        v.state, v.shown = state, shown
        return g

    def check_grades(self, what, day, expected, args):
        told = self.product.grades(*args)
        for number, g in expected.items():
            is_ = told.get(number, {})
            rows = is_.get('components', [])
            wants = self.expected(g)
            has = {'colour': is_.get('colour'),
                   'points': self.points_of(rows, lambda r: r['centi'])}
            if 'score' in wants:
                has['held'] = bool(is_.get('held'))
                has['score'] = is_.get('score_centi')
                has['flags'] = self.flags_of(rows)
            for name in wants:
                if not self.compared.same(
                        number, f'{what} {name}',
                        f'{rules.date(day)} {wants[name]}',
                        f'{rules.date(day)} {has.get(name)}'):
                    break


def main():
    a = argparse.ArgumentParser()
    a.add_argument('--seed', type=int, default=1)
    a.add_argument('--venues', type=int, default=12)
    a.add_argument('--days', type=int, default=60)
    a.add_argument('--busy', type=int, default=6)
    a.add_argument('--cli', type=float, default=0.2)
    a.add_argument('--lines', type=int, default=40)
    a.add_argument('--keep', action='store_true')
    a.add_argument('--without', default='')
    a.add_argument('--often', default='')
    o = a.parse_args()
    for name, times in (w.split('=') for w in o.often.split(',') if w):
        WAYS[name] = float(times)
    city = City(o.seed, o.venues, o.lines, set(o.without.split(',')))
    city.busy, city.cli_share = o.busy, o.cli
    try:
        city.live(o.days)
        city.check(True)
        errors = city.product.errors()
        verify = city.product.ctl('verify', fails=True)
    finally:
        city.product.stop()
        if o.keep:
            print(f'# kept: {city.product.dir}')
        else:
            city.product.close()
    if errors:
        print('# error.log: ' + errors)
    c = city.compared
    print(f'# deeds: {dict(sorted(city.deeds_done.items()))}')
    print(f'# refused: {dict(sorted(city.refused.items()))}')
    print(f'# {city.done_checks} checks, {c.checks} comparisons, '
          f'{sum(c.kinds.values())} differences: {dict(c.kinds)}')
    print(f'# of them first at their venue: {dict(c.first)}')
    print(f'# verify: {verify.strip().splitlines()[-1:]}')
    sys.exit(1 if c.kinds or errors else 0)


if __name__ == '__main__':
    main()
