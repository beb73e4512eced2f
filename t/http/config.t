# What nginx -t says of a wrong configuration, and several cities at once.

use strict;
use warnings;
use JSON::PP qw(encode_json);
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store new_store configure start stop nginx_t ctl get post
             header json build root free_port sign_in open_venues plaque_of
             link_of log_of slurp spew);

my $s = demo_store(20);
my $html = build() . '/html';

# The line of nginx.conf that holds the text.
sub line_of {
    my ($text) = @_;
    my @lines = split /\n/, slurp("$s->{dir}/nginx.conf");
    my ($at) = grep { index($lines[$_], $text) >= 0 } 0 .. $#lines;
    return defined $at ? $at + 1 : '?';
}

sub settings {
    my %o = (store => "shian_store $s->{store};",
             keys => "shian_keys $s->{keys};",
             html => "shian_html $html;",
             base => "shian_base_url http://127.0.0.1;", @_);
    return join "\n    ", grep { length } @o{qw(store keys html base more)};
}

# Refused with these words and the line of this text.
sub refuses {
    my ($what, $words, $at, %o) = @_;
    configure($s, %o);
    my $r = nginx_t($s);
    isnt $r->{status}, 0, $what;
    like $r->{out}, $words, "$what: says why";
    my $line = defined $at ? line_of($at) : qr/\d+/;
    like $r->{out}, qr{nginx\.conf:$line\b}, "$what: says where";
    unlike $r->{out}, qr/signal|core dumped/i;
}

# What stands on disk: content with a warning, so that no other site suffers.
sub warns {
    my ($what, $words, $at, %o) = @_;
    configure($s, %o);
    my $r = nginx_t($s);
    is $r->{status}, 0, $what;
    like $r->{out}, qr/\[warn\][^\n]*$words/, "$what: says why";
    my $line = line_of($at);
    like $r->{out}, qr{nginx\.conf:$line\b}, "$what: says where";
    unlike $r->{out}, qr/\[(?:emerg|alert|crit)\]|core dumped/;
}

subtest 'a good one' => sub {
    my $before = slurp("$s->{store}/data.mdb");
    configure($s);
    my $r = nginx_t($s);
    is $r->{status}, 0 or diag $r->{out};
    is $r->{out}, '', 'has nothing to remark';
    ok slurp("$s->{store}/data.mdb") eq $before, 'the store is as it was';
};

subtest 'the store' => sub {
    my $store = "shian_store $s->{dir}/none;";
    warns('no store', qr{none}, $store,
            settings => settings(store => $store));
    mkdir "$s->{dir}/empty" or die;
    $store = "shian_store $s->{dir}/empty;";
    warns('an empty folder', qr{empty}, $store,
            settings => settings(store => $store));
    mkdir "$s->{dir}/junk" or die;
    spew("$s->{dir}/junk/data.mdb", 'x' x 10_000);
    $store = "shian_store $s->{dir}/junk;";
    warns('something else', qr{junk}, $store,
            settings => settings(store => $store));
    ok slurp("$s->{dir}/junk/data.mdb") eq 'x' x 10_000, 'left as it was';
    for my $bad ('map_size=1', 'map_size=x', 'readers=0', 'readers=x',
                 'readers=9999999', 'batch=0', 'batch=513', 'sync=off')
    {
        $store = "shian_store $s->{store} $bad;";
        refuses($bad, qr/"\Q$bad\E"/, $store,
                settings => settings(store => $store));
    }
    # faults C5: one store by several names, told different things.
    symlink $s->{store}, "$s->{dir}/link" or die $!;
    for my $twice ('map_size=1g map_size=1g', 'readers=9 readers=9',
                   'batch=1 batch=2')
    {
        $store = "shian_store $s->{store} $twice;";
        refuses($twice, qr/is given twice/, $store,
                settings => settings(store => $store));
    }
    for my $other ("$s->{store}/", "$s->{store}/.", "$s->{dir}/link",
                   "$s->{dir}/link/../store")
    {
        my $here = free_port();
        my $line = "shian_store $other map_size=3g;";
        my %o = (settings => settings(
                     store => "shian_store $s->{store} map_size=2g;"),
                 http => "server { listen 127.0.0.1:$here;\n$line\n"
                     . 'location / { shian; } }');
        refuses("$other", qr/not what the same store has/, $line, %o);
        $o{http} =~ s/3g/2g/;
        configure($s, %o);
        my $r = nginx_t($s);
        is $r->{out}, '', "$other is the same";
        start($s, %o);
        is get({ %$s, port => $_ }, '/healthz')->{status}, 200
            for $s->{port}, $here;
        stop($s);
        unlike log_of($s), qr/by another name/, 'and opened once';
    }
};

