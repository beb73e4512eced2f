#!/usr/bin/env node
/* An officer with a keyboard, an owner with a phone, a plaque on paper. */

'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { run, ok, is } = require('./lib/city.js');

/* Somebody scans and writes; the review's number. */
async function write(city, venue, stars, text) {
    const context = await city.person('phone');
    const page = await context.newPage();

    await page.goto(city.url + city.plaque(venue));
    await page.goto(city.url + `/v/${venue}/review`);
    await page.locator(`[name=hygiene][value="${stars}"]`).check();
    await page.locator('#text').fill(text);
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/\/reviews\/\d+$/);

    const thanks = await page.locator('main').innerText();
    const id = page.url().match(/\d+$/)[0];

    await context.close();
    return { id, thanks };
}

/* Tab until the focus is on what is wanted, as a person would. */
async function tabTo(page, selector) {
    for (let i = 0; i < 60; i++) {
        if (await page.evaluate((s) => document.activeElement.matches(s),
                                selector))
        {
            return true;
        }

        await page.keyboard.press('Tab');
    }

    return ok(false, `the keyboard reaches ${selector}`);
}

async function reads(city, venue) {
    return (await city.json(`/v/${venue}/reviews.json?limit=100`)).items
        .map((r) => r.text);
}

async function moderate(city) {
    const context = await city.signedIn('desk', {}, '--login', 'officer');
    const page = await context.newPage();
    const held = page.locator('.tiles li').first();

    await page.goto(city.url + '/desk');

    const before = parseInt(await held.innerText(), 10);
    const first = await write(city, 3, 2, '要优惠加微信 abc');
    const second = await write(city, 4, 5, '加微信送蛋糕');

    ok(/审核人员/.test(first.thanks), 'a held review says what happens next');
    ok(!(await reads(city, 3)).includes('要优惠加微信 abc'),
       'and is not public yet');

    await page.reload();
    is(parseInt(await held.innerText(), 10), before + 2,
       'the desk counts both');
    await tabTo(page, '.tiles a');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/desk\/reviews$/);

    /* The newest first: j twice is the first that was written. */
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    ok(await page.evaluate(
        (id) => document.activeElement.querySelector('#review-' + id) !== null,
        first.id), 'j moves from record to record');
    await tabTo(page, 'button[value=publish]');
    await page.keyboard.press('Enter');
    await page.waitForURL(/done=publish/);
    is(await page.locator('.flash').count(), 1, 'the page says it is done');
    ok((await reads(city, 3)).includes('要优惠加微信 abc'),
       'published with the keyboard alone');

    await page.keyboard.press('j');
    await tabTo(page, `#reason-${second.id}`);
    await page.keyboard.press('ArrowDown');
    is(await page.locator(`#reason-${second.id}`).inputValue(),
       'advertisement', 'a reason chosen by the keyboard');
    await tabTo(page, 'button[value=remove]');
    await page.keyboard.press('Enter');
    await page.waitForURL(/done=remove/);
    ok(!(await reads(city, 4)).includes('加微信送蛋糕'), 'removed as well');
    is((await city.json('/v/4.json')).counts.reviews_removed, 1,
       'and counted in public');
    is(await page.locator(`#review-${first.id}, #review-${second.id}`).count(),
       0, 'and gone from the queue');
    await context.close();
}

/* What happens shows on an open desk by itself. */
async function follow(city) {
    const context = await city.signedIn('desk', {}, '--login', 'officer');
    const page = await context.newPage();
    const lines = page.locator('ul[aria-live] li');
    const held = page.locator('.tiles li').first();
    let loads = 0;

    /* As if another tab lay over it. */
    await page.addInitScript(() => {
        Object.defineProperty(document, 'hidden',
                              { get: () => !window.looking });
    });
    page.on('load', () => loads++);
    await page.goto(city.url + '/desk');

    const title = await page.title();
    const before = parseInt(await held.innerText(), 10);

    await page.locator('.tiles a').first().focus();

    const first = await write(city, 7, 2, '加微信一');

    await page.locator(`li a[href$="#review-${first.id}"]`).waitFor();
    await write(city, 8, 2, '加微信二');
    await page.waitForFunction(
        (t) => document.title === '(2) ' + t, title);
    ok(true, 'the title counts what nobody has seen');
    ok(await page.evaluate(
        () => document.activeElement.matches('.tiles a')),
       'the focus stays where it was');
    await page.locator('h1').click();
    await write(city, 9, 2, '加微信三');
    await page.waitForFunction(
        (n) => parseInt(document.querySelector('.tiles li').innerText, 10)
            === n, before + 3);
    ok(true, 'the count follows');
    ok((await lines.first().innerText()).includes('待审核'),
       'the newest is the first line');
    is(loads, 1, 'the page was never loaded again');

    await page.evaluate(() => {
        window.looking = true;
        document.dispatchEvent(new Event('visibilitychange'));
    });
    is(await page.title(), title, 'who looks has seen it');

    const sound = page.locator('[data-sound] input');

    await sound.check();
    await page.reload();
    ok(await sound.isChecked(), 'the sound is remembered');

    const plain = await city.signedIn('phone', { javaScriptEnabled: false },
                                      '--login', 'officer');
    const shown = await plain.newPage();

    await shown.goto(city.url + '/desk');
    is(await shown.locator('ul[aria-live] li').count(), await lines.count(),
       'without JavaScript the list is there as well');
    ok(!await shown.locator('[data-sound]').isVisible(),
       'and nothing that would do nothing');
    await Promise.all([context, plain].map((c) => c.close()));
}

