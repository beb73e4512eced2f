#!/usr/bin/env node
/* An inspector's phone: without a network, without power, without a script. */

'use strict';

const path = require('path');
const { chromium, run, ok, is, sizes } = require('./lib/city.js');

const outbox = '#outbox li[data-state]';

/* A browser whose profile outlives it, as a phone's does. */
async function phone(city) {
    const context = await chromium.launchPersistentContext(
        path.join(city.dir, 'phone'), {
            executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
            args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
                   '--no-first-run', '--disable-background-networking',
                   '--disable-component-update', '--disable-sync'],
            viewport: sizes.phone, locale: 'zh-CN', hasTouch: true,
            reducedMotion: 'reduce', permissions: ['geolocation']
        });

    context.setDefaultTimeout(20000);
    return context;
}

/* What the browser complains of, but for refusals and lost connections. */
function listen(context) {
    const said = [];

    context.on('console', (m) => {
        if (m.type() === 'error' && !/40\d|422|net::ERR/.test(m.text())) {
            said.push(m.text());
        }
    });
    context.on('weberror', (e) => said.push(String(e.error())));
    return said;
}

async function signIn(city, page) {
    await page.goto(city.link('--login', 'inspector'));
    await page.locator('main form button').click();
    await page.waitForURL(/\/desk$/);
}

/* Venues that are due and have a position, with it. */
async function due(city, context, n) {
    const list = await (await context.request.get(
        city.url + '/patrol.json?limit=50')).json();

    return list.items.filter((v) => v.lat).slice(0, n);
}

const at = (venue) => ({
    latitude: venue.lat, longitude: venue.lng, accuracy: 15
});

async function picture(page) {
    return {
        name: 'photo.jpg', mimeType: 'image/jpeg',
        buffer: await page.screenshot({ type: 'jpeg' })
    };
}

/* Larger than what goes over the air, wider than what anybody looks at. */
async function largePicture(page) {
    const base64 = await page.evaluate(() => {
        const canvas = document.createElement('canvas');

        canvas.width = 2600;
        canvas.height = 1100;

        const draw = canvas.getContext('2d');
        const noise = draw.createImageData(2600, 1100);

        for (let i = 0; i < noise.data.length; i++) {
            noise.data[i] = i % 4 === 3 ? 255 : Math.random() * 255;
        }

        draw.putImageData(noise, 0, 0);
        return canvas.toDataURL('image/jpeg', 0.95).split(',')[1];
    });

    return {
        name: 'large.jpg', mimeType: 'image/jpeg',
        buffer: Buffer.from(base64, 'base64')
    };
}

async function codes(page) {
    return page.locator('form[data-check-in] fieldset').evaluateAll(
        (all) => all.map((e) => e.id));
}

async function answerAll(page, result) {
    for (const code of await codes(page)) {
        await page.locator(`[name=${code}][value=${result}]`).check();
    }
}

async function fail(page, code, note, photos) {
    await page.locator(`[name=${code}][value=fail]`).check();

    if (note) {
        await page.locator(`#${code}-note`).fill(note);
    }

    for (const photo of photos) {
        const shown = page.locator(`#${code} .photos li`);
        const before = await shown.count();

        await page.locator(`#${code}-photo`).setInputFiles(photo);
        await shown.nth(before).waitFor();
    }
}

/* What was kept is read after the page is there. */
async function restored(page) {
    await page.locator('[data-saved]', { hasText: '已存' }).waitFor();
}

async function inspections(city, venue) {
    return (await city.json(`/v/${venue}/inspections.json?limit=100`)).items;
}

async function waitForState(page, state, n) {
    await page.waitForFunction(([selector, count]) =>
        document.querySelectorAll(selector).length === count,
        [`#outbox li[data-state="${state}"]`, n]);
}

/* Two visits without a network, a dead battery, and both arrive once. */
async function offline(city) {
    const used = [];
    const start = async () => {
        used.push(await phone(city));
        return used[used.length - 1];
    };

    try {
        const said = await batteryDies(city, start);

        is(said.join('\n'), '', 'nothing breaks on the way');
    } finally {
        await Promise.all(used.map((context) => context.close()));
    }
}

