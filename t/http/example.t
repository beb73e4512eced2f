# `make install` and the example configuration, as a city would use them.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure start stop get post header slurp spew root
             plaque_of cookies json);

my $s = demo_store(20);
configure($s);

my $installed = "$s->{dir}/installed";
my $make = join ' ', 'make -s -C', root(), 'B=' . Shian::build(),
    "DESTDIR=$installed";
my $log = `umask 077; $make install 2>&1`;
is $?, 0, 'make install' or diag $log;

# Faults C9: whatever the umask, workers can read it.
my @closed = map { s/\Q$installed//r }
    split /\n/, `find $installed -type f ! -perm -444 -o -type d ! -perm -555`;
is_deeply \@closed, ['/etc/shian/notify.json'],
    'all can be read, but where secrets come' or diag "@closed";

my $conf = slurp("$installed/usr/share/doc/shian/shian.conf");
my $port = $s->{port};
my $temp = join "\n    ", map { "${_}_temp_path $s->{dir}/$_;" }
    qw(client_body proxy fastcgi uwsgi scgi);

# Only where things lie is changed, and who listens.
for ([ qr{modules/ngx_http_shian_module.so}
       => "$installed/usr/lib/nginx/modules/ngx_http_shian_module.so" ],
     [ qr{/var/lib/shian}, $s->{store} ],
     [ qr{/etc/shian/keys}, $s->{keys} ],
     [ qr{/etc/shian/words.txt}, "$installed/etc/shian/words.txt" ],
     [ qr{/etc/shian/html}, "$installed/etc/shian/html" ],
     [ qr{shian_documents /etc/shian;},
       "shian_documents $installed/etc/shian;" ],
     [ qr{/usr/share/shian}, "$installed/usr/share/shian" ],
     [ qr{/var/log/nginx/shian.log}, "$s->{dir}/access.log" ],
     [ qr{include\s+mime.types;}, $temp ],
     [ qr{https://fsc.example.gov.cn}, $s->{base} ],
     [ qr{listen\s+80;}, "listen 127.0.0.1:$port;" ],
     [ qr{listen\s+\[::\]:80;}, "listen [::1]:$port;" ])
{
    my ($from, $to) = @$_;
    ok $conf =~ s/$from/$to/g, "the example has $from";
}

my $user = $> == 0 ? "user root;\n" : '';
spew("$s->{dir}/nginx.conf", "${user}daemon off;\n"
     . "error_log $s->{dir}/error.log info;\npid $s->{dir}/nginx.pid;\n"
     . $conf);
start($s);

is get($s, '/')->{status}, 200, 'the front page';
is get($s, '/metrics')->{status}, 200, 'metrics from this machine';
like get($s, '/v/1', headers => { 'Accept-Encoding' => 'gzip' })
    ->{headers}{'content-encoding'}[0], qr/gzip/, 'gzip';

my $code = plaque_of($s, 1);
is get($s, "/q/$code")->{status}, 307, 'a plaque leads to its page';
unlike slurp("$s->{dir}/access.log"), qr/$code/, 'and is in no log';

my %status;
$status{ post($s, '/v/1/reviews', json => { hygiene => 5 })->{status} }++
    for 1 .. 20;
cmp_ok $status{429} // 0, '>', 0, 'writes of one address are limited'
    or diag explain \%status;
cmp_ok $status{403} // 0, '>=', 11, 'the first ones are answered';

%status = ();
$status{ post($s, '/v/1/reviews', json => { hygiene => 5 }, headers =>
              { 'X-Forwarded-For' => "192.0.2.$_" })->{status} }++
    for 1 .. 6;
cmp_ok $status{429} // 0, '>=', 5, 'whatever address it claims to have'
    or diag explain \%status;

my ($refused) = grep { $_->{status} == 429 }
    map { post($s, '/complaints', form => []) } 1 .. 20;
like $refused->{body}, qr/<h1>/, 'those sent away are told in words';
is header($refused, 'retry-after'), 60, 'and for how long';

# Faults C9: what a city changes stands before what was installed, and stays.
subtest 'pages of the city' => sub {
    my ($ours, $theirs) = map { "$installed/$_" }
        'usr/share/shian/html', 'etc/shian/html';
    mkdir "$theirs/$_" for qw(static lang templates);
    spew("$theirs/static/shian.css", '/* of the city */');
    spew("$theirs/lang/zh.json", '{"site.name":"奉化食安"}');
    my $css = get($s, '/static/shian.css');
    is $css->{body}, '/* of the city */', 'a file of theirs, at once';
    is get($s, '/static/icon.svg')->{body}, slurp("$ours/static/icon.svg"),
        'and one of ours where they have none';
    my $version = sub { get($s, '/')->{body} =~ /shian\.css\?v=(\w+)/ && $1 };
    my $before = $version->();
    kill 'HUP', $s->{pid};
    ok Shian::wait_for(sub { get($s, '/')->{body} =~ /奉化食安/ }),
        'a text of theirs, after a reload';
    isnt $version->(), $before, 'caches let go of the old files';

    spew("$theirs/templates/layout.html", "\n{{> nothing}}");
    my $r = Shian::nginx_t($s);
    like $r->{out}, qr{\Q$theirs\E/templates/layout\.html:2: no such partial},
        'a mistake of theirs has file and line';
    unlink "$theirs/templates/layout.html" or die;

    # Changed in the wrong place, and installed again.
    my $changed = "$ours/templates/counterfeit.html";
    spew($changed, slurp($changed) . '<p>Call the mayor</p>');
    $log = `umask 077; $make install 2>&1`;
    is $?, 0;
    like $log, qr{html/templates/counterfeit\.html was changed};
    unlike slurp($changed), qr/the mayor/, 'ours is ours again';
    like slurp("$theirs/templates/counterfeit.html"), qr/the mayor/,
        'theirs is with theirs';
    is slurp("$theirs/static/shian.css"), '/* of the city */';
    spew("$installed/etc/shian/words.txt", 'theirs');
    $log = `$make install 2>&1`;
    unlike $log, qr/was changed/, 'once';
    is slurp("$installed/etc/shian/words.txt"), 'theirs';
};

stop($s);

# The few lines of the README, put into an nginx that runs without us.
subtest 'README' => sub {
    my ($lines) = slurp(root() . '/README.md') =~ /```nginx\n(.*?)```/s;
    my $dir = $s->{dir};
    is system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -days 2"
              . " -keyout $dir/tls.key -out $dir/tls.pem 2>$dir/openssl"), 0,
        'a certificate';
    for ([ qr{modules/ngx_http_shian_module.so}
           => "$installed/usr/lib/nginx/modules/ngx_http_shian_module.so" ],
         [ qr{/var/lib/shian}, $s->{store} ], [ qr{/etc/shian/keys},
           $s->{keys} ], [ qr{/usr/share/shian}, "$installed/usr/share/shian" ],
         [ qr{/etc/shian/html}, "$installed/etc/shian/html" ],
         [ qr{/var/log/nginx/shian.log}, "$dir/readme.log" ],
         [ qr{/etc/ssl/certs/fsc.pem}, "$dir/tls.pem" ],
         [ qr{/etc/ssl/private/fsc.key}, "$dir/tls.key" ],
         [ qr{https://fsc.example.gov.cn}, "https://127.0.0.1:$port" ],
         [ qr{listen 443}, "listen 127.0.0.1:$port" ])
    {
        my ($from, $to) = @$_;
        ok $lines =~ s/$from/$to/g, "the README has $from";
    }
    mkdir "$dir/logs";          # an nginx of other make logs there
    my $plain = Shian::free_port();
    my $rest = "${user}daemon off;\nerror_log $dir/error.log info;\n"
        . "pid $dir/nginx.pid;\nevents { }\n";
    my $others = "server { listen 127.0.0.1:$plain; return 204; }\n$temp\n";
    spew("$dir/nginx.conf", "${rest}http {\n$others}\n");
    start({ %$s, port => $plain });
    my ($pid) = slurp("$dir/nginx.pid") =~ /(\d+)/;

    $lines =~ s/^http \{/http {\n$others/m or die 'no http';
    spew("$dir/nginx.conf", $lines =~ s/^http/${rest}http/mr);
    my $r = Shian::nginx_t($s);
    is $r->{status}, 0, 'nginx -t' or diag $r->{out};
    kill 'HUP', $pid;
    my $page = sub {
        return `curl -sk --compressed https://127.0.0.1:$port$_[0]`;
    };
    ok Shian::wait_for(sub { $page->('/healthz') ne '' }),
        'after a reload it serves';
    like $page->('/v/1'), qr{</html>\s*\z}, 'pages';
    like `curl -skI https://127.0.0.1:$port/q/$code`, qr{^HTTP/2 307},
        'and plaques';
    ok Shian::wait_for(sub { slurp("$dir/readme.log") =~ m{/q/-} }),
        'the log has the scan';
    unlike slurp("$dir/readme.log"), qr/$code/, 'and not the code';
    like `curl -sk https://127.0.0.1:$port/metrics`, qr/^shian_/m, 'metrics';
};

subtest 'uninstall' => sub {
    my $log = `$make uninstall 2>&1`;
    is $?, 0 or diag $log;
    is_deeply [map { s/\Q$installed//r } grep { m{shian} && -f }
               split /\n/, `find $installed ! -path '*/etc/shian/*'`], [],
        'nothing of ours is left';
    is slurp("$installed/etc/shian/words.txt"), 'theirs',
        'what is the city\'s stays';
};

done_testing;
