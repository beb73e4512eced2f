# Patrol: the list in the rules' order, and inspections by phone and by form.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use POSIX ();
use Time::Local ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store start stop ctl get post header json plaque_of
             open_venues sign_in seq log_of slurp root);

my $s = demo_store(150);
start($s);

my $JSON = [Accept => 'application/json'];
my $inspector = sign_in($s, login => 'inspector');
my $officer = sign_in($s, login => 'officer');
my %photo = map { $_ => slurp(root() . "/t/fuzz/corpus/photo/$_") }
    qw(grey.jpg rgba.png);

sub codes {
    my ($answer) = @_;
    return join ' ', map { "$_->{field}:$_->{code}" }
        @{json($answer)->{errors} || []};
}

# All pages of a list.
sub pages {
    my ($path, $jar) = @_;
    my @items;
    for (my $at = $path; $at; ) {
        my $list = json(get($s, $at, jar => $jar));
        push @items, @{$list->{items}};
        $at = $list->{next};
    }
    return @items;
}

sub day {
    my ($y, $m, $d) = split /-/, shift;
    return int(Time::Local::timegm(0, 0, 0, $d, $m - 1, $y) / 86400);
}

sub rfc3339 { return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime shift) }

my %rank = (red => 0, yellow => 1, ungraded => 2, green => 3);
my %every = (red => 30, yellow => 90, ungraded => 30, green => 180);

subtest 'who is due' => sub {
    my @due = pages('/patrol.json?limit=7', $inspector);
    my (%seen, @was);
    cmp_ok scalar(@due), '>', 20, 'some are';
    $seen{$_->{id}}++ for @due;
    is keys %seen, @due, 'each once, over all pages';

    my $wrong = 0;
    for my $v (@due) {
        my $last = $v->{last_inspected_on} ? day($v->{last_inspected_on}) : 0;
        my @is = (defined $v->{due_on} && !defined $v->{overdue_days},
                  $rank{$v->{colour}}, $last, $v->{id});
        for my $i (0 .. $#is) {
            last if !@was || $is[$i] > $was[$i];
            $wrong++, last if $is[$i] < $was[$i];
        }
        @was = map { $_ || 0 } @is;
        $wrong++ if $last
            && day($v->{due_on}) != $last + $every{$v->{colour}};
    }
    is $wrong, 0, 'overdue first; red, yellow, ungraded, green; then by days';
    ok !(grep { $_->{colour} eq 'closed' } @due), 'nobody who is closed';

    my %due = map { $_->{id} => 1 } @due;
    my ($no) = grep { !$due{$_} } open_venues($s);
    ok $no, 'not everybody is';
    my $name = json(get($s, "/v/$no.json"))->{name};
    my @found = pages('/patrol.json?q=' . Shian::escape($name), $inspector);
    ok scalar(grep { $_->{id} == $no } @found), 'but by name all are found';
    is $found[0]{href}, "/patrol/v/$found[0]{id}";
};

