/*
 * Patrol on a phone: the check-in is kept at every change and sent when there
 * is a network; the list shows what waits.  Without this both are plain pages.
 */

(function () {
    'use strict';

    var  LARGE = 1.5 * 1024 * 1024, LONGEST_SIDE = 2048, THUMBNAIL = 256;
    var  MAX_PHOTOS = 6;
    var  box = document.getElementById('outbox');
    var  form = document.querySelector('form[data-check-in]');
    var  outbox = window.shianOutbox;
    var  user, timer;

    if (!box || !outbox || !window.indexedDB || !window.Promise) {
        return;
    }

    user = Number(box.dataset.user);

    function element(name, className, text) {
        var  e = document.createElement(name);

        e.className = className || '';
        e.textContent = text || '';
        return e;
    }

    function button(text, act) {
        var  b = element('button', 'button quiet', text);

        b.type = 'button';
        b.addEventListener('click', act);
        return b;
    }

    function status() {
        return box.querySelector('[role=status]');
    }

    function tell(text) {
        status().textContent = text || '';
    }

    function words(text, values) {
        return text.replace(/\{(\w+)\}/g, function (all, name) {
            return values[name] === undefined ? all : values[name];
        });
    }

    /* ---- what waits ------------------------------------------------------*/

    function entryRow(entry) {
        var  row = element('li'), line = element('span', 'block'), pair;
        var  text = box.dataset[entry.state];

        row.dataset.state = entry.state;
        row.appendChild(element('b', '', entry.name));
        row.appendChild(line);

        if (entry.href) {
            line = line.appendChild(element('a', 'tap'));
            line.href = entry.href;
        }

        line.textContent = words(text, {
            n: entry.state === 'sent' ? entry.number : entry.n,
            m: entry.total, why: entry.why
        });

        if (entry.state === 'refused' || entry.state === 'sent') {
            pair = element('p', 'pair');
            row.appendChild(pair);

            if (entry.state === 'refused') {
                pair.appendChild(button(box.dataset.edit, function () {
                    outbox.reopen(entry.key).then(function () {
                        location.assign('/patrol/v/' + entry.venue);
                    });
                }));
            }

            pair.appendChild(button(box.dataset.clear, function () {
                outbox.drop(entry.key);
            }));
        }

        return row;
    }

    function draftRow(draft) {
        var  row = element('li'), link = element('a', 'tap', box.dataset.go);

        row.appendChild(element('b', '', draft.name));
        row.appendChild(document.createTextNode(
            ' ' + box.dataset.draft + ' '));
        link.href = '/patrol/v/' + draft.venue;
        row.appendChild(link);
        return row;
    }

    /* The next one whose time to try again comes. */
    function arm(queue) {
        var  next = queue.filter(function (entry) {
            return entry.state === 'later';
        }).reduce(function (least, entry) {
            return Math.min(least, entry.next);
        }, Infinity);

        clearTimeout(timer);

        if (next < Infinity) {
            timer = setTimeout(send, Math.max(1000, next - Date.now()));
        }
    }

    function show() {
        return Promise.all([outbox.all('queue'), outbox.all('drafts')])
            .then(function (found) {
                var  list = box.querySelector('ul');
                var  here = form && draftId();
                var  drafts = found[1].filter(function (draft) {
                    return draft.user === user && draft.id !== here;
                });

                list.textContent = '';
                drafts.forEach(function (draft) {
                    list.appendChild(draftRow(draft));
                });
                found[0].sort(function (a, b) { return b.at - a.at; })
                    .forEach(function (entry) {
                        list.appendChild(entryRow(entry));
                    });

                box.querySelector('[data-send]').hidden = !found[0].some(
                    function (entry) {
                        return entry.state !== 'sent'
                               && entry.state !== 'refused';
                    });
                box.hidden = Boolean(form) && !list.firstChild;

                if (status().textContent === box.dataset.none
                    && list.firstChild)
                {
                    tell('');
                }

                arm(found[0]);
            });
    }

    function send() {
        return outbox.send(false);
    }

    /* What has arrived needs no telling after a day. */
    function forget() {
        return outbox.all('queue').then(function (queue) {
            return Promise.all(queue.filter(function (entry) {
                return entry.state === 'sent'
                       && Date.now() - entry.at > 86400000;
            }).map(function (entry) { return outbox.drop(entry.key); }));
        });
    }

    /* The browser may send later, even when this page is closed. */
    function later() {
        if (navigator.serviceWorker && 'SyncManager' in window) {
            navigator.serviceWorker.ready.then(function (worker) {
                return worker.sync.register('shian-patrol');
            }).catch(function () { /* pages send as well */ });
        }
    }

    /* ---- taking the list along -------------------------------------------*/

    function keepPage(cache, path) {
        return fetch(path, { headers: { Accept: 'text/html' } })
            .then(function (answer) {
                if (!answer.ok || answer.redirected) {
                    throw new Error(path);
                }

                return cache.put(path, answer);
            });
    }

    function take() {
        var  paths, total;

        return Promise.all([
            fetch('/patrol.json' + (location.search || '?') + '&limit=50'),
            caches.open('shian-patrol')
        ]).then(function (got) {
            return got[0].json().then(function (list) {
                paths = (list.tasks || []).concat(list.items)
                    .map(function (item) { return item.href; })
                    .filter(function (path, i, every) {
                        return every.indexOf(path) === i;
                    });
                total = paths.length;

                return ['/patrol'].concat(paths).reduce(
                    function (before, path, i) {
                        return before.then(function () {
                            tell(words(box.dataset.taking,
                                       { n: i, m: total }));
                            return keepPage(got[1], path);
                        });
                    }, Promise.resolve());
            });
        }).then(function () {
            tell(words(box.dataset.taken, { m: total }));
        }, function () {
            tell(box.dataset.takeFailed);
        });
    }

    /* ---- the check-in ----------------------------------------------------*/

    var  draft, fixes = [], saving, dirty;

    function draftId() {
        return user + ':' + form.dataset.checkIn;
    }

    function note(name, text) {
        form.querySelector('[data-' + name + ']').textContent = text || '';
    }

    function fields() {
        return Array.prototype.filter.call(form.elements, function (e) {
            return e.name && !/^(hidden|file|submit)$/.test(e.type)
                   && (!/^(radio|checkbox)$/.test(e.type) || e.checked)
                   && !/_kept_photo$/.test(e.name) && e.value !== '';
        }).map(function (e) { return [e.name, e.value]; });
    }

    /* As it is now; changes made while it is being written follow. */
    function keep() {
        if (saving) {
            dirty = true;
            return saving;
        }

        draft.fields = fields();
        draft.fixes = fixes;
        dirty = false;

        saving = outbox.put('drafts', draft).then(function () {
            note('saved', form.dataset.draft);
        }, function () {
            note('saved', form.dataset.noDraft);
        }).then(function () {
            saving = null;
            return dirty ? keep() : undefined;
        });

        return saving;
    }

    function restore(kept) {
        draft = kept;
        fixes = kept.fixes || [];

        Array.prototype.forEach.call(form.elements, function (e) {
            if (/^(radio|checkbox)$/.test(e.type)) {
                e.checked = kept.fields.some(function (f) {
                    return f[0] === e.name && f[1] === e.value;
                });
            }
        });

        kept.fields.forEach(function (f) {
            var  e = form.elements[f[0]];

            if (e && !/^(radio|checkbox)$/.test(e.type) && 'value' in e
                && !(e instanceof RadioNodeList))
            {
                e.value = f[1];
            }
        });

        note('saved', form.dataset.draft);
    }

    function codes() {
        return Array.prototype.map.call(form.querySelectorAll('fieldset'),
                                        function (e) { return e.id; });
    }

    function value(name) {
        var  e = form.elements[name];

        return e ? e.value || '' : '';
    }

    /* That every item has an answer is the browser's to ask for. */
    function left() {
        var  n = codes().filter(function (code) {
            return value(code) === '';
        }).length;

        note('left', n ? words(form.dataset.todo, { n: n })
                       : form.dataset.all);
    }

    /* ---- photos ----------------------------------------------------------*/

    function drawn(bitmap, longest) {
        var  canvas = document.createElement('canvas');
        var  by = Math.min(1, longest / Math.max(bitmap.width,
                                                 bitmap.height));

        canvas.width = Math.round(bitmap.width * by);
        canvas.height = Math.round(bitmap.height * by);
        canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width,
                                          canvas.height);
        return canvas;
    }

    function thumbnail(photo, input) {
        var  list = input.parentNode.querySelector('ul');
        var  row = element('li'), img = element('img');

        if (!list) {
            list = element('ul', 'photos');
            input.parentNode.appendChild(list);
        }

        createImageBitmap(photo.blob).then(function (bitmap) {
            img.src = drawn(bitmap, THUMBNAIL).toDataURL('image/jpeg');
        });
        img.alt = form.dataset.photo;
        row.appendChild(img);
        row.appendChild(button(form.dataset.remove, function () {
            outbox.remove('photos', photo.id).then(function () {
                row.remove();
            });
        }));
        list.appendChild(row);
    }

    function scaled(bitmap) {
        return new Promise(function (done, failed) {
            drawn(bitmap, LONGEST_SIDE).toBlob(function (blob) {
                if (blob) {
                    done(blob);
                } else {
                    failed(new Error('no blob'));
                }
            }, 'image/jpeg', 0.85);
        });
    }

    /* Large ones, and kinds that the server does not take, become JPEG. */
    function fit(file) {
        if (file.size <= LARGE && /^image\/(jpeg|png|webp)$/.test(file.type)) {
            return Promise.resolve(file);
        }

        return createImageBitmap(file, { imageOrientation: 'from-image' })
            .then(scaled);
    }

    function complain(fieldset, text) {
        var  p = fieldset.querySelector('p.error');

        if (!p) {
            p = element('p', 'error');
            p.setAttribute('role', 'alert');
            fieldset.insertBefore(p, fieldset.querySelector('.rate'));
        }

        p.textContent = text;
        p.hidden = !text;
    }

    function addPhoto(input) {
        var  fieldset = input.closest('fieldset'), file = input.files[0];

        if (!file) {
            return Promise.resolve();
        }

        input.value = '';

        if (fieldset.querySelectorAll('.photos li').length >= MAX_PHOTOS) {
            complain(fieldset, form.dataset.tooMany);
            return Promise.resolve();
        }

        return fit(file).then(function (blob) {
            var  photo = { of: draft.id, code: fieldset.id, blob: blob };

            return outbox.put('photos', photo).then(function (id) {
                photo.id = id;
                complain(fieldset, '');
                thumbnail(photo, input);
                return keep();
            }, function () {
                complain(fieldset, box.dataset.noRoom);
            });
        }, function () {
            complain(fieldset, form.dataset.wrongType);
        });
    }

    /* ---- where -----------------------------------------------------------*/

    function best() {
        return fixes.reduce(function (a, b) {
            return !a || b.accuracy <= a.accuracy ? b : a;
        }, null);
    }

    function showFix() {
        var  fix = best();

        note('position', fix ? words(form.dataset.found,
                                     { n: Math.ceil(fix.accuracy) })
                             : form.dataset.denied);
    }

    function fixed(position) {
        fixes = fixes.concat({
            lat: position.coords.latitude, lng: position.coords.longitude,
            accuracy: position.coords.accuracy, at: Date.now()
        }).slice(-20);
        showFix();

        /* Who only looks leaves no draft behind. */
        if (draft.fields) {
            keep();
        }
    }

    function locate() {
        if (!navigator.geolocation) {
            showFix();
            return;
        }

        note('position', form.dataset.finding);
        navigator.geolocation.watchPosition(fixed, showFix, {
            enableHighAccuracy: true, maximumAge: 30000, timeout: 20000
        });
    }

    /* ---- finishing -------------------------------------------------------*/

    function item(code, photos) {
        var  it = { code: code, result: value(code) };

        if (it.result === 'fail') {
            it.note = value(code + '_note').trim() || undefined;
            it.severity = value(code + '_severity');

            if (photos.some(function (photo) { return photo.code === code; })
                && form.elements[code + '_public'].checked)
            {
                it.photos_public = true;
            }
        }

        return it;
    }

    function body(photos) {
        var  fix = best();

        return {
            kind: value('kind'), checklist: value('checklist'),
            started_at: draft.started_at,
            finished_at: new Date().toISOString(),
            lat: fix ? fix.lat : undefined, lng: fix ? fix.lng : undefined,
            accuracy: fix ? Math.ceil(fix.accuracy) : undefined,
            items: codes().filter(value).map(function (code) {
                return item(code, photos);
            }),
            note: value('note').trim() || undefined
        };
    }

    /* A fail without proof is refused: better said here than tomorrow. */
    function unproven(photos) {
        return codes().filter(function (code) {
            return value(code) === 'fail' && !value(code + '_note').trim()
                   && !photos.some(function (p) { return p.code === code; });
        });
    }

    function stopAt(wrong, text) {
        wrong.forEach(function (code) {
            complain(document.getElementById(code), text);
        });
        document.getElementById(wrong[0]).focus();
    }

    function finish() {
        return keep().then(function () {
            return outbox.photosOf(draft.id);
        }).then(function (photos) {
            var  wrong = unproven(photos);

            if (wrong.length) {
                stopAt(wrong, form.dataset.proof);
                return undefined;
            }

            return outbox.finish(draft, body(photos)).then(function () {
                later();
                location.assign('/patrol');
            });
        });
    }

    function changed(event) {
        if (event.target.type === 'file') {
            addPhoto(event.target);
            return;
        }

        if (event.target.type === 'radio') {
            complain(event.target.closest('fieldset'), '');
        }

        keep();
        left();
    }

    /* Submitted without pictures the plain form would say it better. */
    function begin(kept) {
        var  busy;

        draft = {
            id: draftId(), user: user, venue: Number(form.dataset.checkIn),
            name: form.dataset.name, started_at: new Date().toISOString()
        };

        if (kept) {
            restore(kept);
        }

        left();
        locate();
        form.addEventListener('input', changed);
        form.addEventListener('submit', function (event) {
            event.preventDefault();

            if (!busy) {
                busy = true;
                finish().catch(function () {
                    note('saved', box.dataset.noRoom);
                }).then(function () { busy = false; });
            }
        });

        return outbox.photosOf(draft.id).then(function (photos) {
            photos.forEach(function (photo) {
                thumbnail(photo, document.getElementById(
                    photo.code + '-photo'));
            });
        });
    }

    /* ---- ready -----------------------------------------------------------*/

    function online() {
        if (navigator.onLine) {
            if (status().textContent === box.dataset.offline) {
                tell('');
            }

            outbox.send(true);

        } else {
            tell(box.dataset.offline);
        }
    }

    if (navigator.serviceWorker) {
        navigator.serviceWorker.register('/patrol/sw.js?v='
                                         + box.dataset.version,
                                         { scope: '/patrol' })
            .catch(function () { /* as without one */ });
    }

    if (navigator.storage && navigator.storage.persist) {
        navigator.storage.persist();
    }

    outbox.changed = show;
    window.addEventListener('online', online);
    window.addEventListener('offline', online);
    box.querySelector('[data-send]').addEventListener('click', function () {
        outbox.send(true);
    });
    box.querySelector('[data-take]').addEventListener('click', take);
    box.querySelector('[data-take]').hidden = Boolean(form)
        || !window.caches;

    (form ? outbox.get('drafts', draftId()).then(begin) : forget())
        .then(show).then(function () {
            if (!form && !/^\/patrol\/?$/.test(location.pathname)) {
                tell(box.dataset.notHere);
                return;
            }

            online();
        });
}());
