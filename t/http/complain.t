# Complaints and reports, from the form to the link that follows them.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl get post request header
             cookies json plaque_of open_venues sign_in seq log_of slurp
             spew root);

my $s = demo_store();
configure($s,
    http => 'map "$request_method $uri" $shian_complainer {'
        . ' default ""; "POST /complaints" $http_x_flood; }'
        . ' limit_req_zone $shian_complainer zone=c:1m rate=1r/m;'
        . ' limit_req_status 429;',
    location => 'limit_req zone=c burst=2 nodelay; error_page 429 /limited;'
        . ' client_max_body_size 50m;');
$s->{conf} = slurp("$s->{dir}/nginx.conf");
$s->{conf} =~ s/client_max_body_size 40m;//;
spew("$s->{dir}/nginx.conf", $s->{conf});
start($s);

my @venues = open_venues($s);
my ($v, $v2, $v3, $v4, $v5) = @venues;
my $photos = root() . '/t/fuzz/corpus/photo';
my %photo = map { $_ => slurp("$photos/$_") } qw(grey.jpg rgba.png);
my $JSON = [Accept => 'application/json'];
my @person = (name => '王小明', contact => '13800138000');

# Somebody who has opened the form, and so is a device.
sub somebody {
    my $jar = {};
    get($s, '/complain', jar => $jar);
    return $jar;
}

sub codes {
    my ($answer) = @_;
    return join ' ', sort map { "$_->{field}:$_->{code}" }
        @{json($answer)->{errors} || []};
}

sub jpeg {
    my ($name) = @_;
    return { name => $name, type => 'image/jpeg', data => $photo{'grey.jpg'} };
}

sub follow {
    my ($track, @o) = @_;
    return json(get($s, "$track.json", @o));
}

subtest 'the form' => sub {
    my $jar = {};
    my $a = get($s, "/v/$v/complain", jar => $jar);
    is $a->{status}, 200;
    ok $jar->{device}, 'makes a device of whoever opens it';
    is header($a, 'cache-control'), 'no-store';
    like $a->{body}, qr/name="venue" value="$v"/, 'with its venue';
    unlike $a->{body}, qr/name="place"/;
    like $a->{body}, qr/<option value="illness">/, 'and the categories';
    like get($s, '/complain')->{body}, qr/name="place"/, 'or without one';
    like get($s, "/v/$v/complain?lang=en")->{body}, qr/Something in the food/;
    is get($s, '/v/999999/complain')->{status}, 404;
    my $html = get($s, "/v/$v")->{body};
    like $html, qr{href="/v/$v/complain"}, 'the venue page leads to it';
    is json(get($s, "/v/$v.json"))->{links}{complain}, "/v/$v/complain";
};

my ($track, $id);

