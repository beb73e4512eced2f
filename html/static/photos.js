/*
 * Photos: what is wrong with a file is said before it is sent; sending shows
 * its progress and may be cancelled.  Without this the form is a plain form.
 */

(function () {
    'use strict';

    var  input = document.querySelector('input[type=file][data-max-files]');
    var  form, say, bar, cancel, request;

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

    function problem() {
        var  i, file, data = input.dataset;
        var  kept = form.querySelectorAll('[name=kept_photo]:checked').length;

        if (input.files.length + kept > Number(data.maxFiles)) {
            return data.tooMany;
        }

        for (i = 0; i < input.files.length; i++) {
            file = input.files[i];

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

        ['form', 'photos'].forEach(function (name) {
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

    function send() {
        request = new XMLHttpRequest();
        request.open('POST', form.getAttribute('action'));
        request.setRequestHeader('Accept', 'text/html');

        request.upload.onprogress = function (event) {
            if (event.lengthComputable) {
                bar.value = 100 * event.loaded / event.total;
            }
        };

        request.onload = answered;
        request.onabort = function () {
            ready();
            tell(input.dataset.cancelled);
        };
        request.onerror = request.ontimeout = function () {
            ready();
            tell(input.dataset.interrupted);
        };

        bar.value = 0;
        bar.hidden = false;
        cancel.hidden = false;
        request.send(new FormData(form));
    }

    input.addEventListener('change', function () { tell(problem()); });
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

        send();
    });
}());
