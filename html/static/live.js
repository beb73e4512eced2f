/*
 * A page that follows what happens: the server names an address to follow,
 * and with each event what is marked data-live is fetched anew and changed
 * where it differs.  News also make themselves heard; a change is quiet.
 * Without this the page shows the same when reloaded.
 */

(function () {
    'use strict';

    var  follow = document.querySelector('[data-follow]');
    var  title = document.title;
    var  lost = document.querySelector('[data-lost]');
    var  sound = document.querySelector('[data-sound] input');
    var  unseen = 0;
    var  asked = false;
    var  fetching = false;
    var  timer, audio, source;

    if (!follow || !window.EventSource || !window.fetch) {
        return;
    }

    function badge(n) {
        unseen = n;
        document.title = n ? '(' + n + ') ' + title : title;
    }

    function beep() {
        var  tone, volume;

        if (!sound || !sound.checked || !window.AudioContext) {
            return;
        }

        audio = audio || new AudioContext();
        audio.resume();
        tone = audio.createOscillator();
        volume = audio.createGain();
        tone.frequency.value = 660;
        volume.gain.value = 0.1;
        tone.connect(volume).connect(audio.destination);
        tone.start();
        tone.stop(audio.currentTime + 0.2);
    }

    function keyOf(node, i) {
        return node.getAttribute('data-key') || 'at ' + i;
    }

    /* What somebody is writing is theirs until they send it or leave. */
    function inUse(node) {
        return node.contains(document.activeElement)
               || Array.prototype.some.call(
                      node.querySelectorAll('input, textarea'),
                      function (e) {
                          return e.value !== e.defaultValue
                                 || e.checked !== e.defaultChecked;
                      });
    }

    /* What stays is left alone, so focus and reading place stay as well. */
    function renew(list, fresh) {
        var  known = {}, at = list.firstElementChild;

        Array.prototype.forEach.call(list.children, function (node, i) {
            known[keyOf(node, i)] = node;
        });

        Array.prototype.slice.call(fresh.children).forEach(
            function (node, i) {
                var  key = keyOf(node, i), old = known[key];

                delete known[key];

                if (!old) {
                    list.insertBefore(document.importNode(node, true), at);
                    return;
                }

                if (old !== at) {
                    list.insertBefore(old, at);
                }

                at = old.nextElementSibling;

                /* A form that is still open to them is the same form. */
                if (!old.querySelector('form')
                    && old.innerHTML !== node.innerHTML
                    && !inUse(old))
                {
                    old.innerHTML = node.innerHTML;
                }
            });

        Object.keys(known).forEach(function (key) {
            if (!inUse(known[key])) {
                known[key].remove();
            }
        });
    }

    function show(html) {
        var  fresh = new DOMParser().parseFromString(html, 'text/html')
                         .querySelectorAll('[data-live]');

        document.querySelectorAll('[data-live]').forEach(function (list, i) {
            if (fresh[i]) {
                renew(list, fresh[i]);
            }
        });

        document.dispatchEvent(new Event('renewed'));
    }

    function refresh() {
        timer = null;

        if (fetching) {
            asked = true;
            return;
        }

        fetching = true;
        asked = false;

        fetch(location.href, { headers: { accept: 'text/html' } })
            .then(function (answer) {
                return answer.ok ? answer.text() : Promise.reject();
            })
            .then(show)
            .catch(function () { lost.hidden = false; })
            .then(function () {
                fetching = false;

                if (asked) {
                    refresh();
                }
            });
    }

    /* Not everybody at the same instant, nor once for each of many. */
    function later() {
        timer = timer || setTimeout(refresh, Math.random() * 200);
    }

    function connect() {
        if (source) {
            source.close();
        }

        source = new EventSource(follow.getAttribute('data-follow'));

        source.onopen = function () {
            lost.hidden = true;
        };

        source.onmessage = function () {
            if (document.hidden) {
                badge(unseen + 1);
            }

            beep();
            later();
        };

        source.addEventListener('change', later);
        source.addEventListener('reset', later);

        source.onerror = function () {
            lost.hidden = false;

            if (source.readyState === EventSource.CLOSED) {
                setTimeout(connect, 15000);
            }
        };
    }

    /*
     * A browser has few connections to a host.  Only a page that makes itself
     * heard keeps its own in the background; another asks when it is back,
     * from where it was made, and so is told whether anything has changed.
     */
    document.addEventListener('visibilitychange', function () {
        if (document.hidden) {
            if (!sound) {
                source.close();
            }

            return;
        }

        badge(0);

        if (!sound) {
            connect();
        }
    });

    function offerSound() {
        try {
            sound.checked = localStorage.getItem('sound') === 'on';
        } catch (e) { /* no storage: off */ }

        sound.addEventListener('change', function () {
            try {
                localStorage.setItem('sound', sound.checked ? 'on' : 'off');
            } catch (e) { /* until the page is left */ }

            beep();
        });

        sound.closest('[data-sound]').hidden = false;
    }

    if (sound) {
        offerSound();
    }

    connect();
}());