subtest 'three kinds' => sub {
    my $before = get($s, "/v/$v.json");
    my $a = post($s, '/complaints', jar => somebody(), json =>
        { venue => $v, kind => 'complaint', category => 'foreign',
          text => "汤里有头发 <b>&\"'", happened_on => '2026-01-02', @person });
    is $a->{status}, 201, 'a complaint' or diag $a->{body};
    my $c = json($a);
    ($id, $track) = @$c{qw(number track)};
    like $id, qr/\A20\d{6}-[0-9A-HJKMNP-TV-Z]{4}\z/, 'a number to tell';
    is_deeply [sort keys %$c], [qw(number track)], 'and nothing that counts';
    like $track, qr{\A/t/2[0-9A-HJKMNP-TV-Z]{30}\z}, 'gives its link';
    is header($a, 'location'), $track;
    is header($a, 'cache-control'), 'no-store';
    ok !$c->{linked};

    my $t = follow($track);
    is $t->{number}, $id;
    ok !exists $t->{id};
    is $t->{kind}, 'complaint';
    is $t->{state}, 'received';
    is $t->{text}, "汤里有头发 <b>&\"'", 'what was written comes back';
    is $t->{happened_on}, '2026-01-02';
    is $t->{venue}, $v;
    like $t->{due_on}, qr/\A\d{4}-\d\d-\d\d\z/, 'with its due date';
    cmp_ok $t->{days_left}, '<=', 7;
    ok $t->{working_days};
    is_deeply [sort @{$t->{actions}}], [qw(add withdraw)], 'and its steps';
    is_deeply [map { $_->{what} } @{$t->{events}}], ['post'];
    my $all = get($s, "$track.json")->{body};
    unlike $all, qr/13800138000|小明/, 'name and contact stay away';

    my $html = get($s, $track);
    like $html->{body}, qr/&lt;b(?:&gt;|>)&amp;/, 'inert in HTML';
    is header($html, 'cache-control'), 'no-store';
    like header($html, 'x-robots-tag'), qr/noindex/;
    ok !header($html, 'etag') || header($html, 'cache-control') eq 'no-store';

    $a = post($s, '/complaints', jar => somebody(), form =>
        [venue => $v, kind => 'report', category => 'licence',
         text => '没有许可证']);
    is $a->{status}, 303, 'a report, with no name, by a form';
    my $there = header($a, 'location');
    like $there, qr{\A/t/[^?]+\?new=1\z};
    $html = get($s, $there)->{body};
    like $html, qr/<svg/, 'a QR to keep';
    like $html, qr/class="code">\d{8}-\w{4}</, 'a number';
    like $html, qr{\Q$s->{base}\E/t/2}, 'the link';
    like $html, qr/12315/, 'who to call';
    unlike get($s, $there =~ s/\?.*//r)->{body}, qr/class="qr"/,
        'but once';

    $a = post($s, '/complaints', jar => somebody(), headers => $JSON,
        multipart => [venue => $v2, kind => 'both', category => 'illness',
                      text => 'ill', @person, photo => jpeg('a.jpg'),
                      photo => { name => 'b.png', type => 'image/png',
                                 data => $photo{'rgba.png'} }]);
    is $a->{status}, 201, 'both' or diag $a->{body};
    my $both = json($a);
    my $one = follow($both->{track});
    my $two = follow($both->{linked}{track});
    is $one->{kind}, 'complaint';
    is $two->{kind}, 'report';
    isnt $one->{number}, $two->{number};
    is $one->{linked}{number}, $two->{number}, 'are two that know each other';
    is $two->{linked}{number}, $one->{number};
    ok !grep({ exists $_->{linked}{id} } $one, $two), 'without counting';
    is scalar @{$_->{photos}}, 2, 'with the photos' for $one, $two;
    my $href = $one->{photos}[0]{href};
    is get($s, $href)->{status}, 200, 'their links show them';
    is header(get($s, $href), 'cache-control'), 'no-store';
    like $href, qr{^\Q$both->{track}\E/photos/1\z};
    is get($s, "$both->{track}/photos/$_")->{status}, 404, "no photo $_"
        for 0, 3, 4, 99, 100, 101, 201, 9901, 10 ** 17;
    is get($s, $href =~ s/(.{9})\/photos/reverse($1) . '\/photos'/er)
        ->{status}, 404, 'and no other link does';

    my $after = get($s, "/v/$v.json");
    is $after->{body}, $before->{body}, 'the venue page says nothing of it';
    is header($after, 'etag'), header($before, 'etag');
};

subtest 'a place that is no venue' => sub {
    my $a = post($s, '/complaints', jar => somebody(), json =>
        { place => '汽车站后面', kind => 'report', category => 'other',
          text => 'x', district => '锦屏街道' });
    is $a->{status}, 201, 'in words' or diag $a->{body};
    is follow(json($a)->{track})->{place}, '汽车站后面';
    $a = post($s, '/complaints', jar => somebody(), json =>
        { lat => 29.65, lng => 121.4, kind => 'report', category => 'other',
          text => 'x' });
    is $a->{status}, 201, 'by its position' or diag $a->{body};
    my $html = get($s, json($a)->{track})->{body};
    like $html, qr/<dd>[^<]+</, 'and the page says so';
};

subtest 'all that is wrong' => sub {
    my $n = seq($s);
    my $a = post($s, '/complaints', jar => somebody(), headers => $JSON,
        form => [kind => 'both', category => 'nothing', text => 'x' x 4001,
                 happened_on => '2199-01-01', lat => 'x', contact => '12']);
    is $a->{status}, 422;
    my $codes = codes($a);
    like $codes, qr/\b\Q$_\E/, $_ for qw(category:unknown text:too_long lat:
        contact:too_short name:required);
    $a = post($s, '/complaints', jar => somebody(), headers => $JSON,
              form => []);
    like codes($a), qr/\b\Q$_\E/, $_ for qw(kind:required category:required
        text:required venue:required);
    $a = post($s, '/complaints', jar => somebody(), json =>
        { venue => 999999, kind => 'report', category => 'other',
          text => 'x' });
    is codes($a), 'venue:unknown';
    $a = post($s, '/complaints', jar => somebody(), json =>
        { venue => $v, kind => 'report', category => 'other', text => 'x',
          happened_on => '2199-01-01' });
    is codes($a), 'happened_on:range', 'what has not happened yet';
    $a = post($s, '/complaints', jar => somebody(), json =>
        { venue => $v, kind => 'complaint', category => 'other',
          text => 'x' });
    is codes($a), 'contact:required name:required';
    $a = post($s, '/complaints', jar => somebody(), json =>
        { venue => $v, kind => 'report', category => 'other', text => 'x',
          vault => '00', severity => 'minor', look_due_at => 1 });
    like codes($a), qr/look_due_at:unknown.*severity:unknown.*vault:unknown/,
        'what is ours is not theirs to set';

    my $jar = somebody();
    $a = post($s, '/complaints', jar => $jar, multipart =>
        [venue => $v, kind => 'both', text => 'kept <words>',
         contact => '13800138000', photo => jpeg('a.jpg')]);
    is $a->{status}, 422, 'the form again';
    like $a->{body}, qr/kept &lt;words(?:&gt;|>)/, 'with what was typed';
    like $a->{body}, qr/value="both" required checked/, 'and chosen';
    like $a->{body}, qr/value="13800138000"/;
    like $a->{body}, qr/name="venue" value="$v"/, 'the venue';
    like $a->{body}, qr/href="#category"/, 'a summary with links';
    like $a->{body}, qr/id="name-error"/;
    my ($kept) = $a->{body} =~ /name="kept_photo" value="([^"]+)"/;
    ok $kept, 'and the photo';
    is seq($s), $n, 'nothing was written';
    $a = post($s, '/complaints', jar => $jar, headers => $JSON, multipart =>
        [venue => $v3, kind => 'both', category => 'pests', text => 'x',
         @person, kept_photo => $kept]);
    is $a->{status}, 201;
    is scalar @{follow(json($a)->{track})->{photos}}, 1;
    $a = post($s, '/complaints', jar => somebody(), form =>
        [kind => 'report', category => 'other', text => 'x']);
    like $a->{body}, qr/href="#place"/, 'people give a place in words';
};