async function batteryDies(city, start) {
    let context = await start();
    let page = await context.newPage();
    const said = listen(context);

    await signIn(city, page);

    const venues = await due(city, context, 3);
    const before = await Promise.all(
        venues.map(async (v) => (await inspections(city, v.id)).length));

    await page.goto(city.url + '/patrol');
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.locator('[data-take]').click();
    await page.waitForFunction(() => /存好/.test(
        document.querySelector('#outbox [role=status]').textContent));
    ok(true, 'the list is taken along');

    const large = await largePicture(page);
    const photo = await picture(page);

    await context.setOffline(true);
    is(await page.evaluate(() => fetch('/healthz').then(() => 'up',
                                                        () => 'down')),
       'down', 'there is no network');

    for (const [i, venue] of venues.slice(0, 2).entries()) {
        await context.setGeolocation(at(venue));
        await page.goto(city.url + `/patrol/v/${venue.id}`);
        await page.waitForFunction(() => /15/.test(
            document.querySelector('[data-position]').textContent));
        await answerAll(page, 'pass');
        await fail(page, 'P1', '墙角有鼠粪', i ? [] : [photo]);
        await fail(page, 'E1', '', i ? [large, photo] : [photo]);
        await page.locator('form[data-check-in] button.wide').click();
        await page.waitForURL(/\/patrol$/);
        await page.locator(outbox).nth(i).waitFor();
    }

    await page.goto(city.url + `/patrol/v/${venues[2].id}`);
    await page.locator('[name=L1][value=pass]').check();
    await fail(page, 'L2', '没挂出来', [photo]);
    await restored(page);
    await page.reload();
    await restored(page);
    ok(await page.locator('[name=L1][value=pass]').isChecked(),
       'a draft survives a reload');
    is(await page.locator('#L2-note').inputValue(), '没挂出来',
       'with its notes');
    is(await page.locator('#L2 .photos li').count(), 1, 'and its photos');
    await page.waitForFunction(() => document.querySelector(
        '#L2 .photos img').naturalWidth > 0);

    await context.close();
    context = await start();
    await context.setOffline(true);
    page = await context.newPage();
    await page.goto(city.url + '/patrol');
    await page.locator(outbox).nth(1).waitFor();
    is(await page.locator(outbox).count(), 2,
       'both wait after the phone was switched off');
    ok((await page.locator('#outbox').innerText()).includes(venues[2].name),
       'and so does the draft');

    for (const [i, venue] of venues.entries()) {
        is((await inspections(city, venue.id)).length, before[i],
           'nothing has been sent');
    }

    await context.setOffline(false);
    await waitForState(page, 'signin', 2);
    ok(true, 'whose session is over is asked to sign in, and keeps all');

    /* Two pages are there when the network is, and only one may send. */
    const second = await context.newPage();

    await signIn(city, second);
    await Promise.all([page.goto(city.url + '/patrol'),
                       second.goto(city.url + '/patrol')]);
    await waitForState(page, 'sent', 2);
    await waitForState(second, 'sent', 2);
    await arrived(city, context, venues, before);

    await page.goto(city.url + `/patrol/v/${venues[2].id}`);
    await restored(page);
    is(await page.locator('#L2-note').inputValue(), '没挂出来',
       'the draft is still there to go on with');
    return said;
}

async function arrived(city, context, venues, before) {
    const officer = await city.signedIn('phone', {}, '--login', 'officer');

    for (const [i, venue] of venues.slice(0, 2).entries()) {
        const list = await inspections(city, venue.id);
        const made = list[0];

        is(list.length, before[i] + 1, 'an inspection arrives exactly once');
        ok(made.on_site, 'at the place');
        is(made.failed, 2, 'with what failed');
        is(await photosOf(city, officer, made), i ? '2048 390' : '390 390',
           'and its photos, the large one smaller');
    }

    is((await inspections(city, venues[2].id)).length, before[2],
       'what is not finished is not sent');
    await officer.close();
}

/* The widths of all photos of an inspection. */
async function photosOf(city, officer, inspection) {
    const page = await officer.newPage();
    const view = await (await officer.request.get(city.url
        + `/v/${inspection.venue}/inspections/${inspection.id}.json`)).json();
    const images = view.items.flatMap((item) => item.images || []);
    const widths = [];

    await page.goto(city.url + '/desk');

    for (const image of images) {
        widths.push(await page.evaluate(async (href) => {
            const img = new Image();

            img.src = href;
            await img.decode();
            return img.naturalWidth;
        }, image.href));
    }

    await page.close();
    return widths.join(' ');
}

