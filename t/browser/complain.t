#!/usr/bin/env node
/* Somebody who complains: the form, the number and the link, and after. */

'use strict';

const { execFileSync } = require('child_process');
const path = require('path');
const { run, ok, is } = require('./lib/city.js');

async function photo(page, name) {
    return {
        name, mimeType: 'image/jpeg',
        buffer: await page.screenshot({ type: 'jpeg' })
    };
}

/* What the symbol on the page says to a scanner. */
async function scanned(city, page) {
    const file = path.join(city.dir, 'qr.png');

    await page.locator('.qr svg').screenshot({ path: file });
    return execFileSync('zbarimg', ['-q', '--raw', file],
                        { encoding: 'utf8' }).trim();
}

/* The whole way: from the venue page to a link that is followed. */
async function walk(city, javaScriptEnabled, venue) {
    const context = await city.person('phone', { javaScriptEnabled });
    const page = await context.newPage();
    const how = javaScriptEnabled ? 'with JavaScript' : 'no JavaScript';
    const send = page.locator('form[enctype] button.wide');
    const said = [];

    page.on('console', (m) => m.type() === 'error' && said.push(m.text()));
    page.on('pageerror', (e) => said.push(String(e)));

    await page.goto(city.url + `/v/${venue}`);
    const pictures = [await photo(page, '家里的 照片.jpg'),
                      { name: 'b.png', mimeType: 'image/png',
                        buffer: await page.screenshot() }];

    await page.locator('.actions a').nth(1).click();
    await page.waitForURL(/\/complain$/);
    await page.locator('[name=kind][value=both]').check();
    await page.locator('#category').selectOption('foreign');
    await page.locator('#text').fill('汤里有 <b>头发</b>');
    await page.locator('#photo').setInputFiles(pictures);
    await send.click();

    /* A complaint without a name: nothing typed or sent is lost. */
    await page.locator('#errors').waitFor();
    is(await page.locator('#errors a').count(), 2,
       `${how}: the name and the contact are missing`);
    is(await page.locator('#errors a').first().getAttribute('href'), '#name',
       `${how}: the summary leads there`);
    is(await page.locator('#text').inputValue(), '汤里有 <b>头发</b>',
       `${how}: the text is kept`);
    is(await page.locator('#category').inputValue(), 'foreign',
       `${how}: so is the choice`);
    is(await page.locator('[name=kept_photo]:checked').count(), 2,
       `${how}: so are the photos`);

    if (javaScriptEnabled) {
        is(await page.evaluate(() => document.activeElement.id), 'errors',
           `${how}: the summary has the focus`);
    }

    await page.locator('#name').fill('王小明');
    await page.locator('#contact').fill('138 0013 8000'.replace(/ /g, ''));
    await send.click();
    await page.waitForURL(/\/t\/.*new=1$/);

    const link = page.url().replace('?new=1', '');
    const main = await page.locator('main').innerText();

    ok(/\d/.test(await page.locator('.box .code').first().innerText()),
       `${how}: a number`);
    is(await page.locator('#link').inputValue(), link,
       `${how}: the link to copy`);
    is(await scanned(city, page), link, `${how}: and as a code that scans`);
    ok(/\d{4}年\d+月\d+日/.test(main), `${how}: by when`);
    ok(main.includes('12315'), `${how}: who to call`);
    ok(!main.includes('13800138000'), `${how}: no contact on the page`);

    const image = page.locator('.photos img').first();

    is(await image.evaluate(async (img) => {
        img.loading = 'eager';
        await img.decode();
        return img.naturalWidth;
    }), page.viewportSize().width, `${how}: the photo shows`);

    await page.locator('#text').fill('还有小票');
    await page.locator('#photo').setInputFiles(pictures[0]);
    await page.locator('form[enctype] button.button').last().click();
    await page.waitForURL(/done=add/);
    ok((await page.locator('main').innerText()).includes('还有小票'),
       `${how}: something added`);

    await page.goto(city.url + `/v/${venue}/complain`);
    is(await page.locator('.box a').count(), 2,
       `${how}: what was just sent is shown before it is sent again`);
    is(await page.locator('#text').inputValue(), '',
       `${how}: and the draft is gone`);

    await page.goto(link);
    await page.locator('details summary').click();
    await page.locator('details button').click();
    await page.waitForURL(/done=withdraw/);
    is(await page.locator('main form').count(), 0,
       `${how}: withdrawn, nothing is left to do`);
    ok(said.every((s) => /40\d|422/.test(s)), `${how}: nothing breaks`, said);
    await context.close();
}