subtest 'photos' => sub {
    my @report = (venue => $v4, kind => 'report', category => 'dirty',
                  text => 'x');
    my $a = post($s, '/complaints', jar => somebody(), headers => $JSON,
        multipart => [@report, map { (photo => jpeg("$_.jpg")) } 1 .. 6]);
    is $a->{status}, 201, 'six' or diag $a->{body};
    $a = post($s, '/complaints', jar => somebody(), headers => $JSON,
        multipart => [@report, map { (photo => jpeg("$_.jpg")) } 1 .. 7]);
    is $a->{status}, 413, 'not seven';
    like codes($a), qr/photo:too_many/;
    $a = post($s, '/complaints', jar => somebody(), headers => $JSON,
        multipart => [@report, photo => { name => 'a.jpg',
            type => 'image/jpeg', data => '<html>' }]);
    is $a->{status}, 415;
    $a = post($s, '/complaints', jar => somebody(), headers => $JSON,
        type => 'multipart/form-data; boundary=x', body => "--x\r\nbroken");
    is $a->{status}, 400, 'a form that was cut';

    my $jar = somebody();
    $a = post($s, '/photos', jar => $jar, headers => $JSON,
              multipart => [photo => jpeg('a.jpg')]);
    like $a->{status}, qr/\A20[01]\z/, 'one by one';
    $a = post($s, '/complaints', jar => $jar, headers => $JSON,
              form => [@report, kept_photo => json($a)->{kept_photo}]);
    is $a->{status}, 422, 'a token is read from multipart only';
};