subtest 'keys' => sub {
    my $good = slurp($s->{keys});
    my $file = "$s->{dir}/keys2";
    my $line = "shian_keys $file;";
    warns('none', qr{keys2}, $line, settings => settings(keys => $line));
    spew($file, $good);
    chmod 0644, $file;
    warns('open to all', qr{keys2.*(?:mode|0600)}s, $line,
            settings => settings(keys => $line));
    chmod 0600, $file;
    spew($file, "${good}token short x\n");
    my $n = () = $good =~ /\n/g;
    warns('a bad line', qr{keys2(?::|.*line )@{[$n + 1]}\b}, $line,
            settings => settings(keys => $line));
    spew($file, "$good$good");
    warns('a key twice', qr{keys2}, $line,
            settings => settings(keys => $line));
    spew($file, '');
    warns('an empty one', qr{keys2}, $line,
            settings => settings(keys => $line));
    for my $secret ($good =~ /([\w-]{40,})/g) {
        unlike log_of($s), qr/\Q$secret\E/, 'no key in the log';
    }
};

subtest 'pages' => sub {
    my $dir = "$s->{dir}/html";
    my $line = "shian_html $dir;";
    warns('none', qr{html}, $line, settings => settings(html => $line));
    system('cp', '-R', $html, $dir) == 0 or die;
    configure($s, settings => settings(html => $line));
    is nginx_t($s)->{status}, 0, 'a copy is as good';
    spew("$dir/templates/venue.html", "<p>\n{{#name}}\nnever closed\n");
    warns('a template', qr{venue\.html:\d+}, $line,
            settings => settings(html => $line));
    my $page = slurp("$html/templates/venue.html");
    for my $case (
        # faults D1: nothing was shown in its place, and nobody was told.
        ['a name that no view has', "{{frame.idempotency_kye}}\n$page",
         qr{venue\.html:1: names what is not there: frame\.idemp}],
        ['one within a list', "$page\n{{#reviews}}{{starz}}{{/reviews}}\n",
         qr{venue\.html:\d+: names what is not there: starz}],
        # faults C8: an error page, without a line in the log.
        ['a page within itself', "$page\n{{> venue}}\n",
         qr{venue\.html:\d+: includes itself}],
        ['bytes of another charset', "$page\n\xb0\xa1\n",
         qr{venue\.html:\d+: is not UTF-8}])
    {
        my ($what, $text, $says) = @$case;
        spew("$dir/templates/venue.html", $text);
        warns($what, $says, $line, settings => settings(html => $line));
    }
    spew("$dir/templates/venue.html", $page);
    spew("$dir/templates/loop.html", "{{#x}}{{> loop2}}{{/x}}");
    spew("$dir/templates/loop2.html", "\n{{> loop}}");
    warns('two parts within each other', qr{loop2\.html:2: includes itself},
            $line, settings => settings(html => $line));
    unlink "$dir/templates/$_.html" for qw(loop loop2);

    unlink "$dir/templates/venue.html";
    warns('one missing', qr{venue}, $line,
            settings => settings(html => $line));
    system('cp', "$html/templates/venue.html", "$dir/templates") == 0 or die;
    spew("$dir/lang/en.json", "{\n\"a\": \n");
    warns('a language', qr{en\.json}, $line,
            settings => settings(html => $line));
};

# faults C1: an upgrade that is half done says so, in one line, and serves.
subtest 'versions' => sub {
    my $dir = "$s->{dir}/html-old";
    system('cp', '-R', $html, $dir) == 0 or die;
    spew("$dir/version", "0.0.9\n");
    configure($s, settings => settings(html => "shian_html $dir;"));
    my $r = nginx_t($s);
    is $r->{status}, 0;
    like $r->{out}, qr/\A[^\n]*\[warn\][^\n]*0\.0\.9[^\n]*nginx\.conf:\d+\n\z/,
        'one line';
    start($s, settings => settings(html => "shian_html $dir;"));
    is get($s, '/venues')->{status}, 200;
    my $version = json(get($s, '/.well-known/shian.json'))->{version};
    stop($s);
    is slurp("$html/version"), "$version\n", 'ours are the same';
};

