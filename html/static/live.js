/*
 * A page that follows what happens: the server names an address to follow,
 * and with each event what is marked data-live is fetched anew and changed
 * where it differs.  Without this the page shows the same when reloaded.
 */

(function () {
    'use strict';

    var  follow = document.querySelector('[data-follow]');
    var  title = document.title;
    var  unseen = 0;
    var  asked = false;
    var  fetching = false;
    var  lost, sound, audio;

    if (!follow || !window.EventSource || !window.fetch) {
        return;
    }

    lost = follow.querySelector('[data-lost]');
    sound = follow.querySelector('[data-sound] input');

    function badge(n) {
        unseen = n;
        document.title = n ? '(' + n + ') ' + title : title;
    }

    function beep() {
        var  tone, volume;

        if (!sound.checked || !window.AudioContext) {
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

                if (old.innerHTML !== node.innerHTML
                    && !old.contains(document.activeElement))
                {
                    old.innerHTML = node.innerHTML;
                }
            });

        Object.keys(known).forEach(function (key) {
            known[key].remove();
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
    }

    function refresh() {
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

    /* Not everybody at the same instant. */
    function later() {
        setTimeout(refresh, Math.random() * 200);
    }

    function connect() {
        var  source = new EventSource(follow.getAttribute('data-follow'));

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

        source.addEventListener('reset', later);

        source.onerror = function () {
            lost.hidden = false;

            if (source.readyState === EventSource.CLOSED) {
                setTimeout(connect, 15000);
            }
        };
    }

    document.addEventListener('visibilitychange', function () {
        if (!document.hidden) {
            badge(0);
        }
    });

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
    connect();
}());
