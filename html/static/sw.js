/*
 * The inspector's pages without a network: what was opened or taken along is
 * shown as it was, what waits is sent when the network is back.
 */

'use strict';

var  CACHE = 'shian-patrol';
var  PATIENCE = 6000;       /* before a slow page is the one from before */
var  version = new URL(self.location).search;

importScripts('/static/outbox.js' + version);

function shell() {
    return ['/static/shian.css', '/static/outbox.js', '/static/patrol.js',
            '/static/map.js', '/static/desk.js', '/static/icon.svg',
            '/static/icon-192.png']
        .map(function (path) { return path + version; })
        .concat(['/patrol/app.webmanifest']);
}

/* Pages vary by cookies and languages; a phone has one of each. */
function held(request) {
    return caches.open(CACHE).then(function (cache) {
        return cache.match(request, { ignoreVary: true });
    });
}

function keep(request, answer) {
    var  copy = answer.clone();

    return caches.open(CACHE).then(function (cache) {
        return cache.put(request, copy);
    }).catch(function () { /* no room: the page itself is here */ })
        .then(function () { return answer; });
}

/* A page is kept under its path; of the list only its beginning. */
function page(request) {
    var  url = new URL(request.url), path = url.pathname;
    var  part = url.searchParams.has('q') || url.searchParams.has('cursor');

    var  fresh = fetch(request).then(function (answer) {
        if (answer.status === 502 || answer.status === 504) {
            throw new Error('no server');
        }

        return answer.ok && !answer.redirected && !part
               ? keep(path, answer) : answer;
    });
    var  late = new Promise(function (done) {
        setTimeout(done, PATIENCE);
    }).then(function () { return held(path); }).then(function (answer) {
        return answer || fresh;
    });

    return Promise.race([fresh, late]).catch(function (error) {
        return held(path).then(function (answer) {
            return answer || held('/patrol');
        }).then(function (answer) {
            if (!answer) {
                throw error;
            }

            return answer;
        });
    });
}

function file(request) {
    return held(request).then(function (answer) {
        return answer || fetch(request).then(function (fresh) {
            return fresh.ok ? keep(request, fresh) : fresh;
        });
    });
}

self.addEventListener('install', function (event) {
    event.waitUntil(caches.open(CACHE).then(function (cache) {
        return cache.addAll(shell());
    }).then(function () { return self.skipWaiting(); }));
});

self.addEventListener('activate', function (event) {
    event.waitUntil(self.clients.claim());
});

self.addEventListener('fetch', function (event) {
    var  url = new URL(event.request.url);

    if (event.request.method !== 'GET' || url.origin !== location.origin) {
        return;
    }

    if (event.request.mode === 'navigate'
        && /^\/patrol(\/v\/\d+)?$/.test(url.pathname))
    {
        event.respondWith(page(event.request));

    } else if (/^\/static\//.test(url.pathname)
               || url.pathname === '/patrol/app.webmanifest')
    {
        event.respondWith(file(event.request));
    }
});

self.addEventListener('sync', function (event) {
    if (event.tag === 'shian-patrol') {
        event.waitUntil(self.shianOutbox.send(true));
    }
});
