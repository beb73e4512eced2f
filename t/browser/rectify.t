#!/usr/bin/env node
/*
 * A kitchen puts right what was found: its owner reports it with a photo, an
 * inspector confirms it, and everybody sees the colour rise and why.
 */

'use strict';

const { run, ok, is } = require('./lib/city.js');
const { client, visit } = require('./lib/visit.js');

/* A venue that is green, and stays so when nothing is found. */
async function greenOne(city) {
    const list = await city.json('/venues.json?colour=green&sort=score');

    return list.items[0].id;
}

async function rectify(city) {
    const venue = await greenOne(city);
    const walker = client(city, '--login', 'inspector');

    await visit(city, walker, venue, {
        L1: { note: '许可证 <上周> 到期' },
        L2: { note: '没有挂出来' }
    });
    is((await city.json(`/v/${venue}.json`)).grade.colour, 'red',
       'what is found shows at once');

    const owner = await city.signedIn('phone', {}, '--venue', String(venue));
    const page = await owner.newPage();

    await page.goto(city.url + '/my');
    await page.locator('main .rows a').first().click();
    await page.waitForURL(/\/my\/findings\/\d+$/);
    ok((await page.locator('main').innerText())
           .includes('许可证 <上周> 到期'), 'the owner reads what was found');

    /* Sent without words: the form comes back with the photo. */
    const photo = await page.screenshot({ type: 'jpeg' });

    await page.locator('#photo').setInputFiles({
        name: 'IMG_1.jpg', mimeType: 'image/jpeg', buffer: photo
    });
    await page.evaluate(() => {
        document.querySelector('form[enctype]').noValidate = true;
    });
    await page.locator('form[enctype] button.wide').click();
    await page.locator('#errors').waitFor();
    ok(await page.evaluate(
        () => document.activeElement.id === 'errors'),
       'the summary of errors has the focus');
    await page.locator('#errors a').first().click();
    ok(await page.evaluate(
        () => document.activeElement.id === 'submit-text'),
       'and leads to the field');
    is(await page.locator('[name=kept_photo]').count(), 1,
       'the photo is kept');
    await page.locator('#submit-text').fill('换了新证,<挂>在门口');
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/done=finding_submitted/);
    is(await page.locator('.flash').count(), 1, 'the page says it is done');
    is(await page.locator('form[enctype]').count(), 0,
       'and asks for nothing more');
    ok(await page.locator('.photos img').first().evaluate(
        (e) => e.complete && e.naturalWidth > 0), 'its owner sees the photo');

    return { venue, owner, at: new URL(page.url()).pathname };
}