subtest 'limits' => sub {
    my $jar = somebody();
    my %report = (kind => 'report', category => 'dirty', text => 'x');
    is post($s, '/complaints', jar => $jar,
            json => { %report, venue => $v5 })->{status}, 201 for 1 .. 3;
    my $n = seq($s);
    my $a = post($s, '/complaints', jar => $jar,
                 json => { %report, venue => $v5 });
    is $a->{status}, 429, 'three a day about one place';
    is json($a)->{code}, 'too_many_today';
    cmp_ok header($a, 'retry-after'), '>', 0;
    cmp_ok header($a, 'retry-after'), '<=', 86400;
    is seq($s), $n;
    $a = post($s, '/complaints', jar => $jar,
              form => [%report, venue => $v5]);
    is $a->{status}, 429;
    like $a->{body}, qr/<h1>/, 'in words';
    is post($s, '/complaints', jar => $jar,
            json => { %report, venue => $v4 })->{status}, 201, 'elsewhere';
    is post($s, '/complaints', jar => somebody(),
            json => { %report, venue => $v5 })->{status}, 201,
        'somebody else';
    my $form = get($s, "/v/$v5/complain", jar => $jar)->{body};
    my @own = $form =~ m{href="(/t/[^"]+)"}g;
    is scalar @own, 3, 'the form shows what this device sent before';
    is follow($own[0])->{venue}, $v5;
    unlike get($s, "/v/$v5/complain", jar => somebody())->{body},
        qr{"/t/}, 'and nobody else\'s';

    my @flood = (headers => ['X-Flood' => 'one']);
    my %status;
    my @answers = map { post($s, '/complaints', @flood, form => []) } 1 .. 6;
    is $answers[0]{status}, 422, 'an address may send some';
    is $answers[5]{status}, 429, 'and not too many';
    like $answers[5]{body}, qr/<h1>/, 'which is said in words';
    is header($answers[5], 'retry-after'), 60;
    is header($answers[5], 'x-content-type-options'), 'nosniff';
    my $j = post($s, '/complaints', json => {},
                 headers => ['X-Flood' => 'one']);
    is $j->{status}, 429;

    my $officer = sign_in($s, login => 'officer');
    is post($s, '/complaints', jar => $officer,
            json => { %report, venue => $v5 })->{status}, 201,
        'what the bureau is told by phone has no such bound' for 1 .. 4;
};

