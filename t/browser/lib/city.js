/*
 * A demo city of its own for each test: store, nginx and browser in a
 * temporary folder and on a free port, gone when the test ends.
 */

'use strict';

const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

/* Said to prove as the reason: what drives the browser is not installed. */
function library(name) {
    try {
        return require(name);

    } catch (e) {
        if (e.code !== 'MODULE_NOT_FOUND') {
            throw e;
        }

        console.log('1..0 # SKIP no ' + name + ' here: npm did not get it');
        process.exit(0);
    }
}

const { chromium } = library('playwright-core');

for (const name of ['axe-core', 'jsqr']) {
    library(name);
}

const root = path.resolve(__dirname, '../../..');
const build = process.env.B || path.join(root, 'build');
const sizes = {
    phone: { width: 390, height: 844 },
    desk: { width: 1280, height: 800 }
};

function freePort() {
    return new Promise((done, failed) => {
        const server = net.createServer();

        server.on('error', failed);
        server.listen(0, '127.0.0.1', () => {
            const port = server.address().port;

            server.close(() => done(port));
        });
    });
}

/* The configuration of `make run`, with a list of words to hold. */
function configure(city, port) {
    const words = path.join(city.dir, 'words');
    const conf = fs.readFileSync(path.join(root, 'conf/demo.conf'), 'utf8')
        .replace(/@DIR@/g, city.dir)
        .replace(/@PORT@/g, port)
        .replace(/@USER@/g, process.getuid() === 0 ? 'user root;' : '')
        .replace(/@MODULE@/g, path.join(build, 'ngx_http_shian_module.so'))
        .replace(/@HTML@/g, path.join(build, 'html'))
        .replace(/worker_processes +auto/, 'worker_processes 1')
        .replace(/shian_grading +on;/, '$&\n    shian_words ' + words + ';');

    fs.writeFileSync(words, '加微信\n');
    fs.writeFileSync(path.join(city.dir, 'nginx.conf'), conf);
}

async function answers(url, child) {
    for (let i = 0; i < 200; i++) {
        if (child.exitCode !== null) {
            throw new Error('nginx has ended');
        }

        try {
            return await fetch(url);
        } catch (e) {
            await new Promise((done) => setTimeout(done, 25));
        }
    }

    throw new Error('nginx does not answer');
}

class City {
    ctl(...args) {
        return execFileSync(path.join(build, 'shianctl'),
            ['--store', path.join(this.dir, 'store'), '--keys',
             path.join(this.dir, 'keys'), '--base-url', this.url,
             '--html', path.join(build, 'html'), ...args],
            { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    }

    async json(at) {
        const answer = await fetch(this.url + at,
            { headers: { accept: 'application/json' } });

        return answer.json();
    }

    /* The path of a new plaque for a venue, as the QR symbol has it. */
    plaque(venue) {
        const sheet = this.ctl('plaque', 'issue', String(venue),
                               '--format', 'html');
        const code = sheet.match(/class="code">([^<]+)</)[1];

        return '/Q/' + code.replace(/[^0-9A-Z]/g, '');
    }

    link(...who) {
        return this.ctl('link', ...who).trim().split('\n').pop();
    }

    /* A browser of somebody: empty, but for what options say. */
    async person(size, options) {
        const context = await this.browser.newContext({
            viewport: sizes[size], locale: 'zh-CN',
            hasTouch: size === 'phone', reducedMotion: 'reduce', ...options
        });

        context.setDefaultTimeout(20000);
        return context;
    }

    async signedIn(size, options, ...who) {
        const context = await this.person(size, options);
        const page = await context.newPage();

        await page.goto(this.link(...who));
        await page.locator('main form button').click();
        await page.waitForURL(/\/(my|desk)$/);
        await page.close();
        return context;
    }

    async end() {
        const { nginx } = this;

        await this.browser.close();

        if (nginx.exitCode === null) {
            const ended = new Promise((done) => nginx.on('exit', done));

            nginx.kill('SIGTERM');
            await ended;
        }

        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

async function open(venues) {
    const city = new City();
    const port = await freePort();

    city.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'shian-browser-'));
    city.url = `http://127.0.0.1:${port}`;
    city.ctl('demo', '--venues', String(venues));
    configure(city, port);

    city.nginx = spawn(process.env.NGINX || '/usr/sbin/nginx',
        ['-e', path.join(city.dir, 'error.log'), '-p', city.dir, '-c',
         path.join(city.dir, 'nginx.conf')],
        { stdio: ['ignore', 'ignore', 'inherit'] });

    await answers(city.url + '/healthz', city.nginx);

    city.browser = await chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
               '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync']
    });

    return city;
}

/* ---- the Test Anything Protocol -------------------------------------------*/

let count = 0;
let failed = 0;

function ok(good, name, detail) {
    count++;
    failed += good ? 0 : 1;
    console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);

    if (!good && detail !== undefined) {
        const text = typeof detail === 'string' ? detail
            : JSON.stringify(detail, null, 1);

        console.log(text.replace(/\x1b\[\d*m/g, '').replace(/^/gm, '# '));
    }

    return good;
}

function is(got, want, name) {
    return ok(got === want, name, { got, want });
}

/* Each part: a name and what it does.  One that throws fails alone. */
async function run(venues, parts) {
    const city = await open(venues);

    try {
        for (const [name, part] of Object.entries(parts)) {
            try {
                await part(city);
            } catch (e) {
                ok(false, name, String(e.stack));
            }
        }
    } finally {
        await city.end();
    }

    console.log(`1..${count}`);
    process.exitCode = failed ? 1 : 0;
}

module.exports = { chromium, run, ok, is, sizes };
