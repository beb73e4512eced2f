"""The model on cases whose answers were worked out by hand: those of the
rules, and those where a program was once wrong."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402

T = rules.day_number('2026-11-23')
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')


class Place:
    """A venue whose story is told in days from T, each event at an hour."""

    def __init__(self):
        self.city = rules.City()
        self.v = rules.Venue(self.city, 1)
        self.number = 0

    @staticmethod
    def at(day, hour=10):
        return rules.midnight(T + day) + round(hour * 3600)

    def visit(self, day, fail=(), ok=(), hour=10, waits=False, by='walker',
              **how):
        """fail is a list of (item, severity[, due day from T])."""
        self.number += 1
        ended = self.at(day, hour)
        items = {code: ('pass', None, None) for code in ok}
        for code, severity, *due in fail:
            last = due[0] if due else day + rules.DEADLINE[severity]
            items[code] = ('fail', severity, T + last)
        self.v.visits[self.number] = rules.Visit(
            self.number, ended, items, None if waits else self.number, by,
            **how)
        self.v.changed(ended)
        return self.number

    def reject(self, number):
        self.v.visits[number].counted = None
        self.v.changed(self.v.visits[number].ended)

    def decide(self, day, items=(), outcome='substantiated', record=None,
               hour=12, group=None):
        self.number += 1
        record = record or self.number
        r = self.v.records.setdefault(record, rules.Record(record))
        r.group = group or r.group
        r.decisions.append((self.at(day, hour), outcome, {
            code: (s, T + day + rules.DEADLINE[s]) for code, s in items},
            'officer'))
        self.v.changed(r.decisions[0][0])
        return record

    def case(self, day):
        self.number += 1
        self.v.cases[self.number] = (self.at(day, 13), {'officer'})
        self.v.changed(self.at(day, 13))

    def put(self, rows, day, value, hour=9):
        rows.put(self.at(day, hour), value)
        self.v.changed(self.at(day, hour))

    def verify(self, day, item, hour=15):
        self.v.verified.append((self.at(day, hour), item, 'officer'))
        self.v.changed(self.at(day, hour))

    def review(self, day, *stars):
        self.number += 1
        self.v.reviews[self.number] = (self.at(day), *stars, *[None] * 2)[:4]
        self.v.changed(self.at(day))
        return self.number

    def is_(self, test, expected, day=0, hour=20):
        self.v.changed(self.at(day, hour))
        g = self.v.grade(self.at(day, hour))
        words = [g['colour'], str(g['score'])] + ['held'] * g['held']
        test.assertEqual(' '.join(words), expected)
        self.v.changed(0)           # walked at once it is the same
        h = self.v.grade(self.at(day, hour))
        test.assertEqual(g, h)


class Worked(unittest.TestCase):
    def setUp(self):
        self.p = Place()

    def test_visit_alone(self):
        self.p.visit(0)
        self.p.is_(self, 'green 10000')

    def test_no_visit(self):
        self.p.put(self.p.v.credit, -3, 'B')
        self.assertEqual(self.p.v.grade(self.p.at(0))['colour'], 'ungraded')

    def test_open_and_overdue(self):
        self.p.visit(-10, [('L3', 'major', 1), ('L2', 'minor', -1)])
        self.p.is_(self, 'yellow 7900')

    def test_critical_verified(self):
        self.p.visit(-45, [('L1', 'critical')])
        self.p.visit(-45, ok=['L1'], hour=14)
        self.p.is_(self, 'green 9550')

    def test_critical_open(self):
        self.p.visit(0, [('L1', 'critical')])
        self.p.is_(self, 'red 8000')

    def test_complaint_case_credit(self):
        self.p.visit(-5)
        self.p.decide(-100)
        self.p.case(-400)
        self.p.put(self.p.v.credit, -6, 'C')
        self.p.is_(self, 'yellow 7644')

    def test_bad_reviews(self):
        self.p.visit(-5)
        for stars in [3] * 20 + [2] * 5:
            self.p.review(-4, stars)
        self.p.is_(self, 'green 9570')

    def test_good_reviews(self):
        self.p.visit(-5, [('L3', 'major', 1)])
        for _ in range(40):
            self.p.review(-4, 5)
        self.p.is_(self, 'green 9600')

    def test_lapses(self):
        self.p.visit(-5)
        self.p.v.staff['cook'] = rules.Dated()
        self.p.put(self.p.v.staff['cook'], -300, (True, T - 1))
        self.p.v.self_checks.append(self.p.at(-31))
        self.p.v.changed(0)
        self.p.is_(self, 'green 9200')

    def test_red_held(self):
        self.p.visit(-310)
        for _ in range(4):
            self.p.decide(-300)
        self.p.put(self.p.v.credit, -300, 'C', hour=13)
        self.p.is_(self, 'red 5500', day=-300)
        self.p.put(self.p.v.credit, -100, 'B')
        self.p.is_(self, 'red 9288 held')

    def test_paper_is_no_downgrade(self):
        self.p.visit(-200)
        self.p.put(self.p.v.licence, -300, T - 50)
        self.p.is_(self, 'green 10000', day=-50)
        self.p.is_(self, 'red 10000', day=-49)
        self.p.put(self.p.v.licence, -1, T + 900)
        self.p.is_(self, 'green 10000')

    def test_missing_certificate(self):
        self.p.visit(-5)
        self.p.v.staff['cook'] = rules.Dated()
        self.p.put(self.p.v.staff['cook'], -2, (True, None))
        self.p.is_(self, 'green 10000', day=-3)
        self.p.is_(self, 'green 9500', day=-2)
        self.p.put(self.p.v.staff['cook'], -1, (False, None))
        self.p.is_(self, 'green 10000')


class TakenBack(unittest.TestCase):
    """What the evidence that remains gives, and nothing else."""

    def setUp(self):
        self.p = Place()

    def open(self):
        return sorted(self.p.v.open_findings())

    def test_another_visit_found_it(self):
        a = self.p.visit(-2, [('L1', 'critical')])
        self.p.visit(-1, [('L1', 'critical')])
        self.p.reject(a)
        self.p.is_(self, 'red 8000')

    def test_a_complaint_found_it(self):
        a = self.p.visit(-2, [('L1', 'critical')])
        self.p.decide(-1, [('L1', 'critical')])
        self.p.reject(a)
        self.assertEqual(self.open(), ['L1'])

    def test_another_visit_passed_it(self):
        self.p.visit(-5, [('L3', 'major')])
        a = self.p.visit(0, ok=['L3'], hour=11)
        self.p.visit(0, ok=['L3'], hour=12)
        self.p.reject(a)
        self.p.is_(self, 'green 9760')

    def test_failed_anew(self):
        self.p.visit(-5, [('L3', 'major')])
        a = self.p.visit(-2, ok=['L3'])
        self.p.visit(-1, [('L3', 'major')])
        self.assertEqual(len(self.p.v.findings()), 2)
        self.p.reject(a)
        self.assertEqual(len(self.p.v.findings()), 1)
        self.assertEqual(self.open(), ['L3'])

    def test_decided_otherwise(self):
        self.p.visit(-9)
        r = self.p.decide(-5, [('L1', 'critical')])
        self.p.is_(self, 'red 7000', day=-5)
        self.p.decide(-1, outcome='unsubstantiated', record=r)
        self.p.is_(self, 'green 10000')

    def test_reopened_filing(self):
        self.p.visit(-90)
        r = self.p.decide(-73)
        self.p.is_(self, 'green 9200')
        self.p.decide(0, record=r)
        self.p.is_(self, 'green 9000')

    def test_one_filing(self):
        self.p.visit(-90)
        self.p.decide(-73, record=70)
        self.p.decide(-1, record=71, group=70)
        self.p.is_(self, 'green 9200')
        self.p.decide(0, outcome='unsubstantiated', record=70)
        self.p.is_(self, 'green 9003')

    def test_rejecting_lifts_nothing(self):
        old = self.p.visit(-50)
        self.p.visit(-49)
        self.p.decide(-40)
        self.p.put(self.p.v.credit, -40, 'C', hour=13)
        self.p.is_(self, 'green 8500', day=-40)
        self.p.put(self.p.v.credit, -39, 'D')
        self.p.put(self.p.v.credit, -38, 'B')
        self.p.is_(self, 'yellow 9110 held')
        self.p.reject(old)
        self.p.is_(self, 'yellow 9110 held')

    def test_appeal(self):
        a = self.p.visit(-3, [('L1', 'critical'), ('L2', 'minor')])
        self.p.is_(self, 'red 7700', day=-3)
        self.p.v.void.add((('visit', a), 'L1'))
        self.p.v.changed(0)
        self.p.is_(self, 'green 9700')

    def test_last_visit_of_all(self):
        a = self.p.visit(-3)
        self.p.reject(a)
        self.assertEqual(self.p.v.grade(self.p.at(0))['colour'], 'ungraded')


class Late(unittest.TestCase):
    def setUp(self):
        self.p = Place()

    def test_failure_passed_later(self):
        self.p.visit(-1, ok=['L1'])
        self.p.visit(-2, [('L1', 'critical')])
        self.p.is_(self, 'green 9404')

    def test_pass_proves_nothing(self):
        self.p.visit(-5, [('L3', 'major', 30)])
        self.p.visit(-1, [('L3', 'major', 30)])
        self.p.visit(-3, ok=['L3'])
        self.p.is_(self, 'green 9200')
        self.assertEqual(len(self.p.v.findings()), 1)

    def test_last_of_all(self):
        self.p.visit(-5, [('L3', 'major', 30)])
        late = self.p.visit(-1, ok=['L3'])
        self.assertFalse(self.p.v.too_late(self.p.v.visits[late]))
        self.p.is_(self, 'green 9762')


class Days(unittest.TestCase):
    def setUp(self):
        self.p = Place()

    def test_every_midnight(self):
        self.p.visit(0, [('N1', 'minor', 15)])
        self.p.decide(0)
        self.p.is_(self, 'green 8700')
        self.p.is_(self, 'yellow 8522 held', day=300)

    def test_stands_still_and_changes(self):
        self.p.visit(0)
        self.p.put(self.p.v.credit, 0, 'A')
        for _ in range(40):
            self.p.review(0, 5)
        self.p.decide(0)
        self.p.is_(self, 'green 9700')
        codes = {c[0] for c in self.p.v.grade(self.p.at(365))['components']}
        self.assertEqual(codes, {'credit'})
        self.assertEqual(self.p.v.rating(self.p.at(365))['count'], 0)
        self.assertEqual(self.p.v.rating(self.p.at(364))['count'], 40)

    def test_hold_is_not_washed_away(self):
        self.p.visit(-50)
        self.p.put(self.p.v.credit, -40, 'D')
        self.p.decide(-40)
        self.p.put(self.p.v.credit, -39, 'B')
        for paper in ('suspended', 'closed'):
            self.p.is_(self, 'yellow 9003 held', day=-39)
            self.p.put(self.p.v.status, -38, paper)
            self.p.put(self.p.v.status, -37, 'active')
            self.p.is_(self, 'yellow 9110 held')
        self.p.put(self.p.v.licence, -36, T - 36)
        self.p.put(self.p.v.licence, -34, T + 900)
        self.p.is_(self, 'yellow 9110 held')
        self.p.visit(0, hour=21)
        self.p.is_(self, 'green 9110', hour=22)

    def test_lifted_while_held(self):
        self.p.visit(-50)
        self.p.put(self.p.v.status, -45, 'suspended')
        self.p.put(self.p.v.credit, -40, 'D')
        self.p.decide(-40)
        self.p.put(self.p.v.credit, -39, 'B')
        self.p.is_(self, 'red 9003 held', day=-39)
        self.p.put(self.p.v.status, -38, 'active')
        self.p.is_(self, 'yellow 9110 held')

    def test_stale(self):
        self.p.visit(-730)
        self.p.is_(self, 'green 10000')
        self.assertEqual(self.p.v.grade(self.p.at(1))['colour'], 'ungraded')

    def test_policy(self):
        self.p.visit(-9, [('L3', 'major', 30)])
        self.p.city.set_policy(self.p.at(-1), rules.policy(
            version='x', finding={'major': 20}))
        self.p.is_(self, 'green 9200', day=-2)
        self.p.is_(self, 'yellow 8000')


    def test_policy_is_no_paper(self):
        self.p.visit(-9, [('L3', 'minor', 30), ('L2', 'minor', 30)])
        for day, green in (-5, 95), (-3, 85):
            self.p.city.set_policy(self.p.at(day), rules.policy(
                version=str(day), colour={'green': green}))
        self.p.is_(self, 'yellow 9400', day=-4)
        self.p.is_(self, 'yellow 9400 held')


class Years(unittest.TestCase):
    def level(self, *shares):
        p = Place()
        for share in shares:
            p.visit(-400, share=share)
        return p.v.evaluations(p.at(0)).get(2025)

    def test_fractions_are_cut_once(self):
        self.assertEqual(self.level((26, 39), (30, 36)), 'B')

    def test_levels(self):
        self.assertEqual(self.level((9, 10)), 'A')
        self.assertEqual(self.level((899, 1000)), 'B')
        self.assertEqual(self.level((7499, 10000)), 'C')
        self.assertEqual(self.level((95, 100), (20, 100)), 'unrated')

    def test_only_visit_rejected(self):
        p = Place()
        a = p.visit(-400, share=(1, 1))
        p.reject(a)
        self.assertEqual(p.v.evaluations(p.at(0)), {})


class Appeals(unittest.TestCase):
    def test_change_of_colour(self):
        p = Place()
        p.visit(0, [('L3', 'major', 30), ('L2', 'minor', 30),
                    ('L4', 'minor', 30), ('L5', 'minor', 30)])
        p.v.see(p.at(0, 11))
        self.assertEqual(p.v.may_appeal_until(), T + 21)
        for day in range(1, 21):
            p.v.see(rules.midnight(T + day))
        p.decide(5)                     # another score, no other colour
        p.v.see(p.at(21, 20))
        self.assertEqual(p.v.shown, [(p.at(0, 11), 'yellow')])

    def test_who_took_part(self):
        p = Place()
        p.visit(0, [('L1', 'critical')], by='li')
        self.assertEqual(p.v.took_part(p.at(0, 11)), {'li'})
        p.decide(1)
        self.assertEqual(p.v.took_part(p.at(1, 14)), {'li', 'officer'})
        self.assertEqual(p.v.took_part(p.at(9, 14)), {'li', 'officer'})


class Small(unittest.TestCase):
    def test_on_site(self):
        self.assertTrue(rules.on_site(210, 10))
        self.assertFalse(rules.on_site(211, 10))
        self.assertTrue(rules.on_site(300, 500))
        self.assertFalse(rules.on_site(301, 500))

    def test_speed(self):
        a, b = (0, 1800, 29.0, 121.0), (5400, 7200, 30.0, 121.0)  # 111 km
        self.assertFalse(rules.too_fast(b, [a]))
        late = (3600, 4000, 30.0, 121.0)
        self.assertTrue(rules.too_fast(late, [a]))
        self.assertTrue(rules.too_fast(a, [late, b]))
        self.assertFalse(rules.too_fast(b, [a, late]))

    def test_working_days(self):
        c = rules.Calendar(os.path.join(ROOT, 'conf', 'holidays'))
        friday = rules.day_number('2026-11-20')
        self.assertEqual(rules.date(c.after(friday, 1)), '2026-11-23')
        self.assertEqual(rules.date(c.after(friday, 7)), '2026-12-01')
        # National Day 2026: 1 to 7 October off, 10 October made up.
        september = rules.day_number('2026-09-30')
        self.assertEqual(rules.date(c.after(september, 1)), '2026-10-08')
        self.assertEqual(rules.date(c.after(september, 3)), '2026-10-10')
        self.assertEqual(c.between(september, september + 8), 1)


if __name__ == '__main__':
    unittest.main()