# What a city edits: each file by its name, and ours where there is none.
sub documents {
    my $dir = "$s->{dir}/city";
    my $line = "shian_documents $dir;";
    warns('no folder of calendars', qr{city/holidays}, 'shian_documents',
            http => $line);
    mkdir $_ or die for $dir, "$dir/holidays";
    configure($s, http => $line);
    is nginx_t($s)->{status}, 0, 'no file is fine';
    refuses('two of shian_documents', qr/is duplicate/, 'shian_documents',
            http => "$line $line");
    spew("$dir/holidays/2027.csv", "date,kind\n2027-02-30,holiday\n");
    warns('a day that is none', qr{2027\.csv}, 'shian_documents',
            http => $line);
    spew("$dir/holidays/2027.csv", "date,kind\n2027-01-01,holiday\n");
    spew("$dir/texts.json", '{"fly": []}');
    warns('a step that is none', qr{texts\.json.*fly}, 'shian_documents',
            http => $line);
    unlink "$dir/texts.json";
    spew("$dir/categories.json", encode_json({ items => [ {
        code => 'rats', severity => 'critical', group => 'food',
        text => "\x{8001}\x{9f20}", text_en => 'Rats and mice',
        description => "\x{8001}\x{9f20}",
        description_en => 'Rats and mice' } ] }));
    configure($s, http => $line);
    is nginx_t($s)->{status}, 0, 'categories of our own'
        or diag nginx_t($s)->{out};
    start($s, http => $line);
    like get($s, '/complain?lang=en')->{body}, qr/Rats and mice/,
        'the form offers them';
    stop($s);
    configure($s);
}

