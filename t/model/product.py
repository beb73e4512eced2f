"""The product as a city has it: a store, nginx over it, the command line, and
a clock that stands until the test moves it.  Driven by its doors alone."""

import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, '..', '..'))
BUILD = os.path.abspath(os.environ.get('B') or os.path.join(ROOT, 'build'))

CONF = '''
{user}
daemon off;
worker_processes 1;
error_log {dir}/error.log info;
pid {dir}/nginx.pid;
load_module {build}/ngx_http_shian_module.so;
thread_pool shian threads=1;
thread_pool shian_files threads=1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    {temp}
    shian_store {dir}/store;
    shian_keys {dir}/keys;
    shian_html {build}/html;
    shian_base_url http://127.0.0.1:{port};
    shian_grading on interval=20ms;
    server {{
        listen 127.0.0.1:{port};
        location / {{ shian; client_max_body_size 8m; }}
        location = /metrics {{ shian_metrics; }}
    }}
}}
'''


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class Clock:
    """The file that t/lib/clock.c looks at."""

    def __init__(self, folder):
        self.now = 0
        self.passed = 0
        self.file = os.path.join(folder, 'clock')
        self.lib = os.path.join(folder, 'clock.so')
        subprocess.run([os.environ.get('CC') or 'cc', '-D_GNU_SOURCE',
                        '-shared', '-fPIC', '-O1', '-o', self.lib,
                        os.path.join(ROOT, 't', 'lib', 'clock.c')],
                       check=True)
        open(self.file, 'wb').close()

    def at(self, now):
        """Time goes by until then; the first time it is set."""
        self.passed += now - self.now if self.now else 0
        self.now = now
        with open(self.file, 'r+b', buffering=0) as f:
            f.write(struct.pack('<qqq', now * 1000, self.passed * 1000, 0))

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith('SHIAN_')}
        env['TEST_CLOCK'] = self.file
        env['LD_PRELOAD'] = ' '.join(filter(None, [
            os.environ.get('SHIAN_PRELOAD'), os.environ.get('LD_PRELOAD'),
            self.lib]))
        return env


class Product:
    def __init__(self, now):
        self.dir = tempfile.mkdtemp(prefix='shian-city-')
        self.clock = Clock(self.dir)
        self.clock.at(now)
        self.nginx = None
        self.tokens = {}
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.base = f'http://127.0.0.1:{self.port}'
        self.ctl('init')
        temp = ''.join(f'{n}_temp_path {self.dir}/{n};' for n in
                       ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        self.write('nginx.conf', CONF.format(
            user='user root;' if os.geteuid() == 0 else '', dir=self.dir,
            build=BUILD, temp=temp, port=self.port))

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return path

    # ---- programs ----------------------------------------------------------

    def ctl(self, *args, fails=False):
        r = subprocess.run(
            [f'{BUILD}/shianctl', '--store', f'{self.dir}/store', '--keys',
             f'{self.dir}/keys', '--base-url', self.base, '--html',
             f'{BUILD}/html', *map(str, args)],
            env=self.clock.environment(), stdin=subprocess.DEVNULL,
            capture_output=True, check=False)
        if r.returncode != 0 and not fails:
            raise RuntimeError(f'{args}: {r.stderr.decode()}')
        return r.stdout.decode()

    def start(self):
        self.nginx = subprocess.Popen(
            [shutil.which('nginx', path=os.environ['PATH'] + ':/usr/sbin'),
             '-q', '-e', f'{self.dir}/error.log', '-p', self.dir, '-c',
             f'{self.dir}/nginx.conf'], env=self.clock.environment(),
            stdin=subprocess.DEVNULL)
        self.wait_for(self.listens, 'nginx')

    def listens(self):
        if self.nginx.poll() is not None:
            raise RuntimeError('nginx ended: ' + self.errors())
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port)) == 0

    def stop(self):
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait(20)
            self.nginx = None

    def errors(self):
        try:
            with open(f'{self.dir}/error.log', encoding='utf-8') as f:
                return ''.join(line for line in f if re.search(
                    r'\[(error|crit|alert|emerg)\]|exited on signal', line))
        except OSError:
            return ''

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def wait_for(code, what, seconds=30):
        end = time.monotonic() + seconds
        while not code():
            if time.monotonic() > end:
                raise RuntimeError(f'no {what} in {seconds} s')
            time.sleep(0.004)

    def night_is_over(self):
        """The routine has been through the day that the clock shows."""
        day = (self.clock.now + 28800) // 86400

        def done():
            m = self.get('/metrics').body
            return (re.search(rf'^shian_grading_day\S* {day}$', m, re.M)
                    and re.search(r'^shian_grading_venue\S* 0$', m, re.M))
        self.wait_for(done, f'grading of day {day}')

    # ---- HTTP --------------------------------------------------------------

    def request(self, method, path, body=None, who=None, jar=None, **headers):
        """who is a login, or the number of a venue for its people."""
        for attempt in (1, 2):
            a = self.once(method, path, body, who, jar, headers)
            if a.status != 401 or who is None:
                return a
            self.tokens.pop(who, None)      # too old: a new one
        return a

    def once(self, method, path, body, who, jar, headers):
        h = {'Accept': 'application/json', 'Connection': 'close'}
        h.update({k.replace('_', '-'): v for k, v in headers.items()})
        if who is not None:
            h['Authorization'] = 'Bearer ' + self.token(who)
        if jar:
            h['Cookie'] = '; '.join(f'{k}={v}' for k, v in jar.items())
        if body is not None:
            h['Content-Type'] = 'application/json'
            body = json.dumps(body).encode()
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        c.request(method, path, body, h)
        r = c.getresponse()
        text = r.read().decode('utf-8', 'replace')
        if jar is not None:
            for cookie in r.headers.get_all('Set-Cookie') or []:
                name, value = cookie.split(';')[0].split('=', 1)
                jar[name] = value
        c.close()
        return Answer(r.status, r.headers, text)

    def get(self, path, **how):
        return self.request('GET', path, **how)

    def post(self, path, body, **how):
        return self.request('POST', path, body, **how)

    def all(self, path, who=None):
        """Every item of a list, page by page."""
        items = []
        while path:
            page = self.get(path, who=who).json()
            items += page.get('items', [])
            path = page.get('next')
            if path and path.startswith('http'):
                path = path[len(self.base):]
        return items

    def token(self, who):
        if who not in self.tokens:
            name = ('--venue', who) if isinstance(who, int) else (
                '--login', who)
            out = self.ctl('link', *name, '--bearer', '--ttl', '7d')
            self.tokens[who] = out.split()[-1]
        return self.tokens[who]

    # ---- lists that come by file -------------------------------------------

    def import_rows(self, what, rows, *more):
        text = '\n'.join(','.join(map(str, row)) for row in rows) + '\n'
        return self.ctl('import', what, self.write(f'{what}.csv', text),
                        *more)

    def plaque(self, venue):
        out = self.ctl('plaque', 'issue', venue)
        return re.search(r'/Q/([0-9A-Z]{17})', out).group(1)

    def grades(self, *args):
        """id: what `grade --json` says of it."""
        out = self.ctl('--json', 'grade', *args)
        return {g['id']: g for g in map(json.loads, out.splitlines())}


def quote(text):
    return urllib.parse.quote(str(text), safe='')
