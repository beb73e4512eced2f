#!/usr/bin/env node
/* An officer at the board: a filing comes in, and goes through to its end. */

'use strict';

const path = require('path');
const { run, ok, is } = require('./lib/city.js');
const { violations, small, wide } = require('./lib/look.js');

const WORDS = ['收到', '受理', '派人处理', '到现场', '写出核查结果',
               '作出结论', '要求整改', '办结'];

/* As a phone sends the form: the number, and the private link. */
async function file(city, fields, photo) {
    const form = new FormData();

    for (const [name, value] of Object.entries(fields)) {
        form.append(name, value);
    }

    form.append('photo', new Blob([photo], { type: 'image/jpeg' }), 'p.jpg');

    const answer = await fetch(city.url + '/complaints', {
        method: 'POST', body: form,
        headers: { accept: 'application/json' }
    });

    is(answer.status, 201, 'filed');
    return answer.json();
}

async function look(page, name) {
    for (const details of await page.locator('details').all()) {
        await details.evaluate((e) => { e.open = true; });
    }

    const bad = await violations(page);

    ok(bad.length === 0, `axe: ${name}`, bad);

    for (const [width, percent] of [[320, 100], [390, 200]]) {
        const over = await wide(page, width, percent);

        ok(!over, `${width} px, text at ${percent} %: ${name}`, over);
    }

    const tiny = await small(page);

    ok(tiny.length === 0, `44 px: ${name}`, tiny);
    await page.setViewportSize({ width: 1280, height: 800 });

    if (process.env.SHOTS) {
        await page.screenshot({ path: path.join(process.env.SHOTS,
            name.replace(/\W+/g, '-') + '.png'), fullPage: true });
    }
}

/* Opens the form of a step and sends it. */
async function step(page, name, fill) {
    const form = page.locator(`#do-${name}`);

    await form.evaluate((e) => { e.open = true; });
    await fill(form);
    await form.locator('button[name=action]').click();
    await page.waitForURL(/done=step/);
}

async function addUser(city, login, role, district) {
    city.ctl('user', 'add', '--login', login, '--role', role, '--name',
             login, '--district', district);
    return city.signedIn('phone', {}, '--login', login);
}

/* The place mends what was found, and the officer confirms it. */
async function putRight(city, page) {
    const record = page.url();
    const link = page.locator('a[href^="/desk/findings/"]').first();
    const finding = (await link.getAttribute('href')).split('/').pop();
    const owner = await city.signedIn('phone', {}, '--venue', '5');
    const theirs = await owner.newPage();

    await theirs.goto(`${city.url}/my/findings/${finding}`);
    await theirs.locator('main form textarea[name=text]').fill('已经换新');
    await theirs.locator('main form[enctype] button.wide').click();
    await theirs.waitForURL(/done=/);
    await owner.close();

    await page.goto(`${city.url}/desk/findings/${finding}`);
    await page.locator('button[value=verify]').click();
    await page.waitForURL(/done=/);
    await page.goto(record);
    ok((await page.locator('main').innerText()).includes('已整改'),
       'the place has put it right, and that is verified');
}

/*
 * A colleague has the board and the record open, and has begun to write.
 * What is returned looks whether the pages have moved on by themselves.
 */
async function watch(city, id, district) {
    const colleague = await addUser(city, 'colleague', 'officer', district);
    const board = await colleague.newPage();
    const record = await colleague.newPage();
    let loads = 0;

    await board.goto(city.url + '/desk/complaints');
    await record.goto(city.url + `/desk/complaints/${id}`);
    await record.locator('#do-note').evaluate((e) => { e.open = true; });
    await record.locator('#note-text').fill('问过邻居');
    await record.locator('h1').click();
    [board, record].forEach((page) => page.on('load', () => loads++));

    return async (words) => {
        await board.locator(`li[data-key="${id}"] .tag`,
                            { hasText: words }).waitFor();
        ok(true, 'a decision moves the case on a colleague\'s open board');
        await record.locator('#do-rectify').waitFor({ state: 'attached' });
        is(await record.locator('#do-decide').count(), 0,
           'their open record offers what is possible now');
        is(await record.locator('main ol b', { hasText: /^认定$/ }).count(),
           1, 'and tells of it');
        is(await record.locator('#note-text').inputValue(), '问过邻居',
           'what they were writing is still there');
        is(loads, 0, 'and no page was loaded again');
        await colleague.close();
    };
}

