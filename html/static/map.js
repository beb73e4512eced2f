/*
 * The map of a list of venues: loaded when asked for, so that nobody pays
 * for it on a slow line; the list below it says the same without it.
 */

(function () {
    'use strict';

    var  box = document.querySelector('.map[data-points]');
    var  show, near, say;

    if (!box) {
        return;
    }

    function button(text) {
        var  b = document.createElement('button');

        b.type = 'button';
        b.className = 'button quiet';
        b.textContent = text;
        return b;
    }

    function tell(text) {
        say.textContent = text;
    }

    function load(name, done) {
        var  e;

        if (/css$/.test(name)) {
            e = document.createElement('link');
            e.rel = 'stylesheet';
            e.href = '/static/leaflet/' + name;

        } else {
            e = document.createElement('script');
            e.src = '/static/leaflet/' + name;
            e.onload = done;
            e.onerror = function () { tell(box.dataset.failed); };
        }

        document.head.appendChild(e);
    }

    /* The faces of the list below, by the link they stand in. */
    function face(href) {
        var  row = document.querySelector('a.row[href="' + CSS.escape(href)
                                          + '"] svg');

        return row ? row.cloneNode(true) : document.createElement('span');
    }

    function popup(properties) {
        var  p = document.createElement('p'), a = document.createElement('a');

        a.href = properties.href;
        a.textContent = properties.name;
        p.appendChild(a);
        p.appendChild(document.createElement('br'));
        p.appendChild(document.createTextNode(
            box.dataset[properties.colour] || ''));
        return p;
    }

    function draw(points) {
        var  L = window.L, div = document.createElement('div'), map, layer;

        div.setAttribute('role', 'region');
        div.setAttribute('aria-label', box.dataset.label);
        box.appendChild(div);
        map = L.map(div, { zoomAnimation: false, fadeAnimation: false });
        map.attributionControl.setPrefix(false);

        if (box.dataset.tiles) {
            L.tileLayer(box.dataset.tiles, { maxZoom: 19 }).addTo(map);
        }

        layer = L.geoJSON(points, {
            filter: function (feature) { return feature.geometry !== null; },
            pointToLayer: function (feature, at) {
                return L.marker(at, {
                    title: feature.properties.name,
                    alt: feature.properties.name,
                    icon: L.divIcon({
                        className: 'pin',
                        iconSize: [28, 28],
                        html: face(feature.properties.href)
                    })
                }).bindPopup(popup(feature.properties));
            }
        }).addTo(map);

        if (layer.getBounds().isValid()) {
            map.fitBounds(layer.getBounds().pad(0.1), { maxZoom: 16 });

        } else {
            tell(box.dataset.failed);
            div.remove();
        }
    }

    say = document.createElement('p');
    say.setAttribute('role', 'status');
    box.className += ' pair';

    if (box.dataset.points) {
        show = button(box.dataset.show);
        box.appendChild(show);
        show.addEventListener('click', function () {
            show.hidden = true;
            load('leaflet.css');
            load('leaflet.js', function () {
                fetch(box.dataset.points).then(function (answer) {
                    return answer.json();
                }).then(draw).catch(function () { tell(box.dataset.failed); });
            });
        });
    }

    if (navigator.geolocation) {
        near = button(box.dataset.near);
        box.appendChild(near);
        near.addEventListener('click', function () {
            navigator.geolocation.getCurrentPosition(function (position) {
                location.assign((box.dataset.here
                                 || '/venues?radius=1000&near=')
                    + position.coords.latitude.toFixed(4) + ','
                    + position.coords.longitude.toFixed(4));
            }, function () {
                tell(box.dataset.denied);
            }, { timeout: 10000, maximumAge: 60000 });
        });
    }

    box.appendChild(say);
}());