subtest 'once' => sub {
    my $jar = somebody();
    my @key = ('Idempotency-Key' => 'c-1');
    my %post = (json => { venue => $v2, kind => 'report', category => 'waste',
                          text => 'smoke' });
    my $a = post($s, '/complaints', jar => $jar, headers => [@key], %post);
    is $a->{status}, 201;
    my $n = seq($s);
    my $b = post($s, '/complaints', jar => $jar, headers => [@key], %post);
    is json($b)->{number}, json($a)->{number}, 'the same answer';
    $b = post($s, '/complaints', jar => $jar, headers => [@key],
              json => { %{$post{json}}, text => 'fumes' });
    is $b->{status}, 422, 'not with another body';
    is seq($s), $n;
    $a = post($s, '/complaints', headers => ['Idempotency-Key' => 'c-2'],
              %post);
    $b = post($s, '/complaints', headers => ['Idempotency-Key' => 'c-2'],
              %post);
    is json($b)->{number}, json($a)->{number}, 'without cookies, too';
    my $set = cookies($a)->{device}{value};
    $b = post($s, '/complaints', headers => ['Idempotency-Key' => 'c-2'],
              jar => { device => $set }, %post);
    is json($b)->{number}, json($a)->{number}, 'and with the one it was given';

    my $form = get($s, "/v/$v2/complain", jar => $jar)->{body};
    my ($key) = $form =~ /name="idempotency_key" value="([^"]+)"/;
    my @two = map {
        header(post($s, '/complaints', jar => $jar, multipart =>
            [idempotency_key => $key, venue => $v2, kind => 'report',
             category => 'waste', text => 'twice', photo => jpeg('a.jpg')]),
            'location')
    } 1 .. 2;
    is follow($two[0] =~ s/\?.*//r)->{number},
        follow($two[1] =~ s/\?.*//r)->{number},
        'a double tap is one';
};

subtest 'the link' => sub {
    my ($token) = $track =~ m{/t/(.*)};
    my $bad = 0;
    for my $i (0 .. length($token) - 1) {
        my $t = $token;
        substr($t, $i, 1) = substr($t, $i, 1) eq 'A' ? 'B' : 'A';
        my $a = get($s, "/t/$t");
        $bad++ if $a->{status} == 200;
    }
    is $bad, 0, 'not with any character changed';
    my $a = get($s, '/t/x');
    is $a->{status}, 404;
    like $a->{body}, qr/12315/, 'a way on';
    is get($s, "/s/$token")->{status}, 404, 'not on another route';
    is get($s, "/v/$v", headers => [Authorization => "Bearer $token"])
        ->{status}, 401;
    my $hash = json(post($s, '/photos', jar => somebody(), headers => $JSON,
        multipart => [photo => jpeg('a.jpg')]))->{hash};
    is get($s, "/photos/$hash?token=$token")->{status}, 404;
    my $kept = json(post($s, '/photos', jar => somebody(), headers => $JSON,
        multipart => [photo => jpeg('a.jpg')]))->{kept_photo};
    is get($s, "/t/$kept")->{status}, 404, 'nor another token here';
    is get($s, "/t/" . lc $token)->{status}, 200, 'in small letters';
    is get($s, "/t/$token%E3%80%82")->{status}, 200, 'with a full stop';
    is get($s, "/t/$token)")->{status}, 200, 'with a bracket';
    $a = get($s, "/track/v4.local.$token");
    is $a->{status}, 410, 'long ones are over';
    like $a->{body}, qr/12315/, 'and say what to do';
    unlike log_of($s, 'access'), qr/\Q$token\E/, 'it is in no log';
    unlike log_of($s), qr/\Q$token\E/;
    my $n = seq($s);
    get($s, $track);
    request($s, 'HEAD', $track);
    is seq($s), $n, 'looking writes nothing';
    is post($s, $track, json => { text => 'x' },
            headers => ['Sec-Fetch-Site' => 'cross-site'])->{status}, 403;
};

subtest 'the complainant\'s own steps' => sub {
    my $a = post($s, $track, json => {});
    is codes($a), 'text:required', 'nothing to add';
    $a = post($s, $track, json => { text => '还有 <小票>' });
    is $a->{status}, 200, 'adding';
    is json($a)->{events}[1]{text}, '还有 <小票>';
    $a = post($s, $track, multipart => [action => 'add',
        photo => jpeg('a.jpg')]);
    is $a->{status}, 303;
    is header($a, 'location'), "$track?done=add";
    like get($s, header($a, 'location'))->{body}, qr/role="status"/;
    my $t = follow($track);
    my $photo = $t->{events}[2]{photos}[0]{href};
    is get($s, $photo)->{status}, 200, 'with a photo';
    my ($n) = $photo =~ /(\d+)\z/;
    is get($s, "$track/photos/" . ($n + 1))->{status}, 404;
    $a = post($s, $track, form => [action => 'add']);
    is $a->{status}, 422;
    like $a->{body}, qr/id="text-error"/, 'the page again';
    is codes(post($s, $track, json => { action => 'fly' })),
        'action:unknown';
    is post($s, $track, json => { action => 'rate', rating => 5 })->{status},
        409, 'not yet';
    is post($s, $track, json => { complaint => 1, text => 'x' })->{status},
        422, 'no other one';
    my $officer = sign_in($s, login => 'officer');
    is post($s, $track, jar => $officer, json => { text => 'by link' })
        ->{status}, 200, 'whoever holds the link';
    my @key = ('Idempotency-Key' => 'w');
    $a = post($s, $track, json => { action => 'withdraw' },
              headers => [@key]);
    is json($a)->{state}, 'withdrawn', 'withdrawing';
    $a = post($s, $track, json => { action => 'withdraw' },
              headers => [@key]);
    is $a->{status}, 200, 'once, however often it is sent';
    is post($s, $track, json => { action => 'withdraw' })->{status}, 409;
    $t = follow($track);
    is_deeply $t->{actions} || [], [], 'and that is the end';
    is_deeply [map { $_->{what} } @{$t->{events}}],
        [qw(post add add add withdraw)];
};

subtest 'nobody else learns of it' => sub {
    my $secret = 'a word like quokka';
    my $a = post($s, '/complaints', jar => somebody(), json =>
        { venue => $v3, kind => 'complaint', category => 'price',
          text => $secret, name => 'Quentin', contact => '13912345678' });
    is $a->{status}, 201;
    for my $path ("/v/$v3", "/v/$v3.json", "/v/$v3/reviews.json",
                  "/v/$v3/inspections.json", "/v/$v3/grades.json",
                  '/venues.csv', '/stats.json', '/')
    {
        unlike get($s, $path)->{body}, qr/quokka|Quentin|13912345678/, $path;
    }
    my $owner = sign_in($s, venue => $v3);
    unlike get($s, $_, jar => $owner)->{body},
        qr/quokka|Quentin|13912345678/, "the venue: $_"
        for '/my', '/my.json', "/v/$v3";
    for my $args (['export', 'log'], ['export', 'complaints']) {
        unlike ctl($s, @$args)->{out}, qr/quokka|Quentin|13912345678/,
            "@$args";
    }
    unlike slurp("$s->{store}/data.mdb"), qr/quokka|Quentin|13912345678/,
        'nor does the disk';
};

stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
