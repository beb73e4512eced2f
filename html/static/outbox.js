/*
 * What a phone keeps of an inspector's work, and how it gets to the server:
 * drafts, photos and a queue in IndexedDB.  Loaded by pages and by the
 * service worker.  Nothing is deleted before the server has accepted it.
 *
 *   drafts   id "user:venue"; name, started_at, fields, fixes
 *   photos   of (a draft's id or a queue's key), code of the item, blob;
 *            hash once the server has it
 *   queue    key (the Idempotency-Key), user, venue, name, body, state and
 *            what a page shows of it
 */

(function () {
    'use strict';

    var  FIRST_WAIT = 5000, LONGEST_WAIT = 300000, PATIENCE = 120000;
    var  opened, channel, sending;

    channel = self.BroadcastChannel ? new BroadcastChannel('shian-patrol')
                                    : null;

    /* ---- the database ----------------------------------------------------*/

    function open() {
        opened = opened || new Promise(function (done, failed) {
            var  request = indexedDB.open('shian-patrol', 1);

            request.onupgradeneeded = function () {
                var  db = request.result;

                db.createObjectStore('drafts', { keyPath: 'id' });
                db.createObjectStore('queue', { keyPath: 'key' });
                db.createObjectStore('photos',
                    { keyPath: 'id', autoIncrement: true })
                    .createIndex('of', 'of');
            };

            request.onsuccess = function () { done(request.result); };
            request.onerror = function () { failed(request.error); };
        });

        return opened;
    }

    /*
     * One transaction: work(store) makes requests, where store(name) is an
     * object store; what the last request gave is the result, once all of it
     * is on disk.
     */
    function run(mode, work) {
        return open().then(function (db) {
            return new Promise(function (done, failed) {
                var  t = db.transaction(['drafts', 'photos', 'queue'], mode,
                                        { durability: 'strict' });
                var  request = work(function (name) {
                    return t.objectStore(name);
                });

                t.oncomplete = function () {
                    done(request ? request.result : undefined);
                };
                t.onerror = t.onabort = function () { failed(t.error); };
            });
        });
    }

    function get(store, key) {
        return run('readonly', function (in_) { return in_(store).get(key); });
    }

    function all(store) {
        return run('readonly', function (in_) {
            return in_(store).getAll();
        });
    }

    function put(store, value) {
        return run('readwrite', function (in_) {
            return in_(store).put(value);
        });
    }

    function remove(store, key) {
        return run('readwrite', function (in_) {
            return in_(store).delete(key);
        });
    }

    function photosOf(of) {
        return run('readonly', function (in_) {
            return in_('photos').index('of').getAll(of);
        });
    }

    /* Within a transaction: what to do with each photo of something. */
    function eachPhoto(in_, of, change) {
        in_('photos').index('of').openCursor(of).onsuccess = function (event) {
            var  cursor = event.target.result;

            if (cursor) {
                change(cursor);
                cursor.continue();
            }
        };
    }

    function moveTo(of) {
        return function (cursor) {
            cursor.value.of = of;
            cursor.update(cursor.value);
        };
    }

    function told() {
        if (channel) {
            channel.postMessage('changed');
        }

        if (api.changed) {
            api.changed();
        }
    }

    /* ---- from draft to queue and back ------------------------------------*/

    function newKey() {
        var  bytes = crypto.getRandomValues(new Uint8Array(16));

        return Array.prototype.map.call(bytes, function (b) {
            return (b + 256).toString(16).slice(1);
        }).join('');
    }

    /* The draft becomes an entry in the same transaction, or stays. */
    function finish(draft, body) {
        var  entry = {
            key: newKey(), user: draft.user, venue: draft.venue,
            name: draft.name, body: body, draft: draft, at: Date.now(),
            state: 'waiting', tries: 0, next: 0
        };

        return run('readwrite', function (in_) {
            eachPhoto(in_, draft.id, moveTo(entry.key));
            in_('drafts').delete(draft.id);
            return in_('queue').add(entry);
        }).then(told);
    }

    /* Refused: a draft again; finishing it gives it another key. */
    function reopen(key) {
        return get('queue', key).then(function (entry) {
            return run('readwrite', function (in_) {
                eachPhoto(in_, key, moveTo(entry.draft.id));
                in_('drafts').put(entry.draft);
                in_('queue').delete(key);
            });
        }).then(told);
    }

    /* For what was accepted, and what an inspector gives up. */
    function drop(key) {
        return run('readwrite', function (in_) {
            eachPhoto(in_, key, function (cursor) { cursor.delete(); });
            in_('queue').delete(key);
        }).then(told);
    }

    function save(entry) {
        return put('queue', entry).then(told);
    }

    /* ---- sending ---------------------------------------------------------*/

    function Later(seconds) {
        this.seconds = seconds;
    }

    function Refused(status, why) {
        this.status = status;
        this.why = why;
    }

    /*
     * The JSON of an answer that accepts; otherwise throws: Later for what
     * time mends, Refused for what it does not.
     */
    function accepted(answer) {
        var  json = /json/.test(answer.headers.get('content-type') || '');
        var  status = answer.status;

        if (status === 408 || status === 425 || status === 429
            || status >= 500 || (status < 400 && !json))
        {
            throw new Later(Number(answer.headers.get('retry-after')) || 0);
        }

        return (json ? answer.json() : Promise.resolve({
            title: 'HTTP ' + status
        })).then(function (body) {
            if (status >= 200 && status < 300) {
                return body;
            }

            throw new Refused(status, [body.title, body.detail].concat(
                (body.errors || []).map(function (e) {
                    return e.field + ': ' + (e.detail || e.code);
                })).filter(Boolean).join(' · '));
        });
    }

    function request(path, options) {
        options.credentials = 'same-origin';
        options.redirect = 'error';
        options.cache = 'no-store';

        /* A line that is dead and does not say so would hold the lock. */
        if (self.AbortSignal && AbortSignal.timeout) {
            options.signal = AbortSignal.timeout(PATIENCE);
        }

        options.headers = options.headers || {};
        options.headers.Accept = 'application/json';

        return fetch(path, options).catch(function () {
            throw new Later(0);
        }).then(accepted);
    }

    function sendPhoto(photo) {
        var  form = new FormData();

        form.append('photo', photo.blob, 'photo');

        return request('/photos', { method: 'POST', body: form })
            .then(function (body) {
                photo.hash = body.hash;
                return put('photos', photo);
            });
    }

    /* One after the other; what has a hash is there already. */
    function sendPhotos(entry, photos) {
        entry.total = photos.length;

        return photos.reduce(function (before, photo, i) {
            return before.then(function () {
                if (photo.hash) {
                    return undefined;
                }

                entry.state = 'photos';
                entry.n = i + 1;
                return save(entry).then(function () {
                    return sendPhoto(photo);
                });
            });
        }, Promise.resolve());
    }

    function sendBody(entry, photos) {
        var  body = JSON.parse(JSON.stringify(entry.body));

        body.items.forEach(function (item) {
            var  hashes = photos.filter(function (photo) {
                return photo.code === item.code;
            }).map(function (photo) { return photo.hash; });

            if (hashes.length) {
                item.photos = hashes;
            }
        });

        return request('/v/' + entry.venue + '/inspections', {
            method: 'POST',
            headers: {
                'Content-Type': 'application/json',
                'Idempotency-Key': entry.key,
                'Shian-Device-Time': new Date().toISOString()
            },
            body: JSON.stringify(body)
        });
    }

    function arrived(entry, body) {
        entry.state = 'sent';
        entry.number = body.id;
        entry.href = '/v/' + entry.venue + '/inspections/' + body.id;
        entry.body = entry.draft = null;

        return run('readwrite', function (in_) {
            eachPhoto(in_, entry.key, function (cursor) { cursor.delete(); });
            in_('queue').put(entry);
        }).then(told);
    }

    function failed(entry, error) {
        var  wait;

        if (error instanceof Refused && error.status !== 401) {
            entry.state = 'refused';
            entry.why = error.why;
            return save(entry);
        }

        if (error instanceof Refused) {
            entry.state = 'signin';
            return save(entry);
        }

        if (!(error instanceof Later)) {
            throw error;
        }

        entry.state = 'later';
        wait = Math.min(FIRST_WAIT * Math.pow(2, entry.tries), LONGEST_WAIT);
        entry.tries++;
        entry.next = Date.now() + Math.max(wait, 1000 * error.seconds);
        return save(entry);
    }

    function sendOne(entry) {
        var  photos;

        return photosOf(entry.key).then(function (found) {
            photos = found;
            return sendPhotos(entry, photos);
        }).then(function () {
            entry.state = 'sending';
            return save(entry);
        }).then(function () {
            return sendBody(entry, photos);
        }).then(function (body) {
            return arrived(entry, body);
        }, function (error) {
            return failed(entry, error);
        });
    }

    /* Each in its turn, as whoever made it; false as long as some wait. */
    function sendAll(now) {
        return all('queue').then(function (queue) {
            var  ready = queue.filter(function (entry) {
                return entry.state !== 'sent' && entry.state !== 'refused'
                       && (now || entry.next <= Date.now());
            }).sort(function (a, b) { return a.at - b.at; });

            if (!ready.length) {
                return undefined;
            }

            return request('/patrol.json?limit=1', {}).then(
                function (list) { return list.user; },
                function (error) {
                    if (error instanceof Refused && error.status === 403) {
                        return 0;           /* signed in, but no inspector */
                    }

                    return ready.reduce(function (before, entry) {
                        return before.then(function () {
                            return failed(entry, error);
                        });
                    }, Promise.resolve());
                }
            ).then(function (user) {
                return user === undefined ? undefined : ready.reduce(
                    function (before, entry) {
                        return before.then(function () {
                            if (entry.user === user) {
                                return sendOne(entry);
                            }

                            entry.state = 'another';
                            return save(entry);
                        });
                    }, Promise.resolve());
            });
        });
    }

    /*
     * One sender at a time, in whatever tab or worker; without locks the key
     * alone makes a second sending harmless.
     */
    function send(now) {
        var  work = function (lock) {
            return lock === null ? undefined : sendAll(now);
        };

        if (sending) {
            return sending;
        }

        sending = (navigator.locks
            ? navigator.locks.request('shian-patrol', { ifAvailable: true },
                                      work)
            : Promise.resolve({}).then(work));

        sending = sending.finally(function () { sending = null; });
        return sending;
    }

    var  api = {
        get: get, all: all, put: put, remove: remove, photosOf: photosOf,
        finish: finish, reopen: reopen, drop: drop, send: send,
        changed: null
    };

    if (channel) {
        channel.onmessage = function () {
            if (api.changed) {
                api.changed();
            }
        };
    }

    self.shianOutbox = api;
}());