async function reply(city) {
    const { id } = await write(city, 5, 3, '上菜慢了点');
    const owner = await city.signedIn('phone', {}, '--venue', '5');
    const page = await owner.newPage();

    await page.goto(city.url + '/my/reviews');

    const record = page.locator('.record', {
        has: page.locator(`#review-${id}`)
    });

    await record.locator('summary').first().click();
    await page.locator(`#reply-${id}`).fill('谢谢，<周末>加人手');
    await record.locator('button.button').first().click();
    await page.waitForURL(/done=reply/);
    ok((await page.locator(`#review-${id} .reply`).innerText())
           .includes('谢谢，<周末>加人手'),
       'the reply shows to its owner');

    await page.locator(`#flag-${id}`).evaluate(
        (e) => { e.closest('details').open = true; });
    await page.locator(`#flag-${id}`).fill('说的是隔壁');
    await record.locator('button.quiet').click();
    await page.waitForURL(/done=flag/);

    const visitor = await city.person('phone', { javaScriptEnabled: false });
    const shown = await visitor.newPage();

    await shown.goto(city.url + '/v/5');
    ok((await shown.locator(`#review-${id} .reply`).innerText())
           .includes('谢谢，<周末>加人手'), 'and to everybody');
    ok(!(await shown.content()).includes('说的是隔壁'),
       'what the place told the officer is not public');

    const officer = await city.signedIn('phone', {}, '--login', 'officer');
    const desk = await officer.newPage();

    await desk.goto(city.url + '/desk/reviews');
    ok((await desk.locator('main').innerText()).includes('说的是隔壁'), 'the officer reads it');
    await page.locator('header.site button.link').click();
    await page.waitForURL(city.url + '/');
    await page.goto(city.url + '/my');
    is(await page.locator('.record').count(), 0, 'signed out is signed out');
    await Promise.all([owner, visitor, officer].map((c) => c.close()));
}

/* Printed by the browser: one A5 page whose symbol a scanner reads. */
async function print(city) {
    const at = city.plaque(6);
    const owner = await city.signedIn('desk', {}, '--venue', '6');
    const page = await owner.newPage();
    const pdf = path.join(city.dir, 'plaque.pdf');
    const png = path.join(city.dir, 'plaque');

    await page.goto(city.url + '/my');
    await page.locator('.actions a').first().click();
    await page.waitForURL(/\/plaque$/);
    await page.pdf({ path: pdf, preferCSSPageSize: true });

    const info = execFileSync('pdfinfo', [pdf], { encoding: 'utf8' });
    const [, width, height] = info.match(/Page size: +([\d.]+) x ([\d.]+)/);

    is(info.match(/Pages: +(\d+)/)[1], '1', 'a plaque is one page');
    ok(Math.abs(width - 420) < 2 && Math.abs(height - 595) < 2, 'of A5',
       info);

    for (const dpi of [200, 60]) {
        execFileSync('pdftoppm', ['-r', String(dpi), '-gray', '-png',
                                  '-singlefile', pdf, png]);
        is(execFileSync('zbarimg', ['-q', '--raw', png + '.png'],
                        { encoding: 'utf8' }).trim().toUpperCase(),
           (city.url + at).toUpperCase(),
           `its symbol, printed and scanned at ${dpi} dpi, is the address`);
    }

    const size = await page.locator('.qr svg').evaluate(
        (e) => e.getBoundingClientRect().width / 96 * 25.4);

    ok(size >= 60, 'the symbol is at least 60 mm wide', size);
    ok(fs.statSync(pdf).size > 0, 'the browser printed something');
    await owner.close();
}

