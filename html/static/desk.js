/*
 * What a desk gains from JavaScript.  Keys: j and k move between records, o
 * opens the one in hand, / goes to the search, ? shows what there is; never
 * while somebody types.  Filters are kept by name in this browser, and a
 * position fills itself in.
 */

(function () {
    'use strict';

    var  views = document.querySelector('[data-views]');
    var  place;

    /* A live list changes while the page stands. */
    function records() {
        return Array.prototype.slice.call(
                   document.querySelectorAll('[data-item]'))
               .filter(function (e) { return e.offsetParent !== null; });
    }

    function kept() {
        try {
            return JSON.parse(localStorage.getItem('views')) || {};
        } catch (e) {
            return {};
        }
    }

    function keep(all) {
        try {
            localStorage.setItem('views', JSON.stringify(all));
        } catch (e) { /* until the page is left */ }
    }

    /* The query without what is no filter. */
    function filters() {
        var  query = new URLSearchParams(location.search);

        Array.from(query.keys()).forEach(function (name) {
            if (!query.get(name) || /^(cursor|done|lang)$/.test(name)) {
                query.delete(name);
            }
        });

        return '?' + query;
    }

    function button(text, done) {
        var  b = document.createElement('button');

        b.type = 'button';
        b.className = 'link';
        b.textContent = text;
        b.addEventListener('click', done);
        return b;
    }

    /* The user's own filters after those that everybody has. */
    function showViews() {
        var  all = kept();

        views.querySelectorAll('[data-own]').forEach(function (e) {
            e.remove();
        });

        Object.keys(all).forEach(function (name) {
            var  li = document.createElement('li');
            var  a = document.createElement('a');

            li.setAttribute('data-own', '');
            a.className = 'tap';
            a.href = location.pathname + all[name];
            a.textContent = name;
            li.appendChild(a);
            li.appendChild(document.createTextNode(' '));
            li.appendChild(button('×', function () {
                delete all[name];
                keep(all);
                showViews();
            }));
            li.lastChild.setAttribute('aria-label',
                                      views.dataset.drop + ' ' + name);
            views.appendChild(li);
        });
    }

    function offerToKeep() {
        var  li = document.createElement('p');
        var  name = document.createElement('input');

        name.setAttribute('aria-label', views.dataset.name);
        name.placeholder = views.dataset.name;
        name.maxLength = 20;
        li.className = 'joined';
        li.appendChild(name);
        li.appendChild(button(views.dataset.save, function () {
            var  all = kept();

            if (name.value.trim()) {
                all[name.value.trim()] = filters();
                keep(all);
                name.value = '';
                showViews();
            }
        }));
        views.parentNode.appendChild(li);
    }

    if (views) {
        showViews();

        if (filters().length > 1) {
            offerToKeep();
        }
    }

    function locate() {
        navigator.geolocation.getCurrentPosition(function (at) {
            place.querySelector('[name=lat]').value = at.coords.latitude;
            place.querySelector('[name=lng]').value = at.coords.longitude;
            place.querySelector('[name=accuracy]').value =
                Math.round(at.coords.accuracy);
        }, function () {
            place.lastChild.textContent = place.dataset.denied;
        }, { enableHighAccuracy: true, timeout: 20000 });
    }

    /* Also where a live page has just got one. */
    function offerToLocate() {
        place = document.querySelector('[data-locate]');

        if (place && navigator.geolocation && !place.querySelector('button'))
        {
            place.appendChild(button(place.dataset.locate, locate));
        }
    }

    offerToLocate();
    document.addEventListener('renewed', offerToLocate);

    document.addEventListener('keydown', function (event) {
        var  at, link, search, items, help;

        if (event.ctrlKey || event.metaKey || event.altKey
            || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName))
        {
            return;
        }

        items = records();
        at = items.indexOf(event.target.closest('[data-item]'));

        if (event.key === 'j' && at + 1 < items.length) {
            items[at + 1].focus();

        } else if (event.key === 'k' && at > 0) {
            items[at - 1].focus();

        } else if (event.key === 'o' && at >= 0) {
            link = items[at].querySelector('[data-open]');

            if (link) {
                link.click();
            }

        } else if (event.key === '/') {
            search = document.querySelector('input[type=search]');

            if (search) {
                event.preventDefault();
                search.focus();
            }

        } else if (event.key === '?') {
            help = document.querySelector('.keys');

            if (help) {
                help.setAttribute('tabindex', '-1');
                help.focus();
            }
        }
    });
}());
