/*
 * Photos: what is wrong with a file is said before it is sent; sending shows
 * its progress and may be cancelled.  Where data-each says where to, they go
 * one by one before the form, so that a bad line costs one photo and not all.
 * Without this the form is a plain form.
 */

(function () {
    'use strict';

    var  input = document.querySelector('input[type=file][data-max-files]');
    var  form, say, bar, cancel, request, sent = 0;

    if (!input || !window.FormData) {
        return;
    }

    form = input.form;

    function element(name, className) {
        var  e = document.createElement(name);

        e.className = className;
        e.hidden = true;
        input.parentNode.appendChild(e);
        return e;
    }

    say = element('span', 'error');
    say.id = 'photo-say';
    say.setAttribute('role', 'alert');
    bar = element('progress', '');
    bar.max = 100;
    bar.setAttribute('aria-label', input.dataset.sending);
    cancel = element('button', 'button quiet');
    cancel.type = 'button';
    cancel.textContent = input.dataset.cancel;
    input.setAttribute('aria-describedby',
        input.getAttribute('aria-describedby') + ' photo-say');

    function tell(text) {
        say.textContent = text || '';
        say.hidden = !text;
    }

    /* Those that are still to be sent; a list of files is not to be cut. */
    function files() {
        return Array.prototype.slice.call(input.files, sent);
    }

    function problem() {
        var  i, file, data = input.dataset;
        var  kept = form.querySelectorAll('[name=kept_photo]:checked').length;

        if (files().length + kept > Number(data.maxFiles)) {
            return data.tooMany;
        }

        for (i = 0; i < files().length; i++) {
            file = files()[i];

            if (file.size === 0) {
                return data.empty;
            }

            if (file.size > Number(data.maxBytes)) {
                return data.tooLarge;
            }

            if (file.type && !/^image\/(jpeg|png|webp)$/.test(file.type)) {
                return data.wrongType;
            }
        }

        return '';
    }

    function ready() {
        bar.hidden = true;
        cancel.hidden = true;
        request = null;
        delete form.dataset.busy;
        form.querySelectorAll('button').forEach(function (b) {
            b.removeAttribute('aria-disabled');
        });
    }

    /* The answer is a page: follow it to where it is, or show its errors. */
    function answered() {
        var  page, status = request.status, url = request.responseURL;

        if (status >= 200 && status < 300 && url) {
            location.assign(url);
            return;
        }

        page = new DOMParser().parseFromString(request.responseText,
                                               'text/html');
        ready();

        if (!page.querySelector('main')) {
            tell(input.dataset.interrupted);
            return;
        }

        document.title = page.title;
        document.querySelector('main').replaceWith(page.querySelector('main'));

        ['form', 'photos', 'place'].forEach(function (name) {
            var  old = document.querySelector('script[src*="/' + name
                                              + '.js"]');
            var  again = document.createElement('script');

            if (old) {
                again.src = old.src;
                old.replaceWith(again);
            }
        });

        scrollTo(0, 0);
    }

    function open(url, accept, answer) {
        request = new XMLHttpRequest();
        request.open('POST', url);
        request.setRequestHeader('Accept', accept);

        request.onload = answer;
        request.onabort = function () {
            ready();
            tell(input.dataset.cancelled);
        };
        request.onerror = request.ontimeout = function () {
            ready();
            tell(input.dataset.interrupted);
        };

        bar.hidden = false;
        cancel.hidden = false;
    }

    /* One that has arrived is a field like those of a form sent back. */
    function keep(token, name) {
        var  label = document.createElement('label');
        var  box = document.createElement('input');

        label.className = 'check';
        box.type = 'checkbox';
        box.name = 'kept_photo';
        box.value = token;
        box.checked = true;
        label.appendChild(box);
        label.appendChild(document.createTextNode(
            ' ' + input.dataset.kept + ' ' + name));
        input.parentNode.parentNode.insertBefore(label, input.parentNode);
    }

    function refused(status, text) {
        var  code = { 413: 'tooLarge', 415: 'wrongType' }[status];

        try {
            code = JSON.parse(text).errors[0].code.replace(/_(.)/g,
                function (all, letter) { return letter.toUpperCase(); });
        } catch (e) {
            /* Not an answer of ours: the status tells enough. */
        }

        ready();
        tell(input.dataset[code] || input.dataset.interrupted);
    }

    function sendEach() {
        var  all = input.files.length, body;

        if (files().length === 0) {
            input.value = '';
            sent = 0;
            send();
            return;
        }

        open(input.dataset.each, 'application/json', function () {
            var  token;

            try {
                token = JSON.parse(request.responseText).kept_photo;
            } catch (e) {
                token = undefined;
            }

            if (!token) {
                refused(request.status, request.responseText);
                return;
            }

            keep(token, files()[0].name);
            sent++;
            sendEach();
        });

        request.upload.onprogress = function (event) {
            if (event.lengthComputable) {
                bar.value = 100 * (sent + event.loaded / event.total) / all;
            }
        };

        body = new FormData();
        body.append('photo', files()[0]);
        request.send(body);
    }

    function send() {
        open(form.getAttribute('action'), 'text/html', answered);

        request.upload.onprogress = function (event) {
            if (event.lengthComputable) {
                bar.value = 100 * event.loaded / event.total;
            }
        };

        request.send(new FormData(form));
    }

    input.addEventListener('change', function () {
        sent = 0;
        tell(problem());
    });
    cancel.addEventListener('click', function () {
        if (request) {
            request.abort();
        }
    });

    form.addEventListener('submit', function (event) {
        var  text;

        if (request) {
            event.preventDefault();
            return;
        }

        if (input.files.length === 0) {
            return;
        }

        event.preventDefault();
        text = problem();
        tell(text);

        if (text) {
            ready();
            input.focus();
            return;
        }

        bar.value = 0;

        if (input.dataset.each) {
            sendEach();
        } else {
            send();
        }
    });
}());
