#!/usr/bin/env node
/*
 * Every page as axe-core sees it, in both languages, light and dark; no
 * sideways scroll on the narrowest phone or with text at twice its size;
 * everything to tap is large enough.
 */

'use strict';

const fs = require('fs');
const path = require('path');
const { run, ok } = require('./lib/city.js');
const { violations, small, wide } = require('./lib/look.js');
const { client, visit } = require('./lib/visit.js');

/*
 * A bad credit level takes points, a good one gives them back: with no visit
 * in between the colour waits.  Which venue sinks below green depends on the
 * points it had.
 */
async function hold(city, venues) {
    const file = path.join(city.dir, 'credit.csv');

    for (const level of ['D', 'A']) {
        fs.writeFileSync(file, 'uscc,credit\n' + (await Promise.all(
            venues.map(async ({ id }) => {
                const view = await city.json(`/v/${id}.json`);

                return `${view.uscc},${level}\n`;
            }))).join(''));
        city.ctl('import', 'credit', file);
    }

    for (const { id } of venues) {
        if ((await city.json(`/v/${id}.json`)).grade.held) {
            return id;
        }
    }

    return undefined;
}

/* Venues of the demo city in each state that a page may show. */
async function states(city) {
    const all = [];
    const found = {};
    let at = '/venues.json?limit=100';

    while (at) {
        const list = await city.json(at);

        all.push(...list.items);
        at = list.next;
    }

    for (const item of all) {
        found[item.colour] = found[item.colour] || item.id;
        found[item.status] = found[item.status] || item.id;
    }

    found.held = await hold(city, all.filter(
        (v) => v.colour === 'green' && v.id !== found.green));
    return found;
}

async function addresses(city) {
    const found = await states(city);
    const withdrawn = city.plaque(found.green);
    const forged = withdrawn.replace(/.$/, (c) => c === '0' ? '1' : '0');
    const public_ = {
        home: '/',
        'venues': '/venues',
        'no venues': '/venues?q=zzzzzz',
        'green': `/v/${found.green}`,
        'yellow': `/v/${found.yellow}`,
        'red': `/v/${found.red}`,
        'ungraded': `/v/${found.ungraded}`,
        'closed': `/v/${found.closed}`,
        'suspended': `/v/${found.suspended}`,
        'held': `/v/${found.held}`,
        'grades': `/v/${found.held}/grades`,
        'no grades': `/v/${found.ungraded}/grades`,
        'inspections': `/v/${found.yellow}/inspections`,
        'no inspections': `/v/${found.ungraded}/inspections`,
        'reviews': `/v/${found.green}/reviews`,
        'checklist': '/checklist',
        'not scanned': `/v/${found.green}/review`,
        'policy': '/policy',
        'stats': '/stats',
        'not found': '/v/999999',
        'sign in first': '/desk',
        'counterfeit': forged,
        'withdrawn': withdrawn,
        'sign-in link': new URL(city.link('--login', 'officer')).pathname,
        'bad link': '/s/v4.local.x'
    };

    for (const state of ['green', 'yellow', 'red', 'ungraded', 'closed',
                         'suspended', 'held'])
    {
        ok(found[state], `the demo city has a venue that is ${state}`);
    }

    city.plaque(found.green);           // withdraws the one before

    const gone = await (await fetch(city.url + withdrawn)).text();

    ok(gone.includes(`class="button" href="/v/${found.green}"`),
       'a withdrawn plaque leads on to its venue');

    const rows = (await city.json('/venues.json?colour=red&limit=100')).items;

    ok(rows.some((v) => v.licence_expired)
           && rows.every((v) => v.licence_expired || v.status === 'suspended'
                                || v.score < 60),
       'a list tells why a place with a good score is red');
    return { public_, found };
}

/* A review to moderate and one flagged, so that desks are not empty. */
async function fill(city, venue, text) {
    const context = await city.person('phone');
    const page = await context.newPage();

    await page.goto(city.url + city.plaque(venue));
    await page.goto(city.url + `/v/${venue}/review`);
    await page.locator('[name=hygiene][value="2"]').check();
    await page.locator('#text').fill(text);
    await page.locator('#photo').setInputFiles({
        name: 'a.jpg', mimeType: 'image/jpeg',
        buffer: await page.screenshot({ type: 'jpeg' })
    });
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/\/reviews\/\d+$/);
    return context;
}

/*
 * Both languages in both schemes: the second scheme only where colours can
 * differ in a way that the first language has not shown.
 */
