/*
 * Where it happened: from the device, asked for only by a button, or by a tap
 * on a map that is loaded on demand.  The words beside it do as well.
 */

(function () {
    'use strict';

    var  box = document.querySelector('[data-locate]');
    var  lat, lng, forget, say, show, mark, map;

    if (!box) {
        return;
    }

    lat = box.querySelector('[name=lat]');
    lng = box.querySelector('[name=lng]');

    function button(text, click) {
        var  b = document.createElement('button');

        b.type = 'button';
        b.className = 'button quiet';
        b.textContent = text;
        b.addEventListener('click', click);
        box.appendChild(b);
        return b;
    }

    function draw() {
        if (!map) {
            return;
        }

        if (mark) {
            mark.remove();
        }

        if (lat.value) {
            mark = window.L.circleMarker([lat.value, lng.value],
                { radius: 12, interactive: false }).addTo(map);
        }
    }

    function set(at) {
        lat.value = at ? at[0].toFixed(6) : '';
        lng.value = at ? at[1].toFixed(6) : '';
        forget.hidden = !at;
        say.textContent = at ? box.dataset.located : '';
        draw();
    }

    function load(name, done) {
        var  css = /css$/.test(name);
        var  e = document.createElement(css ? 'link' : 'script');

        if (css) {
            e.rel = 'stylesheet';
            e.href = '/static/leaflet/' + name;

        } else {
            e.src = '/static/leaflet/' + name;
            e.onload = done;
            e.onerror = failed;
        }

        document.head.appendChild(e);
    }

    function failed() {
        say.textContent = box.dataset.failed;
    }

    /* Places that are known here lead to their own forms. */
    function link(feature) {
        var  a = document.createElement('a');

        a.href = feature.properties.href + '/complain';
        a.textContent = feature.properties.name;
        return a;
    }

    function open(points) {
        var  L = window.L, div = document.createElement('div'), layer;

        div.setAttribute('role', 'region');
        div.setAttribute('aria-label', box.dataset.map);
        box.appendChild(div);
        map = L.map(div, { zoomAnimation: false, fadeAnimation: false });
        map.attributionControl.setPrefix(false);

        if (box.dataset.tiles) {
            L.tileLayer(box.dataset.tiles, { maxZoom: 19 }).addTo(map);
        }

        layer = L.geoJSON(points, {
            filter: function (feature) { return feature.geometry !== null; },
            pointToLayer: function (feature, at) {
                return L.circleMarker(at, { radius: 6 })
                        .bindPopup(link(feature));
            }
        }).addTo(map);

        map.fitBounds(layer.getBounds().isValid()
                      ? layer.getBounds().pad(0.1)
                      : [[20, 100], [45, 125]]);
        map.on('click', function (event) {
            set([event.latlng.lat, event.latlng.wrap().lng]);
        });
        draw();
    }

    say = document.createElement('p');
    say.setAttribute('role', 'status');
    box.className += ' map pair';

    if (navigator.geolocation) {
        button(box.dataset.locate, function () {
            navigator.geolocation.getCurrentPosition(function (position) {
                set([position.coords.latitude, position.coords.longitude]);
            }, function () {
                say.textContent = box.dataset.denied;
            }, { enableHighAccuracy: true, timeout: 10000,
                 maximumAge: 60000 });
        });
    }

    show = button(box.dataset.map, function () {
        show.hidden = true;
        load('leaflet.css');
        load('leaflet.js', function () {
            fetch('/venues.geojson?limit=100').then(function (answer) {
                return answer.json();
            }).then(open).catch(failed);
        });
    });

    forget = button(box.dataset.forget, function () { set(null); });
    forget.hidden = !lat.value;
    say.textContent = lat.value ? box.dataset.located : '';
    box.appendChild(say);
}());
