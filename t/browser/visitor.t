#!/usr/bin/env node
/* Somebody who eats: scan, read, rate, with JavaScript and without. */

'use strict';

const fs = require('fs');
const path = require('path');
const { run, ok, is } = require('./lib/city.js');

/* A photo as a phone takes it: any picture of the browser's will do. */
async function photo(page, name) {
    return {
        name, mimeType: 'image/jpeg',
        buffer: await page.screenshot({ type: 'jpeg' })
    };
}

async function venuePage(city, page, venue) {
    await page.goto(city.url + city.plaque(venue));
    is(new URL(page.url()).pathname, `/v/${venue}`,
       'the plaque opens the page of its venue');
}

/* The whole way, as somebody with or without JavaScript walks it. */
async function walk(city, size, javaScriptEnabled, venue) {
    const context = await city.person(size, { javaScriptEnabled });
    const page = await context.newPage();
    const how = `${size}, ${javaScriptEnabled ? 'with' : 'no'} JavaScript`;
    const text = `汤很鲜 <b>${size}</b> ${javaScriptEnabled}`;
    const said = [];

    page.on('console', (m) => m.type() === 'error' && said.push(m.text()));
    page.on('pageerror', (e) => said.push(String(e)));

    await venuePage(city, page, venue);
    const picture = await photo(page, '家里的 照片.jpg');

    await page.locator('.actions a').first().click();
    await page.waitForURL(/\/review$/);
    await page.locator('[name=hygiene][value="4"]').check();
    await page.locator('[name=food][value="5"]').check();
    await page.locator('#text').fill(text);
    await page.locator('#photo').setInputFiles(picture);
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/\/reviews\/\d+$/);

    const number = page.url().match(/\d+$/)[0];

    ok((await page.locator('main').innerText()).includes(number),
       `${how}: thanks give the number`);

    await page.locator('main a.button').click();
    await page.waitForURL(/\/v\/\d+$/);

    const review = page.locator(`#review-${number}`);

    ok((await review.innerText()).includes(text),
       `${how}: the text is on the venue page as it was typed`);
    is(await review.locator('img').evaluate(async (img) => {
        img.loading = 'eager';
        await img.decode();
        return img.naturalWidth;
    }), page.viewportSize().width, `${how}: so is the photo`);

    await page.goto(city.url + `/v/${venue}/review`);
    await page.locator('[name=hygiene][value="1"]').check();
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/\/reviews$/);
    is(await page.locator('main a.button').getAttribute('href'),
       `/v/${venue}`, `${how}: the refusal leads back to the venue`);
    is((await city.json(`/v/${venue}/reviews.json`)).items
           .filter((r) => r.text === text || r.on === today()).length, 1,
       `${how}: the same scan gives no second review`);
    ok(said.every((s) => /40\d|422/.test(s)), `${how}: nothing breaks`, said);
    await context.close();
}

function today() {
    return new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
}

/* What was wrong comes back: the summary first, everything else kept. */
async function mistakes(city, javaScriptEnabled, venue) {
    const context = await city.person('phone', { javaScriptEnabled });
    const page = await context.newPage();
    const how = javaScriptEnabled ? 'with JavaScript' : 'no JavaScript';
    const send = page.locator('form[enctype] button.wide');

    await venuePage(city, page, venue);
    const picture = await photo(page, 'a.jpg');

    await page.goto(city.url + `/v/${venue}/review`);
    await page.locator('#text').fill('地面有点油');
    await page.locator('[name=service][value="2"]').check();
    await page.locator('#photo').setInputFiles(picture);

    if (javaScriptEnabled) {
        await page.locator('form[enctype]').evaluate(
            (form) => { form.noValidate = true; });
        await send.click();
    } else {
        /* The browser itself asks for stars: leave out what it checks. */
        await Promise.all([
            page.waitForResponse((r) => r.request().method() === 'POST'),
            page.evaluate(() => {
                document.querySelector('form[enctype]').submit();
            })
        ]);
    }

    await page.locator('#errors').waitFor();
    ok(/有问题/.test(await page.title()), `${how}: the title says so`);
    is(await page.locator('#errors a').count(), 1,
       `${how}: one mistake in the summary`);
    is(await page.locator('#errors a').getAttribute('href'), '#hygiene',
       `${how}: it leads to the field`);
    is(await page.locator('#hygiene-error').count(), 1,
       `${how}: and stands at the field`);
    is(await page.locator('#text').inputValue(), '地面有点油',
       `${how}: the text is kept`);
    ok(await page.locator('[name=service][value="2"]').isChecked(),
       `${how}: so are the stars`);
    is(await page.locator('[name=kept_photo]').count(), 1,
       `${how}: so is the photo`);

    if (javaScriptEnabled) {
        is(await page.evaluate(() => document.activeElement.id), 'errors',
           `${how}: the summary has the focus`);
    }

    await page.locator('[name=hygiene][value="2"]').check();
    await send.click();
    await page.waitForURL(/\/reviews\/\d+$/);
    await page.locator('main a.button').click();
    await page.waitForURL(/\/v\/\d+$/);
    is(await page.locator('.review').first().locator('img').count(), 1,
       `${how}: corrected, it appears with the kept photo`);
    await context.close();
}