async function look(context, city, pages, prepare) {
    const page = await context.newPage();

    for (const [name, at] of Object.entries(pages)) {
        for (const [lang, colorScheme] of [['zh', 'light'], ['en', 'dark']]) {
            const url = city.url + at + (at.includes('?') ? '&' : '?')
                        + 'lang=' + lang;

            await page.emulateMedia({ colorScheme });
            await page.setViewportSize({ width: 390, height: 844 });
            await page.goto(url);

            if (prepare && prepare[name]) {
                await prepare[name](page);
            }

            for (const details of await page.locator('details').all()) {
                await details.evaluate((e) => { e.open = true; });
            }

            const bad = await violations(page);

            ok(bad.length === 0, `axe: ${name}, ${lang}, ${colorScheme}`,
               bad);

            const tiny = await small(page);

            ok(tiny.length === 0, `44 px: ${name}, ${lang}`, tiny);

            for (const [width, percent] of [[320, 100], [390, 200]]) {
                const over = await wide(page, width, percent);

                ok(!over, `${width} px, text at ${percent} %: ${name}, `
                          + lang, over);
            }
        }
    }

    await page.close();
}

/* A form sent back with every error that a person can make at once. */
async function refuse(page) {
    await page.locator('#text').fill('地面有点油');
    await page.evaluate(() => {
        document.querySelector('form[enctype]').submit();
    });
    await page.locator('#errors').waitFor();
}

/* The bound of yellow changed and sent, whatever the browser thinks of it. */
async function change(page, yellow, until) {
    await page.locator('#version').fill('next');
    await page.locator('[id="colour.yellow"]').fill(String(yellow));
    await page.evaluate(() => {
        document.querySelector('form.narrow').noValidate = true;
    });
    await page.locator('button[value=preview]').click();
    await page.locator(until).waitFor();
}

/* The private links of filings: one just sent, one withdrawn. */
async function filings(city, venue) {
    const links = [];

    for (const kind of ['report', 'both']) {
        const answer = await fetch(city.url + '/complaints', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
                venue, kind, category: 'foreign', text: '汤里有头发',
                name: '王小明', contact: '13800138000'
            })
        });

        links.push((await answer.json()).track);
    }

    await fetch(city.url + links[0], {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action: 'withdraw' })
    });

    return links;
}

/* Every item asked for, one of them failed without a word. */
async function leaveOut(page) {
    await page.locator('[name=L1][value=fail]').check();
    await page.locator('#note').fill('老板不在');
    await page.evaluate(() => {
        document.querySelector('form[data-check-in]').submit();
    });
    await page.locator('#errors').waitFor();
}

async function patrol(city, found) {
    const inspector = await city.signedIn('phone', {}, '--login',
                                          'inspector');
    const page = await inspector.newPage();

    /* Visited, so that there is something open, and a page of it. */
    await page.goto(city.url + `/patrol/v/${found.yellow}`);
    await page.evaluate(() => {
        document.querySelectorAll('[value=pass]').forEach(
            (e) => { e.checked = true; });
    });
    await page.locator('[name=S1][value=fail]').check();
    await page.locator('#S1-note').fill('两人没有健康证');
    await page.evaluate(() => {
        document.querySelector('form[data-check-in]').submit();
    });
    await page.waitForURL(/\/inspections\/\d+$/);

    const visit = new URL(page.url()).pathname;

    /* Left unfinished, so that the list has something on the phone. */
    await page.goto(city.url + `/patrol/v/${found.red}`);
    await page.locator('[name=L1][value=fail]').check();
    await page.locator('[data-saved]:not(:empty)').waitFor();
    await page.close();

    await look(inspector, city, {
        'patrol': '/patrol', 'patrol search': '/patrol?q=zzzzzz',
        'check-in': `/patrol/v/${found.red}`,
        'check-in with errors': `/patrol/v/${found.ungraded}`,
        'visit': visit
    }, { 'check-in with errors': leaveOut });
    await inspector.close();
}

async function everything(city) {
    const { public_, found } = await addresses(city);
    const anybody = await city.person('phone');

    await look(anybody, city, public_);

    const [withdrawn, sent] = await filings(city, found.green);

    await look(anybody, city, {
        'complain': `/v/${found.green}/complain`,
        'complain about a place': '/complain',
        'complain with errors': '/complain',
        'tracking, new': `${sent}?new=1`,
        'tracking, withdrawn': withdrawn,
        'tracking, bad link': '/t/x'
    }, { 'complain with errors': refuse });

    const eater = await fill(city, found.red, '加微信领券');
    const thanks = eater.pages()[0].url().slice(city.url.length);

    await look(eater, city, {
        'review form': `/v/${found.red}/review`,
        'review form with errors': `/v/${found.red}/review`,
        'thanks': thanks
    }, { 'review form with errors': refuse });
    await fill(city, found.yellow, '汤很鲜');

    const owner = await city.signedIn('phone', {}, '--venue',
                                      String(found.yellow));

    await look(owner, city, {
        'my': '/my', 'my reviews': '/my/reviews',
        'plaque': `/v/${found.yellow}/plaque`
    });

    const chief = await city.signedIn('phone', {}, '--login', 'chief');

    await look(chief, city, {
        'desk': '/desk', 'desk reviews': '/desk/reviews',
        'users': '/desk/users', 'reply shown': `/v/${found.yellow}/reviews`,
        'policy': '/desk/policy', 'policy with errors': '/desk/policy',
        'policy preview': '/desk/policy'
    }, {
        'policy with errors': (page) => change(page, 500, '#errors'),
        'policy preview': (page) => change(page, 85, 'svg.bars')
    });

    await patrol(city, found);

    const bank = await city.signedIn('phone', {}, '--login', 'bank');

    await look(bank, city, { 'desk of a bank': '/desk' });
}