async function verify(city) {
    const { venue, owner, at } = await rectify(city);
    const id = at.match(/\d+$/)[0];
    const walker = await city.signedIn('desk', {}, '--login', 'inspector');
    const page = await walker.newPage();

    await page.goto(city.url + '/desk');
    await page.locator('.tiles a[href*="state=submitted"]').click();
    await page.waitForURL(/state=submitted/);
    await page.goto(page.url() + '&limit=100');

    /* The last to be reported is the last in the list. */
    const lines = await page.locator('[data-item]').count();

    for (let i = 0; i < lines; i++) {
        await page.keyboard.press('j');
    }

    await page.keyboard.press('o');
    await page.waitForURL(new RegExp(`/desk/findings/${id}$`));
    ok((await page.locator('main').innerText())
           .includes('换了新证,<挂>在门口'), 'the inspector reads the report');
    ok(await page.locator('.photos img').last().evaluate(
        (e) => e.complete && e.naturalWidth > 0), 'and sees the photo');

    /* First sent back, with a reason that the owner reads. */
    await page.locator('#reject-reason').fill('照片看不清');
    await page.locator('form:has(#reject-reason) button').click();
    await page.waitForURL(/done=finding_rejected/);

    const again = await owner.newPage();

    await again.goto(city.url + at);
    ok((await again.locator('main').innerText()).includes('照片看不清'),
       'sent back with a reason');
    await again.locator('#submit-text').fill('重新拍了');
    await again.locator('form[enctype] button.wide').click();
    await again.waitForURL(/done=finding_submitted/);

    await page.goto(city.url + `/desk/findings/${id}`);
    await page.locator('button[value=verify]').click();
    await page.waitForURL(/done=finding_verified/);
    is(await page.locator('button[value=verify]').count(), 0,
       'decided is decided');
    await walker.close();

    const visitor = await city.person('phone', { javaScriptEnabled: false });
    const shown = await visitor.newPage();

    await shown.goto(city.url + `/v/${venue}`);

    const colour = (await city.json(`/v/${venue}.json`)).grade.colour;

    ok(colour !== 'red', 'the colour rises', colour);
    is(await shown.locator(`.hero.${colour}`).count(), 1,
       'on the public page');
    await shown.locator('a[href$="/grades"]').first().click();
    await shown.locator('.history summary').first().click();
    ok(/已改好/.test(await shown.locator('.history li').first().innerText()),
       'and its history says why');
    await shown.goto(city.url + `/v/${venue}/inspections`);
    await shown.locator('.rows a.tap').first().click();
    ok(/已整改/.test(await shown.locator('main').innerText()),
       'the inspection says what became of it');
    ok(!(await shown.content()).includes('换了新证'),
       'what the venue told the bureau stays there');
    await Promise.all([owner, visitor].map((c) => c.close()));
}

/* The venue's word beside an inspection, and its appeal. */
async function reply(city) {
    const list = await city.json('/venues.json?colour=green&sort=score');
    const venue = list.items[1].id;
    const walker = client(city, '--login', 'inspector');

    await visit(city, walker, venue, { L1: { note: '没看到证' } });

    const owner = await city.signedIn('phone', {}, '--venue', String(venue));
    const page = await owner.newPage();

    await page.goto(city.url + '/my/inspections');
    await page.locator('.rows a.tap').first().click();
    await page.locator('summary').first().click();
    await page.locator('#reply-text').fill('证在<二楼>');
    await page.locator('form:has(#reply-text) button').click();
    await page.waitForURL(/done=inspection_replied/);

    await page.goto(city.url + '/my/appeals');
    await page.locator('#file-text').fill('检查的人没上楼');
    await page.locator('form[enctype] button.wide').click();
    await page.waitForURL(/\/my\/appeals\/\d+\?done=appeal_filed/);

    const id = page.url().match(/appeals\/(\d+)/)[1];
    const visitor = await city.person('phone', { javaScriptEnabled: false });
    const shown = await visitor.newPage();

    await shown.goto(city.url + `/v/${venue}`);
    ok((await shown.locator('main').innerText()).includes('证在<二楼>'),
       'the reply stands beside the inspection');
    ok(/申诉处理中/.test(await shown.locator('.hero').innerText()),
       'under appeal, at the top of the page');
    ok(!(await shown.content()).includes('检查的人没上楼'),
       'what the appeal says is not public');

    const chief = await city.signedIn('desk', {}, '--login', 'chief');
    const desk = await chief.newPage();

    await desk.goto(city.url + `/desk/appeals/${id}`);
    await desk.locator('[name=finding]').first().check();
    await desk.locator('button[value=uphold]').click();
    is(await desk.locator('#errors').count(), 0, 'the browser asks for words');
    await desk.locator('textarea').fill('二楼有证,撤销');
    await desk.locator('button[value=uphold]').click();
    await desk.waitForURL(/done=appeal_upheld/);
    await page.reload();
    ok((await page.locator('main').innerText()).includes('二楼有证,撤销'),
       'the owner reads the answer');

    const after = await city.json(`/v/${venue}.json`);

    is(after.counts.findings_open, 0, 'the finding fell');
    is(after.grade.colour, 'green', 'and the grade with it');
    await Promise.all([owner, visitor, chief].map((c) => c.close()));
}

run(60, { verify, reply });
