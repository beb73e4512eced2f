/*
 * Where it happened, from the device: asked for only by a button, and the
 * words beside it do as well.
 */

(function () {
    'use strict';

    var  box = document.querySelector('[data-locate]');
    var  locate, forget, say;

    if (!box || !navigator.geolocation) {
        return;
    }

    function button(text) {
        var  b = document.createElement('button');

        b.type = 'button';
        b.className = 'button quiet';
        b.textContent = text;
        box.appendChild(b);
        return b;
    }

    function set(lat, lng) {
        box.querySelector('[name=lat]').value = lat;
        box.querySelector('[name=lng]').value = lng;
        forget.hidden = lat === '';
    }

    say = document.createElement('p');
    say.setAttribute('role', 'status');
    box.className += ' pair';
    locate = button(box.dataset.locate);
    forget = button(box.dataset.forget);
    forget.hidden = box.querySelector('[name=lat]').value === '';
    say.textContent = forget.hidden ? '' : box.dataset.located;
    box.appendChild(say);

    locate.addEventListener('click', function () {
        navigator.geolocation.getCurrentPosition(function (position) {
            set(position.coords.latitude.toFixed(6),
                position.coords.longitude.toFixed(6));
            say.textContent = box.dataset.located;
        }, function () {
            say.textContent = box.dataset.denied;
        }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
    });

    forget.addEventListener('click', function () {
        set('', '');
        say.textContent = '';
        locate.focus();
    });
}());
