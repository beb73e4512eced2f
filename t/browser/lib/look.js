/* What must hold of any page, as the browser has it before it. */

'use strict';

const fs = require('fs');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/* What axe-core complains of. */
async function violations(page) {
    await page.evaluate(axe);
    return page.evaluate(async () => {
        const { violations } = await window.axe.run(document, {
            resultTypes: ['violations']
        });

        return violations.map((v) => `${v.id}: ${v.help}: `
            + v.nodes.map((n) => n.html.slice(0, 160) + ' '
                + n.any.map((a) => a.message).join(' ')).join(' | '));
    });
}

/* What a finger would miss. */
function small(page) {
    return page.evaluate(() => [...document.querySelectorAll(
        'a, button, summary, select, input:not([type=hidden]), textarea')]
        .map((e) => [e.closest('label') || e, e])
        .filter(([box, e]) => {
            const r = box.getBoundingClientRect();
            const style = getComputedStyle(box);

            /* A link within a sentence is text; hidden ones are for the
               keyboard. */
            return r.width > 1 && r.height > 1
                   && style.visibility !== 'hidden'
                   && !box.matches('.skip, .leaflet-control-attribution a')
                   && (r.height < 43.9 || r.width < 43.9)
                   && !(style.display === 'inline'
                        && box.parentElement.innerText.trim()
                           !== e.innerText.trim());
        })
        .map(([box]) => {
            const r = box.getBoundingClientRect();

            return `${box.outerHTML.slice(0, 90)} ${r.width} × ${r.height}`;
        }));
}

/* What makes the page scroll sideways, with text at so many percent. */
async function wide(page, width, percent) {
    await page.setViewportSize({ width, height: 640 });
    return page.evaluate((size) => {
        document.documentElement.style.fontSize = size + '%';

        const found = document.documentElement.scrollWidth;
        const over = found <= innerWidth ? '' : found + ': '
            + [...document.querySelectorAll('body *')].filter(
                (e) => e.getBoundingClientRect().right > innerWidth)
                .map((e) => e.outerHTML.slice(0, 80)).join(' | ');

        document.documentElement.style.fontSize = '';
        return over;
    }, percent);
}

module.exports = { violations, small, wide };