async function through(city) {
    const officer = await city.signedIn('desk', {}, '--login', 'chief');
    const venue = await city.json('/v/5.json');
    const page = await officer.newPage();
    const text = '桌上有一只蟑螂';

    await page.goto(city.url + '/desk/complaints');

    const lines = page.locator('ul[data-live] li[data-item]');
    const before = await lines.count();
    let loads = 0;

    page.on('load', () => loads++);

    const began = Date.now();
    const { number, track } = await file(city, { venue: 5, kind: 'report',
                                                 category: 'pests', text },
        await page.screenshot({ type: 'jpeg' }));
    const line = page.locator('li[data-key]', { hasText: number });

    await line.waitFor();
    ok(Date.now() - began < 2500, 'a new filing is on the open board soon');
    is(await lines.count(), before + 1, 'as one more line');
    is(loads, 0, 'and the page was never loaded again');

    const id = await line.getAttribute('data-key');

    ok(await page.locator('details [name=to]').count() === 1,
       'many can be sent at once');
    await look(page, 'board');

    /* By the keyboard alone: to the first, and into it. */
    await page.locator('h1').click();
    await page.keyboard.press('/');
    ok(await page.evaluate(() => document.activeElement.type === 'search'),
       '/ goes to the search');
    await page.keyboard.type(number);
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=/);
    await page.keyboard.press('?');
    ok(await page.evaluate(() => document.activeElement.matches('.keys')),
       '? tells the keys');
    await page.locator('h1').click();
    await page.keyboard.press('j');
    await page.evaluate(() => {
        document.querySelector('[data-item]').focus();
    });
    await page.keyboard.press('o');
    await page.waitForURL(new RegExp('/desk/complaints/' + id));
    ok((await page.locator('main').innerText()).includes(text),
       'the officer reads the words');
    ok(await page.locator('.photos img').first().evaluate(
        (e) => e.decode().then(() => e.naturalWidth > 0)),
       'and sees the photo');
    await look(page, 'record');

    const walker = await addUser(city, 'walker', 'inspector',
                                 venue.district);

    await step(page, 'accept', async (form) => {
        await form.locator('select[name=sentence]').selectOption('1');
    });
    ok((await page.locator('main').innerText()).includes('予以受理'),
       'a sentence was enough');
    await page.reload();
    await step(page, 'dispatch', async (form) => {
        const option = form.locator('option', { hasText: 'walker' });

        await form.locator('select[name=to]').selectOption(
            await option.getAttribute('value'));
    });

    const phone = await walker.newPage();

    await walker.grantPermissions(['geolocation'], { origin: city.url });
    await walker.setGeolocation({ latitude: venue.lat,
                                  longitude: venue.lng, accuracy: 10 });
    await phone.goto(city.url + '/desk/complaints');
    await phone.locator('[data-open]').first().click();
    await phone.locator('#do-check_in').evaluate((e) => { e.open = true; });
    await phone.locator('[data-locate] button').click();
    await phone.waitForFunction(
        () => document.querySelector('#lat').value !== '');
    await step(phone, 'check_in', async () => {});
    ok((await phone.locator('main').innerText()).includes('距店 0 米'),
       'the position is the phone\'s');
    await step(phone, 'report', async (form) => {
        await form.locator('[name=recommend]').selectOption('substantiated');
        await form.locator('select[name=sentence]').selectOption('1');
    });
    await look(phone, 'record on a phone');

    await page.goto(city.url + `/desk/complaints/${id}`);
    is(await page.locator('#do-decide [name=outcome]').inputValue(),
       'substantiated', 'what the inspector recommends is chosen');
    await look(page, 'record to decide');

    const seen = await watch(city, id, venue.district);

    await step(page, 'decide', async (form) => {
        await form.locator('select[name=sentence]').selectOption('1');
        await form.locator('details').evaluate((e) => { e.open = true; });
        await form.locator('input[name=item]').first().check();
    });
    ok((await page.locator('main').innerText()).includes('责令整改的问题'),
       'a finding went with it');
    await seen('属实');
    await step(page, 'rectify', async () => {});
    await putRight(city, page);
    await step(page, 'close', async () => {});
    ok((await page.locator('main').innerText()).includes('已办结'),
       'closed');

    const diner = await city.person('phone', { javaScriptEnabled: false });
    const theirs = await diner.newPage();

    await theirs.goto(city.url + track);

    const told = await theirs.locator('main').innerText();

    for (const words of WORDS) {
        ok(told.includes(words), `the tracking page tells: ${words}`);
    }

    ok(!told.includes('walker'), 'and names nobody');
    await diner.close();
    await Promise.all([officer, walker].map((c) => c.close()));
}

async function pages(city) {
    const chief = await city.signedIn('desk', {}, '--login', 'chief');
    const page = await chief.newPage();

    for (const lang of ['zh', 'en']) {
        for (const at of ['complaints', 'cases', 'figures', 'access',
                          'officers/1'])
        {
            await page.goto(`${city.url}/desk/${at}?lang=${lang}`);
            await look(page, `${at} ${lang}`);
        }
    }

    await page.goto(city.url + '/desk/complaints?category=pests');
    await page.locator('[data-views] + p input, nav p input').fill('蟑螂');
    await page.locator('nav p button').click();
    await page.goto(city.url + '/desk/complaints');
    await page.locator('[data-own] a').click();
    await page.waitForURL(/category=pests/);
    ok(true, 'filters are kept by name');
    await page.locator('[data-own] button').click();
    is(await page.locator('[data-own]').count(), 0, 'and removed');
    await chief.close();

    const owner = await city.signedIn('phone', {}, '--venue', '5');
    const mine = await owner.newPage();

    await mine.goto(city.url + '/my/complaints');
    ok((await mine.locator('main').innerText()).includes('已办结'),
       'the place sees how it stands');
    await look(mine, 'my complaints');
    await owner.close();
}

run(60, { through, pages });