/* Two taps before the answer: both requests go out, one review is made. */
async function twice(city, javaScriptEnabled, venue) {
    const context = await city.person('phone', { javaScriptEnabled });
    const page = await context.newPage();
    const before = (await city.json(`/v/${venue}.json`)).rating.count;
    const how = javaScriptEnabled ? 'with JavaScript' : 'no JavaScript';

    await venuePage(city, page, venue);
    await page.goto(city.url + `/v/${venue}/review`);
    await page.locator('[name=hygiene][value="5"]').check();

    /* The browser gives up the first of two; its body may be gone with it. */
    const posts = [];

    page.on('request', (r) => r.method() === 'POST' && posts.push(r));

    await page.locator('form[enctype] button.wide').dblclick();
    await page.waitForURL(/\/reviews\/\d+$/);

    const first = new URL(page.url()).pathname;
    const sent = posts.filter((r) => r.postDataBuffer()).pop();
    const again = await context.request.post(city.url + `/v/${venue}/reviews`,
        { data: sent.postDataBuffer(), maxRedirects: 0,
          headers: { 'content-type': sent.headers()['content-type'],
                     accept: 'text/html' } });

    is(new URL(again.headers().location, city.url).pathname, first,
       `${how}: sent once more, the first answer comes again`);
    is((await city.json(`/v/${venue}.json`)).rating.count, before + 1,
       `${how}: a double tap is one review`);

    if (javaScriptEnabled) {
        await page.goBack();
        await page.locator('form[enctype]').waitFor();
        is(await page.locator('#text').inputValue(), '',
           'back from the thanks, the draft is gone');
    }

    await context.close();
}

async function photoTrouble(city) {
    const context = await city.person('phone');
    const page = await context.newPage();
    const file = (name, mimeType, size) => ({
        name, mimeType, buffer: Buffer.alloc(size, 1)
    });
    const say = page.locator('#photo-say');
    const large = path.join(city.dir, 'large.jpg');

    fs.writeFileSync(large, '');
    fs.truncateSync(large, 8388609);

    await venuePage(city, page, 7);
    await page.goto(city.url + '/v/7/review');

    for (const [files, key] of [
        [[file('a.gif', 'image/gif', 9)], 'wrongType'],
        [[file('a.jpg', 'image/jpeg', 0)], 'empty'],
        [large, 'tooLarge'],
        [Array(5).fill(file('a.jpg', 'image/jpeg', 9)), 'tooMany']
    ]) {
        await page.locator('#photo').setInputFiles(files);
        is(await say.innerText(),
           await page.locator('#photo').evaluate((e, k) => e.dataset[k], key),
           `a file is told apart before it is sent: ${key}`);
    }

    await page.locator('#photo').setInputFiles(
        [file('a.jpg', 'image/jpeg', 900)]);
    await page.locator('[name=hygiene][value="3"]').check();
    await page.locator('#text').fill('还在');
    await page.locator('form[enctype] button.wide').click();
    await page.locator('#errors').waitFor();
    is(await page.locator('#errors a').getAttribute('href'), '#photo',
       'what only looks like a photo is refused by the server');
    is(await page.locator('#text').inputValue(), '还在',
       'and nothing else is lost');
    is(await page.evaluate(() => document.activeElement.id), 'errors',
       'the summary has the focus when the page was not loaded anew');
    await context.close();
}

/* Behind 1.6 Mbit/s and 150 ms of delay, without a script. */
async function readable(city) {
    const context = await city.person('phone', { javaScriptEnabled: false });
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    const took = [];

    await devtools.send('Network.enable');
    await devtools.send('Network.emulateNetworkConditions', {
        offline: false, latency: 150, downloadThroughput: 200000,
        uploadThroughput: 90000
    });
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });

    for (let i = 0; i < 4; i++) {
        await page.goto(city.url + '/v/9');
        await page.screenshot();            /* paints at the latest */
        took.push(await page.evaluate(() => performance.getEntriesByName(
            'first-contentful-paint')[0].startTime));
    }

    ok(Math.min(...took) < 1000,
       'on a slow line the colour is there within a second', took);
    ok(await page.locator('.hero strong').isVisible(), 'with its word');
    await context.close();
}