/* What two scanners read in a picture; zbarimg exits with 4 at nothing. */
async function scanners(city, page, png) {
    const file = path.join(city.dir, 'seen.png');
    let zbar = '';

    fs.writeFileSync(file, png);

    try {
        zbar = execFileSync('zbarimg', ['-q', '--raw', file],
                            { encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch (e) {
        zbar = '';
    }

    return [zbar, await page.evaluate(async (base64) => {
        const img = new Image();
        const canvas = document.createElement('canvas');

        img.src = 'data:image/png;base64,' + base64;
        await img.decode();
        canvas.width = img.naturalWidth;
        canvas.height = img.naturalHeight;

        const draw = canvas.getContext('2d');

        draw.drawImage(img, 0, 0);

        const { data } = draw.getImageData(0, 0, canvas.width, canvas.height);
        const code = window.jsQR(data, canvas.width, canvas.height);

        return code ? code.data : '';
    }, png.toString('base64'))];
}

/* A sheet of A4, four A6 to a page, as the command line writes it. */
async function sheet(city) {
    const context = await city.person('desk');
    const page = await context.newPage();
    const other = await context.newPage();
    const file = path.join(city.dir, 'sheet.html');
    const pdf = path.join(city.dir, 'sheet.pdf');
    const png = path.join(city.dir, 'sheet');

    fs.writeFileSync(file, city.ctl('plaque', 'issue', '1', '2', '3', '4',
                                    '5', '--format', 'html'));
    await page.goto('file://' + file);
    await page.pdf({ path: pdf, preferCSSPageSize: true });

    const info = execFileSync('pdfinfo', [pdf], { encoding: 'utf8' });
    const [, width, height] = info.match(/Page size: +([\d.]+) x ([\d.]+)/);

    is(info.match(/Pages: +(\d+)/)[1], '2', 'five plaques are two pages');
    ok(Math.abs(width - 595) < 2 && Math.abs(height - 842) < 2, 'of A4',
       info);
    execFileSync('pdftoppm', ['-r', '100', '-gray', '-png', '-f', '1', '-l',
                              '1', '-singlefile', pdf, png]);
    is(new Set(execFileSync('zbarimg', ['-q', '--raw', png + '.png'],
                            { encoding: 'utf8' }).trim().split('\n')).size,
       4, 'each of the four is read from the page in greys');

    const over = await page.evaluate(() => [...document.querySelectorAll(
        '.plaque')].filter((e) => e.scrollHeight > e.clientHeight + 1).length);

    is(over, 0, 'nothing is cut off');
    ok((await page.locator('.plaque').first().innerText())
           .includes(city.url + '，'), 'each says how to tell a genuine one');

    /* Small, turned, and from the side. */
    const code = await page.locator('.plaque .code').first().innerText();
    const want = city.url.replace('http', 'HTTP') + '/Q/'
        + code.replace(/-/g, '');
    const svg = await page.locator('.qr').first().innerHTML();

    await other.evaluate(fs.readFileSync(
        require.resolve('jsqr/dist/jsQR.js'), 'utf8'));

    for (const [name, size, turn] of [
        ['at 100 pixels', 100, ''],
        ['turned by 20 degrees', 240, 'rotate(20deg)'],
        ['from the side', 300, 'perspective(600px) rotateY(40deg)'],
        ['from below', 300, 'perspective(600px) rotateX(35deg)']
    ]) {
        await other.setViewportSize({ width: 400, height: 400 });
        await other.evaluate(([html, width, transform]) => {
            document.body.innerHTML = html;
            document.body.style.cssText = 'display: grid; height: 380px; '
                + 'margin: 10px; place-items: center; background: #fff';

            const symbol = document.querySelector('svg');

            symbol.style.cssText = `width: ${width}px; height: auto; `
                + `transform: ${transform || 'none'}`;
        }, [svg, size, turn]);

        const seen = await scanners(city, other, await other.screenshot());

        is(seen.join(' '), `${want} ${want}`, `two scanners read it ${name}`);
    }

    await context.close();
}

/* Users: added, given a link, disabled. */
async function users(city) {
    const chief = await city.signedIn('desk', {}, '--login', 'chief');
    const page = await chief.newPage();

    await page.goto(city.url + '/desk/users');
    await page.locator('#login').fill('xiaowang');
    await page.locator('#name').fill('小王');
    await page.locator('#role').selectOption('inspector');
    await page.locator('#district').fill('岳林街道');
    await page.locator('form.narrow button').click();
    await page.waitForURL(/done=put/);

    const row = page.locator('tr', { hasText: 'xiaowang' });

    ok(/岳林街道/.test(await row.innerText()), 'an account is added');

    const theirs = await city.signedIn('phone', {}, '--login', 'xiaowang');
    const desk = await theirs.newPage();

    await row.locator('summary').click();
    await row.locator('button').click();
    await page.waitForURL(/done=disable/);
    is(await row.locator('button').count(), 0, 'and disabled');
    is((await desk.goto(city.url + '/desk')).status(), 401,
       'its session is over at once');
    await chief.close();
    await theirs.close();
}

run(60, { moderate, follow, reply, print, sheet, users });