subtest 'directives' => sub {
    for my $name (qw(store keys html base)) {
        my $directive = $name eq 'base' ? 'shian_base_url' : "shian_$name";
        refuses("no $directive", qr/"shian".*needs "$directive"/, undef,
                settings => settings($name => ''));
        my ($line) = settings() =~ /(\Q$directive\E [^;]+;)/;
        refuses("two of $directive", qr/"$directive".*is duplicate/, undef,
                settings => settings(more => $line));
    }
    refuses('two of shian', qr/"shian".*is duplicate/, undef,
            location => 'shian;');
    for my $bad (map { "shian_base_url $_;" } 'fsc.example', 'ftp://x',
                 'https://x/y', 'https://', 'https://me@x', 'https://x?y',
                 "'https://x\"y'", '"https://x; y"')
    {
        refuses($bad, qr/is no base URL/, $bad,
                settings => settings(base => $bad));
    }
    # faults C8: what -t let pass and no request could follow.
    for my $port ('https://x:99999', 'https://x:0', 'https://x:',
        'https://x:y', 'https://:80', 'https://[::1', 'https://[::1]:70000',
        'https://a:1:2')
    {
        refuses($port, qr/is no base URL/, $port,
                settings => settings(base => "shian_base_url $port;"));
    }
    for my $good ('https://x:65535', 'https://[::1]:8443', 'https://[::1]',
                  'http://x/')
    {
        configure($s, settings => settings(base => "shian_base_url $good;"));
        is nginx_t($s)->{status}, 0, $good or diag nginx_t($s)->{out};
    }
    for my $beside ('shian_metrics;', 'proxy_pass http://127.0.0.1:1;',
                    'return 204;', 'stub_status;', 'empty_gif;')
    {
        refuses("$beside beside shian", qr/"shian\w*".*(?:beside|behind)/,
                undef, location => $beside);
        refuses("$beside before shian", qr/(?:beside|behind)/, undef,
                server => "location /venues { $beside shian; }");
    }
    configure($s, location => 'if ($http_x_evil) { return 403; }');
    is nginx_t($s)->{status}, 0, 'a return under an if is fine'
        or diag nginx_t($s)->{out};
    for my $at ('/city/', '/city', '= /venue', '^~ /qq/', '/lists-of/',
                '/v1')
    {
        refuses("location $at", qr/has no page below/, undef,
                server => "location $at { shian; }");
    }
    for my $at ('/desk/', '= /venues', '/q/', '/v/1/', '= /venues.json',
                '/static/leaflet/', '~ ^/(q|Q)/', '/open311/v2/', '@there')
    {
        configure($s, server => "location $at { shian; }");
        is nginx_t($s)->{status}, 0, "location $at"
            or diag nginx_t($s)->{out};
    }
    for my $bad ('shian_grading maybe;', 'shian_grading on every=1s;',
                 'shian_grading on interval=x;', 'shian_write_queue x;',
                 'shian_grading;', 'shian_grading on interval=0;',
                 'shian_write_queue -1;', 'shian_write_queue 0;',
                 'shian_events_heartbeat 0;', 'shian_events_heartbeat x;',
                 'shian_city;', 'shian_bureau a b c;', 'shian_flying on;',
                 'shian_sso $x;', 'shian_metrics;',
                 'shian_tiles nonsense;', 'shian_tiles ftp://x/{z}/{x}/{y};',
                 'shian_tiles "https://x/{z}/{x}.png";',
                 'shian_tiles "https://{s}.x/{z}/{x}/{y}.png";',
                 'shian_tiles "https://x; script-src *;/{z}/{x}/{y}";')
    {
        refuses($bad, qr/\w/, $bad, settings => settings(more => $bad));
    }
    for my $bad ('shian_sso admin;', 'shian_sso a$b;', 'shian on;',
                 'shian_metrics on;', "shian_store $s->{store};")
    {
        refuses($bad, qr/\w/, $bad, location => $bad);
    }
    spew("$s->{dir}/words", "word\n");
    for my $twice ('shian_write_queue 9;', 'shian_events_heartbeat 9s;',
                   'shian_grading on;', 'shian_city X;', 'shian_bureau X;',
                   "shian_words $s->{dir}/words;",
                   'shian_tiles "https://x/{z}/{x}/{y}.png";')
    {
        refuses("$twice twice", qr/is duplicate/, $twice,
                settings => settings(more => "$twice $twice"));
    }
    for my $bad ('shian_words /none;', "shian_words $s->{dir};") {
        warns($bad, qr/shian: "/, $bad, settings => settings(more => $bad));
    }
    spew("$s->{dir}/words", "\xff\xfe\n");
    warns('words not in UTF-8', qr/UTF-8/, 'shian_words',
            settings => settings(more => "shian_words $s->{dir}/words;"));
    documents();
    my $n = () = log_of($s) =~ /\[emerg\]/g;
    cmp_ok $n, '>', 10, 'the log has them too';
};

subtest 'the tiles of a map' => sub {
    for my $url ('https://tiles.example:8443/a/{z}/{x}/{y}.png',
                 '/tiles/{z}/{x}/{y}.png')
    {
        start($s, settings => settings(more => "shian_tiles \"$url\";"));
        my $a = get($s, '/venues');
        like $a->{body}, qr/data-tiles="\Q$url\E"/, $url;
        my ($from) = header($a, 'content-security-policy')
            =~ /img-src 'self' data: ?([^;]*);/;
        is $from, $url =~ m{^(https://[^/]+)} ? $1 : '',
            'pictures come from there and nowhere else';
        stop($s);
    }
};

subtest 'the pool' => sub {
    refuses('not declared', qr/thread.pool "shian"/, undef, pool => '');
    refuses('another', qr/thread.pool "shian"/, undef,
            pool => 'thread_pool other threads=1;');
    refuses('one of two', qr/thread.pool "shian_files"/, undef,
            pool => 'thread_pool shian threads=1;');
};

subtest 'two cities on one nginx' => sub {
    my $a = demo_store(20);
    my $b = demo_store(30);
    $b->{port} = free_port();
    $b->{base} = "http://127.0.0.1:$b->{port}";
    start($a, http => <<"END");
    server {
        listen 127.0.0.1:$b->{port};
        shian_store $b->{store};
        shian_keys $b->{keys};
        shian_base_url $b->{base};
        location / { shian; }
    }
    server {
        listen 127.0.0.1:@{[free_port()]};
        location / { return 204; }
    }
END
    is join(' ', map { get($_, '/v/25.json')->{status} } $a, $b), '404 200',
        'two stores';
    my $chief = sign_in($a, login => 'chief');
    is get($a, '/desk', jar => { %$chief })->{status}, 200;
    is get($b, '/desk', jar => { %$chief })->{status}, 401,
        'a session of one is none in the other';
    my ($v) = open_venues($a);
    my $code = plaque_of($a, $v);
    is get($a, "/q/$code")->{status}, 307;
    is get($b, "/q/$code")->{status}, 404, 'nor is a plaque';
    is post($b, link_of($b, login => 'chief'))->{status}, 303,
        'both are written to';
    kill 'HUP', $a->{pid};
    is get($_, '/healthz')->{status}, 200, 'after a reload' for $a, $b;
    is ctl($_, 'verify')->{status}, 0 for $a, $b;
    stop($a);
    unlike log_of($a), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
};

subtest 'one city behind two servers, and none beside it' => sub {
    my $other = free_port();
    start($s, location => 'shian_sso $http_x;', http => <<"END", settings =>
    server { listen 127.0.0.1:$other; location / { shian; } }
END
        settings(more => "shian_grading on interval=5s;\n"
                 . 'shian_write_queue 10;'));
    my %second = (%$s, port => $other);
    is get($_, '/')->{status}, 200 for $s, \%second;
    stop($s);
};

done_testing;