/* A line so slow that it can be watched, given up, and tried again. */
async function slowLine(city) {
    const context = await city.person('phone');
    const page = await context.newPage();
    const send = page.locator('form[enctype] button.wide');
    const cancel = page.locator('progress + button');
    const says = (key) => page.locator('#photo').evaluate(
        (e, k) => e.dataset[k], key);

    await venuePage(city, page, 14);
    await page.goto(city.url + '/v/14/review');
    await page.locator('[name=hygiene][value="3"]').check();
    await page.locator('#text').fill('很慢');
    await page.locator('#photo').setInputFiles(await photo(page, 'a.jpg'));
    ok(!await page.locator('progress').isVisible(), 'nothing is under way');

    /* Neither goes on nor fails. */
    await page.route('**/v/14/reviews', () => {});
    await send.click();
    await page.locator('progress').waitFor();
    is(await cancel.innerText(), await says('cancel'),
       'what is under way shows, and can be given up');
    await cancel.click();
    is(await page.locator('#photo-say').innerText(), await says('cancelled'),
       'given up is told as such');
    ok(!await page.locator('progress').isVisible(), 'and is over');
    is(await page.locator('#text').inputValue(), '很慢', 'nothing is lost');
    is(await page.locator('#photo').evaluate((e) => e.files.length), 1,
       'the photo is still chosen');

    await page.unroute('**/v/14/reviews');
    await page.route('**/v/14/reviews', (route) => route.abort());
    await send.click();
    await page.locator('#photo-say', { hasText: await says('interrupted') })
        .waitFor();
    ok(true, 'a broken line is told as another thing');
    await page.unroute('**/v/14/reviews');
    await send.click();
    await page.waitForURL(/\/reviews\/\d+$/);
    is((await city.json('/v/14/reviews.json')).items
           .filter((r) => r.text === '很慢').length, 1,
       'sent again, it is there once');
    await context.close();
}

async function language(city) {
    const context = await city.person('desk');
    const page = await context.newPage();
    const other = page.locator('header.site a[hreflang]');

    await page.goto(city.url + '/venues?colour=green&sort=score');
    await other.click();
    await page.waitForURL(/lang=en/);
    is(await page.locator('html').getAttribute('lang'), 'en',
       'the other language says which it is');
    is(new URL(page.url()).searchParams.get('colour'), 'green',
       'the search is kept');
    is(await page.locator('#colour').inputValue(), 'green',
       'in the form too');
    await page.goto(city.url + '/v/3');
    is(await page.locator('html').getAttribute('lang'), 'en',
       'the next page stays in that language');
    await other.click();
    await page.waitForURL(/lang=zh/);
    is(await page.locator('html').getAttribute('lang'), 'zh-CN',
       'and back');

    await page.goto(city.url + city.plaque(8));
    await page.goto(city.url + '/v/8/review');
    await page.locator('#text').fill('typed before');
    await page.locator('[name=hygiene][value="4"]').check();
    await other.click();
    await page.waitForURL(/lang=en/);
    is(await page.locator('#text').inputValue(), 'typed before',
       'what was typed survives a change of language');

    await page.locator('[name=hygiene][value="4"]').evaluate(
        (e) => { e.checked = false; });
    await page.evaluate(
        () => document.querySelector('form[enctype]').submit());
    await page.locator('#errors').waitFor();
    await other.click();
    await page.locator('form[enctype]').waitFor();
    is(await page.locator('html').getAttribute('lang'), 'zh-CN',
       'a form sent back changes language as well');
    is(await page.locator('#text').inputValue(), 'typed before',
       'and keeps what was typed');
    await context.close();
}

async function map(city) {
    const context = await city.person('phone');
    const page = await context.newPage();

    await page.goto(city.url + '/venues?colour=green');
    const rows = await page.locator('.rows .row').count();

    await page.locator('.map button').first().click();
    await page.locator('.map .pin').first().waitFor();
    is(await page.locator('.map .pin').count(), rows,
       'the map has a point for each venue of the list');
    is(await page.locator('.map .pin .face.green').count(), rows,
       'with the face of its colour');
    await page.locator('.map .pin').first().focus();
    await page.keyboard.press('Enter');
    ok(/^\/v\/\d+$/.test(
        await page.locator('.leaflet-popup a[href^="/v/"]')
            .getAttribute('href')),
       'a point opened by the keyboard links to its venue');
    await context.close();
}

run(120, {
    'phone': (city) => walk(city, 'phone', true, 3),
    'phone without JavaScript': (city) => walk(city, 'phone', false, 4),
    'desk': (city) => walk(city, 'desk', true, 5),
    'desk without JavaScript': (city) => walk(city, 'desk', false, 6),
    'mistakes': (city) => mistakes(city, true, 13),
    'mistakes without JavaScript': (city) => mistakes(city, false, 10),
    'twice': (city) => twice(city, true, 11),
    'twice without JavaScript': (city) => twice(city, false, 12),
    'photoTrouble': photoTrouble,
    'readable': readable,
    'slowLine': slowLine,
    'language': language,
    'map': map
});
