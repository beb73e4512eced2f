/*
 * What a form gains from JavaScript: the error summary gets the focus, what
 * was typed survives a reload, a second tap sends nothing.
 */

(function () {
    'use strict';

    var errors = document.getElementById('errors');

    function fields(form) {
        return Array.prototype.filter.call(form.elements, function (e) {
            return e.name && !/^(hidden|file|submit)$/.test(e.type)
                   && e.name !== 'kept_photo' && !('private' in e.dataset);
        });
    }

    /* Storage may be refused: a private window, a full disk. */
    function store(key, value) {
        try {
            if (value === undefined) {
                return JSON.parse(localStorage.getItem(key)) || {};
            }

            if (value === null) {
                localStorage.removeItem(key);

            } else {
                localStorage.setItem(key, JSON.stringify(value));
            }

        } catch (e) {
            return {};
        }
    }

    function save(form) {
        var  kept = { at: Date.now() };

        fields(form).forEach(function (e) {
            if (e.type === 'radio' ? e.checked : e.value) {
                kept[e.name] = e.value;
            }
        });

        store('shian:' + form.dataset.keep, kept);
    }

    /* The server's copy of the form, sent back with errors, comes first. */
    function restore(form) {
        var  kept = store('shian:' + form.dataset.keep);

        if (errors || !kept.at) {
            return;
        }

        fields(form).forEach(function (e) {
            if (e.type === 'radio') {
                e.checked = kept[e.name] === e.value;

            } else if (!e.value && typeof kept[e.name] === 'string') {
                e.value = kept[e.name];
            }
        });
    }

    /* Drafts older than a day go: the computer may be a shared one. */
    function forget() {
        try {
            Object.keys(localStorage).forEach(function (key) {
                if (/^shian:/.test(key)
                    && !(Date.now() - store(key).at < 86400000))
                {
                    store(key, null);
                }
            });

        } catch (e) {
            /* No storage, no drafts. */
        }
    }

    forget();
    document.querySelectorAll('form[data-keep]').forEach(function (form) {
        restore(form);
        form.addEventListener('input', function () { save(form); });
    });

    document.querySelectorAll('[data-sent]').forEach(function (e) {
        store('shian:' + e.dataset.sent, null);
    });

    document.querySelectorAll('form[data-once]').forEach(function (form) {
        form.addEventListener('submit', function (event) {
            if (form.dataset.busy) {
                event.preventDefault();
                return;
            }

            /* But what gives up sending is there to be pressed. */
            form.dataset.busy = '1';
            form.querySelectorAll('button:not([type=button])').forEach(
                function (b) { b.setAttribute('aria-disabled', 'true'); });
        });
    });

    /* Back from the next page: the form may be sent again. */
    window.addEventListener('pageshow', function () {
        document.querySelectorAll('form[data-once]').forEach(function (form) {
            delete form.dataset.busy;
            form.querySelectorAll('button').forEach(function (b) {
                b.removeAttribute('aria-disabled');
            });
        });
    });

    if (errors) {
        errors.focus();
    }
}());
