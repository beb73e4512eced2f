/*
 * Keys on a desk: j and k move between records, o opens the one in hand,
 * / goes to the search.  Never while somebody types.
 */

(function () {
    'use strict';

    var  items = Array.prototype.slice.call(
                     document.querySelectorAll('[data-item]'));

    document.addEventListener('keydown', function (event) {
        var  at, link, search;

        if (event.ctrlKey || event.metaKey || event.altKey
            || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName))
        {
            return;
        }

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
        }
    });
}());