/* A place with problems: found, reported fixed, disputed, replied to. */
async function trouble(city) {
    const list = await city.json('/venues.json?colour=green&limit=100');
    const venue = list.items[3].id;
    const walker = client(city, '--login', 'inspector');
    const owner = client(city, '--venue', String(venue));
    const photo = new FormData();

    photo.append('photo', new Blob([fs.readFileSync(
        path.join(__dirname, '../fuzz/corpus/photo/grey.jpg'))],
        { type: 'image/jpeg' }), 'a.jpg');

    const { hash } = await walker('/photos', photo);
    const inspection = await visit(city, walker, venue, {
        L1: { note: '许可证上周到期', photos: [hash], photos_public: true },
        L2: { note: '没有挂出来' }, S1: { note: '两人没有健康证' }
    });
    const far = await visit(city, walker, list.items[4].id,
                            { L1: { note: '没看到证', photos: [hash] } },
                            { lat: 29.6, lng: 121.3 });
    const findings = (await owner('/my/findings')).items;

    await owner(`/my/findings/${findings[1].id}`,
                { action: 'submit', text: '已经挂好' });
    await owner(`/my/inspections/${inspection.id}`,
                { action: 'reply', text: '那天在换证。\n现在换好了。' });

    const appeal = await owner('/my/appeals', { text: '证已经换了' });
    const checklist = await city.json('/checklist.json');

    await owner('/my/self-check', {
        items: checklist.heads.flatMap((h) => h.items).map(({ code }) => (
            { code, result: 'pass' }))
    });
    return { venue, inspection, far, findings, appeal,
             other: list.items[5].id };
}

/* A form sent as it stands, whatever the browser thinks of it. */
async function force(page, button) {
    await page.locator(button).first().evaluate((e) => {
        e.form.noValidate = true;
        e.form.requestSubmit(e);
    });
    await page.locator('#errors').waitFor();
}

async function safeguards(city) {
    const { venue, inspection, far, findings, appeal, other }
        = await trouble(city);
    const at = `/v/${venue}/inspections`;

    await look(await city.person('phone'), city, {
        'under appeal': `/v/${venue}`, 'list of inspections': at,
        'an inspection': `${at}/${inspection.id}`
    });

    const owner = await city.signedIn('phone', {}, '--venue', String(venue));
    const fix = `/my/findings/${findings[0].id}`;

    await look(owner, city, {
        'my place in trouble': '/my', 'my findings': '/my/findings',
        'my finding': fix, 'my finding with errors': fix,
        'my finding reported': `/my/findings/${findings[1].id}`,
        'my inspections': '/my/inspections',
        'my inspection': `/my/inspections/${inspection.id}`,
        'my appeals': '/my/appeals', 'my appeal': `/my/appeals/${appeal.id}`,
        'another visit': '/my/reinspection',
        'self-check': '/my/self-check',
        'self-check with errors': '/my/self-check'
    }, {
        'my finding with errors': (page) =>
            force(page, 'form[enctype] button.wide'),
        'self-check with errors': (page) => force(page, 'button.wide')
    });

    const rival = await city.signedIn('phone', {}, '--venue', String(other));

    await look(rival, city, { 'no findings': '/my/findings' });

    const officer = await city.signedIn('phone', {}, '--login', 'chief');
    const look_at = `/desk/findings/${findings[1].id}`;
    const doubt = `/desk/inspections/${far.id}`;
    const answer = `/desk/appeals/${appeal.id}`;

    await look(officer, city, {
        'desk with work': '/desk', 'desk findings': '/desk/findings',
        'no overdue findings': '/desk/findings?state=overdue',
        'desk finding': look_at, 'desk finding with errors': look_at,
        'desk inspections': '/desk/inspections', 'desk inspection': doubt,
        'desk inspection with errors': doubt, 'desk appeals': '/desk/appeals',
        'desk appeal': answer, 'desk appeal with errors': answer
    }, {
        'desk finding with errors': (page) =>
            force(page, 'form:has(#reject-reason) button'),
        'desk inspection with errors': (page) =>
            force(page, 'form:has(#reject-reason) button'),
        'desk appeal with errors': (page) => force(page, '[value=reject]')
    });
}

run(300, { everything, safeguards });