/* Not accepted: it says why, and goes with another key once corrected. */
async function refused(city) {
    const context = await city.signedIn('phone', {}, '--login', 'inspector');
    const page = await context.newPage();
    const [venue] = (await due(city, context, 10)).slice(-1);
    const before = (await inspections(city, venue.id)).length;
    const button = page.locator('form[data-check-in] button.wide');
    const begun = (ms) => page.evaluate(async (time) => {
        const [draft] = await window.shianOutbox.all('drafts');

        draft.started_at = new Date(time).toISOString();
        await window.shianOutbox.put('drafts', draft);
    }, ms);

    await page.goto(city.url + `/patrol/v/${venue.id}`);
    await answerAll(page, 'pass');
    await page.locator('[name=W1][value=fail]').check();
    await button.click();
    /* There from the first choice on, but hidden while nothing is wrong. */
    await page.locator('#W1 p.error').waitFor();
    ok(await page.locator('#W1 p.error').innerText(),
       'a fail without note or photo is not sent');
    is(await page.evaluate(() => document.activeElement.id), 'W1',
       'and has the focus');
    await page.locator('#W1-note').fill('没分类');
    await page.waitForFunction(async () => JSON.stringify(
        await window.shianOutbox.all('drafts')).includes('没分类'));
    await begun(Date.now() - 40 * 86400e3);
    await page.reload();
    await restored(page);
    await button.click();
    await page.waitForURL(/\/patrol$/);
    await waitForState(page, 'refused', 1);
    ok(/finished_at|started_at|checklist/.test(
        await page.locator(outbox).innerText()), 'what is refused says why');

    const key = () => page.evaluate(
        async () => (await window.shianOutbox.all('queue'))[0].key);
    const first = await key();

    await page.locator(outbox).locator('button').first().click();
    await page.waitForURL(/\/patrol\/v\/\d+$/);
    await restored(page);
    is(await page.locator('#W1-note').inputValue(), '没分类',
       'it is a draft again');
    await begun(Date.now() - 600e3);
    await page.reload();
    await restored(page);
    await button.click();
    await page.waitForURL(/\/patrol$/);
    await waitForState(page, 'sent', 1);
    ok(await key() !== first, 'and goes with another key');

    const list = await inspections(city, venue.id);

    /* Without a position it waits for an officer and is not public. */
    is(list.length, before, 'without a position it does not count yet');
    await page.locator(outbox).locator('button').click();
    await page.waitForFunction(
        (selector) => !document.querySelector(selector), outbox);
    ok(true, 'what has arrived can be put away');
    await context.close();
}

/* Nothing but a form. */
async function plain(city) {
    const context = await city.signedIn('phone',
        { javaScriptEnabled: false }, '--login', 'inspector');
    const page = await context.newPage();
    const [venue] = (await due(city, context, 20)).slice(-1);
    const photo = await picture(page);
    const send = page.locator('form[enctype] button.wide');

    await page.goto(city.url + `/patrol/v/${venue.id}`);
    await answerAll(page, 'pass');
    await page.locator('[name=L3][value=fail]').check();
    await page.locator('[name=L4][value=fail]').check();
    await page.locator('#L4-photo').setInputFiles(photo);
    await page.locator('#note').fill('老板 <不在>');
    await send.click();
    await page.locator('#errors').waitFor();
    is(await page.locator('#errors a').getAttribute('href'), '#L3',
       'plain: the mistake leads to its item');
    is(await page.locator('#L3-error').count(), 1, 'plain: and stands at it');
    is(await page.locator('#note').inputValue(), '老板 <不在>',
       'plain: what was typed is kept');
    ok(await page.locator('[name=L4_kept_photo]').isChecked(),
       'plain: and the photo');
    await page.locator('#L3-note').fill('超范围经营');
    await send.click();
    await page.waitForURL(/\/inspections\/\d+$/);
    ok(/\d+$/.test(page.url()), 'plain: the inspection has its page');

    const officer = await city.signedIn('phone', {}, '--login', 'officer');
    const view = await (await officer.request.get(page.url() + '.json'))
        .json();

    is(view.failed, 2, 'plain: two items failed');
    is(view.note, '老板 <不在>', 'plain: with the remark');
    is(view.items.find((item) => item.code === 'L4').photos.length, 1,
       'plain: the photo came along');
    await officer.close();
    await context.close();
}

run(200, { offline, refused, plain });