/* Photos go one by one: a broken line costs the one that was under way. */
async function badLine(city) {
    const context = await city.person('phone');
    const page = await context.newPage();
    let sent = 0;

    await page.goto(city.url + '/v/5/complain');
    await page.route('**/photos', (route) => {
        sent++;
        return sent === 2 ? route.abort() : route.continue();
    });

    const pictures = [];

    for (const name of ['1.jpg', '2.jpg', '3.jpg']) {
        await page.evaluate((n) => { document.title = n; }, name);
        pictures.push(await photo(page, name));
    }

    await page.locator('[name=kind][value=report]').check();
    await page.locator('#category').selectOption('dirty');
    await page.locator('#text').fill('地面有油');
    await page.locator('#photo').setInputFiles(pictures);
    await page.locator('form[enctype] button.wide').click();
    await page.locator('#photo-say').waitFor();
    is(await page.locator('#photo-say').innerText(),
       await page.locator('#photo').evaluate((e) => e.dataset.interrupted),
       'an interruption is told');
    is(await page.locator('[name=kept_photo]').count(), 1,
       'what had arrived stays');
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/new=1$/);
    is(sent, 4, 'and is not sent again');
    is(await page.locator('.photos img').count(), 3, 'all of them are there');
    await context.close();
}

/* What was typed survives a reload, but for who typed it. */
async function draft(city) {
    const context = await city.person('phone');
    const page = await context.newPage();

    await page.goto(city.url + '/complain');
    await page.locator('#place').fill('汽车站后面');
    await page.locator('#text').fill('没写完');
    await page.locator('[name=kind][value=report]').check();
    await page.locator('#contact').fill('13800138000');
    await page.reload();
    is(await page.locator('#text').inputValue(), '没写完', 'a draft');
    is(await page.locator('#place').inputValue(), '汽车站后面', 'all of it');
    ok(await page.locator('[name=kind][value=report]').isChecked(),
       'choices too');
    is(await page.locator('#contact').inputValue(), '',
       'but no contact is left on the device');
    await context.close();
}

async function position(city) {
    const context = await city.person('phone', {
        geolocation: { latitude: 29.65, longitude: 121.4 }
    });
    const page = await context.newPage();
    const button = page.locator('#lat button').first();

    await page.goto(city.url + '/complain');
    await button.click();
    await page.locator('#lat [role=status]:not(:empty)').waitFor();
    is(await page.locator('#lat [role=status]').innerText(),
       await page.locator('#lat').evaluate((e) => e.dataset.denied),
       'a denied position is no end of it');

    await context.grantPermissions(['geolocation']);
    await page.reload();
    await button.click();
    await page.waitForFunction(
        () => document.querySelector('[name=lat]').value);
    is(await page.locator('[name=lat]').inputValue(), '29.650000',
       'a granted one is sent');
    await page.locator('[name=kind][value=report]').check();
    await page.locator('#category').selectOption('other');
    await page.locator('#text').fill('路边摊');
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/new=1$/);
    ok(true, 'and is enough of a place');
    await context.close();
}

/* A tap on the map is a place; one that is known has a form of its own. */
async function onTheMap(city) {
    const context = await city.person('phone');
    const page = await context.newPage();

    await page.goto(city.url + '/complain');
    await page.locator('#lat button').nth(1).click();
    await page.locator('#lat svg path').first().waitFor();
    await page.locator('#lat [role=region]').click(
        { position: { x: 8, y: 200 } });
    await page.waitForFunction(
        () => document.querySelector('[name=lat]').value);
    ok(Math.abs(await page.locator('[name=lat]').inputValue()) <= 90
           && Math.abs(await page.locator('[name=lng]').inputValue()) <= 180,
       'a tap on the map says where');
    await page.locator('#lat button').nth(2).click();
    is(await page.locator('[name=lat]').inputValue(), '',
       'and is taken back');
    await page.locator('#lat svg path').first().evaluate((e) => {
        const at = e.getBoundingClientRect();
        const event = (type) => new MouseEvent(type, {
            bubbles: true, clientX: at.x + at.width / 2,
            clientY: at.y + at.height / 2
        });

        ['mousedown', 'mouseup', 'click'].forEach(
            (type) => e.dispatchEvent(event(type)));
    });
    ok(/^\/v\/\d+\/complain$/.test(
        await page.locator('.leaflet-popup-content a').getAttribute('href')),
       'a known place leads to its own form');
    await context.close();
}

run(60, {
    'walk': (city) => walk(city, true, 3),
    'walk without JavaScript': (city) => walk(city, false, 4),
    'badLine': badLine,
    'draft': draft,
    'position': position,
    'onTheMap': onTheMap
});