subtest 'near' => sub {
    my @all = pages('/patrol.json?limit=50&near=29.65,121.40', $inspector);
    my ($wrong, $was) = (0);
    for my $v (grep { !defined $_->{due_on} } @all) {
        $wrong++ if defined $was && ($v->{distance_m} // 9e9) < $was;
        $was = $v->{distance_m} // 9e9;
    }
    ok defined $was, 'some were never visited';
    is $wrong, 0, 'of these the nearest comes first';
    is codes(get($s, '/patrol.json?near=here', jar => $inspector)),
        'near:pattern';
    is get($s, '/patrol.json?cursor=AAAA', jar => $inspector)->{status}, 400;
    is json(get($s, '/patrol.geojson?limit=5', jar => $inspector))->{type},
        'FeatureCollection', 'for the map';
    like get($s, '/patrol.csv', jar => $inspector)->{body}, qr/due_on/;
};

subtest 'who may' => sub {
    my ($v) = open_venues($s);
    for my $path ('/patrol', "/patrol/v/$v") {
        is get($s, $path)->{status}, 401, $path;
        is get($s, $path, jar => $inspector)->{status}, 200;
        is get($s, $path, jar => $officer)->{status}, 200;
        is get($s, $path, jar => sign_in($s, login => 'bank'))->{status}, 403;
        is get($s, $path, jar => sign_in($s, venue => $v))->{status}, 403;
    }
    is get($s, '/patrol/v/999999', jar => $inspector)->{status}, 404;
    is post($s, "/v/$v/inspections", json => {})->{status}, 401;
    is post($s, "/v/$v/inspections", jar => sign_in($s, venue => $v),
            json => {})->{status}, 403, 'a venue does not inspect itself';
};

subtest 'districts' => sub {
    my $here = json(get($s, '/v/1.json'))->{district};
    for my $login (qw(local nobody)) {
        my $district = $login eq 'local' ? $here : '别处街道';
        is ctl($s, qw(user add --login), $login, '--role', 'inspector',
               '--name', $login, '--district',
               Encode::encode_utf8($district))->{status}, 0;
    }
    my @all = pages('/patrol.json?limit=100', $inspector);
    my @mine = pages('/patrol.json?limit=3', sign_in($s, login => 'local'));
    is_deeply [map { $_->{id} } @mine],
        [map { $_->{id} } grep { ($_->{district} // '') eq $here } @all],
        'one district of the list, in its order';
    my $far = sign_in($s, login => 'nobody');
    is pages('/patrol.json', $far), 0, 'none of another';
    is get($s, '/patrol/v/1', jar => $far)->{status}, 403;
    is post($s, '/v/1/inspections', jar => $far, json => {})->{status}, 403;
};

subtest 'a scan opens the check-in' => sub {
    my ($v) = open_venues($s);
    my $code = plaque_of($s, $v);
    my $a = get($s, "/q/$code", jar => {%$inspector});
    is $a->{status}, 307;
    is header($a, 'location'), "/patrol/v/$v", 'for an inspector';
    is header(get($s, "/q/$code", jar => {%$officer}), 'location'),
        "/patrol/v/$v", 'and an officer';
    is header(get($s, "/q/$code"), 'location'), "/v/$v", 'for nobody else';
    is header(get($s, "/q/$code", jar => sign_in($s, login => 'nobody')),
              'location'), "/v/$v", 'nor out of reach';
    like get($s, "/patrol/v/$v", jar => $inspector)->{body},
        qr{href="/v/$v"}, 'which leads to the public page';
};

my @items = map { map { $_->{code} } @{$_->{items}} }
    @{json(get($s, '/checklist.json'))->{heads}};
my $version = json(get($s, '/checklist.json'))->{version};

sub visit {
    my ($v, %more) = @_;
    my $place = json(get($s, "/v/$v.json"));
    my $fails = delete $more{fails} || {};
    my $began = (delete $more{began}) || time - 1200;
    return {
        kind => 'routine', checklist => $version,
        started_at => rfc3339($began), finished_at => rfc3339($began + 900),
        lat => $place->{lat}, lng => $place->{lng}, accuracy => 10,
        items => [map { { code => $_, $fails->{$_}
                          ? (result => 'fail', %{$fails->{$_}})
                          : (result => 'pass') } } @items], %more };
}

sub inspect {
    my ($v, $visit, @headers) = @_;
    return post($s, "/v/$v/inspections", jar => $inspector,
                headers => [@$JSON, @headers], json => $visit);
}

# Venues with a position and nothing found before.
my @fresh = grep { my $v = json(get($s, "/v/$_.json"));
                   defined $v->{lat} && !$v->{counts}{findings_open} }
    reverse open_venues($s);

subtest 'by phone' => sub {
    my $v = shift @fresh;
    my $a = post($s, '/photos', jar => $inspector, headers => $JSON,
                 multipart => [photo => { name => 'x', type => 'image/jpeg',
                                          data => $photo{'grey.jpg'} }]);
    like $a->{status}, qr/\A20[01]\z/, 'photos go first';
    my $visit = visit($v, fails => {
        L1 => { note => '过期', photos => [json($a)->{hash}] },
        P1 => { note => '有油' } });
    my @key = ('Idempotency-Key' => 'visit-1', 'Shian-Device-Time' =>
               rfc3339(time - 1));
    my $n = seq($s);
    $a = inspect($v, $visit, @key);
    is $a->{status}, 201 or diag $a->{body};
    my $in = json($a);
    is header($a, 'location'), "/v/$v/inspections/$in->{id}";
    is $in->{failed}, 2;
    ok $in->{on_site};
    is @{$in->{findings}}, 2, 'what failed is found';

    $key[3] = rfc3339(time);
    my $again = inspect($v, $visit, @key);
    is json($again)->{id}, $in->{id}, 'sent again, it is the same one';
    is seq($s), $n + 1, 'and nothing is written';
    is inspect($v, { %$visit, note => 'x' }, @key)->{status}, 422,
        'another under its key is refused';

    $a = get($s, "/v/$v/inspections/$in->{id}.json");
    is $a->{status}, 200;
    is json($a)->{failed}, 2, 'everybody sees what failed';
    is json($a)->{lat}, undef, 'not where the inspector stood';
    my ($item) = grep { $_->{code} eq 'L1' } @{json($a)->{items}};
    is $item->{photos}, undef, 'nor photos that are not public';
    is get($s, "/v/$v/inspections/999999")->{status}, 404;

    my $list = json(get($s, '/patrol.json', jar => $inspector));
    my ($task) = grep { $_->{venue} == $v } @{$list->{tasks}};
    is $task->{task}, 'recheck', 'a critical one is soon to be looked at';
    my $check = json(get($s, "/patrol/v/$v.json", jar => $inspector));
    is_deeply [sort map { $_->{code} } @{$check->{findings}}], [qw(L1 P1)],
        'the next check-in has them on top';
};

subtest 'what is wrong' => sub {
    my $v = shift @fresh;
    my $n = seq($s);
    is codes(inspect($v, visit($v, fails => { L1 => {} }))),
        'items[0].note:required', 'a fail needs a note or a photo';
    is codes(inspect($v, visit($v, venue => $v + 1))), 'venue:unknown';
    is codes(inspect($v, visit($v), 'Shian-Device-Time' => 'noon')),
        'device_time:pattern';
    is codes(inspect($v, visit($v, checklist => 'other'))),
        'checklist:unknown';
    my $short = visit($v);
    pop @{$short->{items}};
    is codes(inspect($v, $short)), 'items:required', 'all items or none';
    is inspect($v, '[')->{status}, 400;
    is seq($s), $n, 'nothing was written';
    is inspect($v, visit($v, venue => $v))->{status}, 201,
        'the venue may be named';
};

# A form as a browser without a script sends it.
sub form {
    my ($v, $began, %fails) = @_;
    return (kind => 'recheck', checklist => $version,
            started_at => rfc3339($began), note => '',
            map { my $f = $fails{$_};
                  ($_ => $f ? 'fail' : 'pass',
                   "${_}_note" => $f ? $f->{note} // '' : '',
                   "${_}_severity" => 'minor',
                   "${_}_photo" => $f && $f->{photo}
                       || { name => '', data => '' }) } @items);
}

subtest 'by form' => sub {
    my $v = shift @fresh;
    my $began = time - 900;
    my $photo = { name => 'a.png', type => 'image/png',
                  data => $photo{'rgba.png'} };
    my $n = seq($s);
    my $a = post($s, "/v/$v/inspections", jar => $inspector, multipart =>
                 [form($v, $began, L1 => { photo => $photo }, L2 => {})]);
    is $a->{status}, 422;
    is seq($s), $n, 'what is refused has changed nothing, photos included';
    like $a->{body}, qr/<a href="#L2">/, 'the summary leads to the item';
    like $a->{body}, qr/id="L2-error"/;
    unlike $a->{body}, qr/id="L1-error"/, 'a photo is proof enough';
    my ($kept) = $a->{body} =~ /name="L1_kept_photo" value="([^"]+)"/;
    ok $kept, 'the photo is kept';

    $a = post($s, "/v/$v/inspections", jar => $inspector, multipart =>
              [form($v, $began, L1 => {}, L2 => { note => '没挂' }),
               L1_kept_photo => $kept, L1_public => 1]);
    is $a->{status}, 303 or diag $a->{body};
    my $in = json(get($s, header($a, 'location') . '.json',
                      jar => $officer));
    is $in->{kind}, 'recheck';
    is $in->{state}, 'waiting', 'without a position it waits';
    my ($item) = grep { $_->{code} eq 'L1' } @{$in->{items}};
    is @{$item->{photos}}, 1;
    is get($s, header($a, 'location'))->{status}, 404,
        'and until then it is nobody else\'s';

    $a = post($s, "/v/$v/inspections", jar => $inspector,
              headers => [Origin => 'http://evil.example'],
              form => [kind => 'routine']);
    is $a->{status}, 403, 'not from another site';
};

subtest 'the application' => sub {
    my $a = get($s, '/patrol/sw.js?v=1');
    is $a->{status}, 200;
    is header($a, 'service-worker-allowed'), '/patrol';
    like header($a, 'content-type'), qr/javascript/;
    $a = get($s, '/patrol/app.webmanifest');
    like header($a, 'content-type'), qr/manifest/;
    is json($a)->{scope}, '/patrol';
    is get($s, $_->{src})->{status}, 200, $_->{src} for @{json($a)->{icons}};
};

unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/,
    'all went well inside';
my $verify = ctl($s, 'verify');
is $verify->{status}, 0, 'and the log gives the store' or diag $verify->{err};
stop($s);
done_testing;
