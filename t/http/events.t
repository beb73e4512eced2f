# Following what happens: Server-Sent Events at /desk/events.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode_utf8);
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP qw(decode_json);
use POSIX qw(strftime);
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Time::HiRes qw(time);
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl ctl_json get post request
             header json plaque_of open_venues sign_in seq log_of workers
             wait_for connect_to send_request free_port spew filing);

my $PLACES = 120;
my $s = demo_store(30);
spew("$s->{dir}/words", "gamble\n");
my ($shared, $narrow, $h2) = map { free_port() } 1 .. 3;
configure($s, level => 'info',
    http => "shian_words $s->{dir}/words; shian_events_heartbeat 200ms;",
    # Each worker has its own share of one; the next holds little unsent.
    server => "listen 127.0.0.1:$shared reuseport;
        listen 127.0.0.1:$narrow sndbuf=4k;
        listen 127.0.0.1:$h2 http2;
        add_header X-Worker \$pid always;
        add_header X-Seq \$shian_seq always;",
    location => 'gzip_types *; gzip_min_length 0;');
start($s);

my @venues = open_venues($s);
my %district = map { $_ => json(get($s, "/v/$_.json"))->{district} } @venues;
my ($v) = @venues;
my ($far) = grep { $district{$_} ne $district{$v} } @venues;
my %code = map { $_ => plaque_of($s, $_) } $v, $far;
my %next_device;

sub user {
    my ($login, $role, @districts) = @_;
    my $r = ctl($s, qw(user add --login), $login, '--role', $role, '--name',
                $login, map { ('--district', encode_utf8($_)) } @districts);
    die $r->{err} if $r->{status} != 0;
    return sign_in($s, login => $login);
}

# The entry that an answer tells of.  The head of the log may be past it: now
# and then a worker writes one of its own, about what has expired.
sub entry { return header($_[0], 'x-seq') }

# The log's head: what it was before, what it is now, or between.
sub is_head {
    my ($n, $before, $name) = @_;
    my $now = seq($s);
    ok $n >= $before && $n <= $now, $name or diag "$before $n $now";
}

# A review that waits for a moderator; the answer.
sub hold {
    my ($venue, %o) = @_;
    my $jar = {};
    my $on = $o{port} ? { %$s, port => $o{port} } : $s;
    get($on, "/q/$code{$venue}", jar => $jar);
    my $a = post($on, "/v/$venue/reviews", jar => $jar,
                 json => { hygiene => 2, text => 'gamble SECRET' });
    die "review: $a->{status} $a->{body}" if json($a)->{state} ne 'held';
    return $a;
}

# Takes what has come; the bytes of the body, without chunks' frames.
sub take {
    my ($f) = @_;
    my $n = sysread $f->{c}, $f->{raw}, 65536, length $f->{raw};
    $f->{ended} = 1 if !$n;
    if (!$f->{head}) {
        return if $f->{raw} !~ s/\A(.*?)\r\n\r\n//s;
        $f->{head} = $1;
        ($f->{status}) = $f->{head} =~ /\A\S+ (\d+)/;
        ($f->{worker}) = $f->{head} =~ /X-Worker: (\d+)/;
    }
    while ($f->{raw} =~ /\A([0-9a-f]+)\r\n/) {
        my ($size, $skip) = (hex $1, length($1) + 2);
        last if length $f->{raw} < $skip + $size + 2;
        $f->{text} .= substr $f->{raw}, $skip, $size;
        substr($f->{raw}, 0, $skip + $size + 2) = '';
        $f->{whole} = 1 if $size == 0;
    }
    while ($f->{text} =~ s/\A(.*?)\n\n//s) {
        my %field;
        for (split /\n/, $1) {
            $field{$1} .= $2 if /\A([a-z]*): ?(.*)\z/;
        }
        $f->{last} = $field{id} if defined $field{id};
        $f->{beats}++ if exists $field{''};
        $f->{retry} = $field{retry} if defined $field{retry};
        push @{$f->{resets}}, $f->{last}
            if ($field{event} // '') eq 'reset';
        push @{$f->{changes}}, "$field{id} $field{data}"
            if ($field{event} // '') eq 'change';
        push @{$f->{events}}, { %{decode_json($field{data})},
                                read => $field{id}, came => time }
            if defined $field{data} && !defined $field{event};
    }
}

# Reads from all of them until the code is true; false after so long.
sub until_true {
    my ($code, $seconds, @f) = @_;
    my $end = time + $seconds;
    until ($code->()) {
        my @open = grep { !$_->{ended} } @f;
        my $left = $end - time;
        return 0 if $left <= 0 || !@open;
        my %of = map { fileno($_->{c}) => $_ } @open;
        take($of{fileno $_})
            for IO::Select->new(map { $_->{c} } @open)->can_read($left);
    }
    return 1;
}

# An open stream, after what it begins with.
sub follow {
    my ($jar, %o) = @_;
    my $on = { %$s, port => $o{port} || $s->{port} };
    my $f = { c => connect_to($on), raw => '', text => '', events => [],
              beats => 0 };
    setsockopt $f->{c}, SOL_SOCKET, SO_RCVBUF, 2048 if $o{small};
    my @h = (Accept => 'text/event-stream', 'Accept-Encoding' => 'gzip');
    push @h, 'Last-Event-ID' => $o{last} if defined $o{last};
    send_request($on, $f->{c}, 'GET', '/desk/events' . ($o{query} // ''),
                 jar => { %$jar }, headers => [@h], keep => 1);
    until_true(sub { defined $f->{last} }, 10, $f)
        or die "no stream: @{[$f->{head} // '']}";
    return $f;
}

sub ids { return join ' ', map { $_->{id} } @{$_[0]{events}} }

sub metric {
    my ($name) = @_;
    my ($n) = get($s, '/metrics')->{body} =~ /^shian_$name (\d+)$/m;
    return $n;
}

# Opened and closed again by the end of each test.
sub all_closed {
    return wait_for(sub { metric('events_streams') == 0 });
}

my $officer = sign_in($s, login => 'officer');

subtest 'who may follow' => sub {
    is get($s, '/desk/events')->{status}, 401;
    for my $who ([venue => $v], [login => 'bank'], [login => 'media']) {
        is get($s, '/desk/events', jar => sign_in($s, @$who))->{status}, 403,
            "@$who";
    }
    is post($s, '/desk/events', jar => { %$officer })->{status}, 405;
    my $a = request($s, 'HEAD', '/desk/events', jar => { %$officer });
    is $a->{status}, 200, 'HEAD ends';
    is header($a, 'content-type'), 'text/event-stream';
    for my $login (qw(inspector officer chief admin)) {
        my $f = follow(sign_in($s, login => $login));
        is $f->{status}, 200, $login;
    }
    ok all_closed(), 'who hangs up is forgotten';
};

subtest 'what it looks like' => sub {
    my $from = seq($s);
    my $f = follow($officer);
    like $f->{head}, qr{^Content-Type: text/event-stream\r$}m;
    like $f->{head}, qr{^Cache-Control: no-store\r$}m;
    like $f->{head}, qr{^X-Accel-Buffering: no\r$}m;
    like $f->{head}, qr{^X-Content-Type-Options: nosniff\r$}m;
    unlike $f->{head}, qr{^Content-Encoding}m, 'never compressed';
    is_head $f->{last}, $from, 'it knows where it is';
    is $f->{retry}, 1000;
    is ids($f), '', 'nothing old';
    ok until_true(sub { $f->{beats} >= 2 }, 5, $f), 'heart-beats';
    get($s, "/q/$code{$v}");
    sign_in($s, login => 'media');
    my $n = seq($s);
    ok until_true(sub { $f->{last} >= $n }, 5, $f),
        'and with them how far the log was looked at';
};

subtest 'another connection, another worker' => sub {
    my %f;
    for (1 .. 64) {
        my $f = follow($officer, port => $shared);
        $f{$f->{worker}} ||= $f;
        last if keys %f == 2;
    }
    is keys %f, 2, 'a stream in each worker';
    my (%wrote, @late);
    for my $i (1 .. 64) {
        my $a = hold($v, port => $shared);
        my $was = time;                 # it has been answered
        my $id = json($a)->{id};
        my $n = entry($a);
        for my $f (values %f) {
            ok until_true(sub { grep { $_->{record} == $id }
                                @{$f->{events}} }, 5, values %f);
            my ($event) = grep { $_->{record} == $id } @{$f->{events}};
            push @late, $event->{came} - $was;
            is $event->{id}, $n;
            is $event->{read}, $n, 'its id is its place in the log';
            is $event->{type}, 'review.held';
            is $event->{venue}, $v;
            is $event->{district}, $district{$v};
            is $event->{href}, "/desk/reviews#review-$id";
            unlike join(' ', values %$event), qr/SECRET/, 'nothing sealed';
        }
        $wrote{header($a, 'x-worker')}++;
        last if keys %wrote == 2 && $i >= 5;
    }
    is keys %wrote, 2, 'both have written';
    cmp_ok((sort { $a <=> $b } @late)[@late / 2], '<', 1,
           'within a second');
};

subtest 'coming back' => sub {
    my $f = follow($officer);
    my $from = $f->{last};
    hold($v);
    ok until_true(sub { @{$f->{events}} == 1 }, 5, $f);
    my $seen = $f->{last};
    close $f->{c};
    my @want;
    for (1 .. 3) {
        push @want, entry(hold($v));
        sign_in($s, login => 'media');          # tells nobody anything
    }
    for my $how ([last => $seen], [query => "?last_event_id=$seen"],
                 [query => '?last_event_id=1', last => $seen])
    {
        my $again = follow($officer, @$how);
        is ids($again), "@want", "@$how: what was missed, once, in order";
        push @want, entry(hold($v));
        ok until_true(sub { @{$again->{events}} >= @want }, 5, $again);
        is ids($again), "@want", 'and then what happens';
    }
    is_deeply follow($officer, last => seq($s))->{events}, [],
        'nothing for who missed nothing';
    for my $bad (seq($s) + 1000, 'x', -1, '9' x 30) {
        my $head = seq($s);
        is_head follow($officer, last => $bad)->{resets}[0], $head,
            "$bad: begin anew";
    }
};

subtest 'districts and roles' => sub {
    my $here = follow(user('here', 'officer', $district{$v}));
    my $there = follow(user('there', 'officer', $district{$far}));
    my $walker = follow(user('walker', 'inspector', $district{$v}));
    my $first = entry(hold($v));
    my $second = entry(hold($far));
    my @all = ($here, $there, $walker);
    ok until_true(sub { !grep { $_->{last} < $second } @all }, 5, @all);
    is ids($here), $first;
    is ids($there), $second;
    is ids($walker), '', 'an inspector does not moderate';
    is ids(follow(sign_in($s, login => 'there'), last => $first - 1)),
        $second, 'nor does coming back show more';

    my $list = json(get($s, '/desk/events.json',
                        jar => sign_in($s, login => 'there')));
    is $list->{items}[0]{id}, $second, 'the list';
    is scalar(grep { $_->{district} ne $district{$far} } @{$list->{items}}),
        0, 'of the district';
    my $head = seq($s);
    my $desk = json(get($s, '/desk.json', jar => { %$officer }));
    is_deeply [map { $_->{id} } @{$desk->{events}}[0, 1]], [$second, $first],
        'the desk has the latest first';
    my ($live) = $desk->{live} =~ m{\A/desk/events\?last_event_id=(\d+)\z};
    is_head $live, $head, 'and goes on from there';
    like get($s, '/desk', jar => { %$officer })->{body},
        qr{data-key="$second".*data-key="$first"}s, 'as its page does';
    ok !json(get($s, '/desk.json', jar => sign_in($s, login => 'bank')))
        ->{live}, 'a bank has nothing to follow';
};

# Steps of colleagues: news to some, to others only that pages have changed.
subtest 'steps' => sub {
    my ($walker) = grep { $_->{login} eq 'walker' }
        @{json(get($s, '/desk/users.json?limit=100',
                   jar => sign_in($s, login => 'chief')))->{items}};
    my $n = filing($s, 1, { venue => $v, kind => 'report',
                            category => 'dirty', text => 'SECRET' });
    my $from = seq($s);
    my %f = map { $_ => follow(sign_in($s, login => $_), last => $from) }
        qw(here there walker);
    my $doer = sign_in($s, login => 'here');
    my (@all, %news);
    for my $do ([action => 'accept'],
                [action => 'dispatch', to => $walker->{id},
                 due_on => strftime('%Y-%m-%d', gmtime(time + 2 * 86400))],
                [action => 'check_in', lat => 29.65, lng => 121.4],
                [action => 'report', text => 'SECRET',
                 recommend => 'unsubstantiated'],
                [action => 'decide', outcome => 'unsubstantiated',
                 public_text => 'SECRET'],
                [action => 'close'])
    {
        my $a = post($s, "/desk/complaints/$n", jar => $doer,
                     headers => [Accept => 'application/json'],
                     json => { @$do });
        is $a->{status}, 200, "$do->[1]" or diag $a->{body};
        push @all, entry($a);
        $news{$do->[1]} = $all[-1];
    }
    ok until_true(sub { !grep { $_->{last} < $all[-1] } values %f }, 5,
                  values %f);
    is ids($f{here}), "$news{dispatch} $news{report}", 'news to officers';
    is ids($f{walker}), $news{dispatch}, 'and to inspectors';
    for my $who (qw(here walker)) {
        my %heard = map { $_->{id} => 1 } @{$f{$who}{events}};
        is_deeply $f{$who}{changes},
            [map { "$_ {}" } grep { !$heard{$_} } @all],
            "$who: of every other step, that there was one";
    }
    is ids($f{there}), '', 'nothing to another district';
    ok !$f{there}{changes}, 'not even that something changed';
    is_deeply follow(sign_in($s, login => 'walker'),
                     last => $from)->{changes}, $f{walker}{changes},
        'who comes back learns the same';
    is scalar(grep { $_->{type} eq 'change' }
              @{json(get($s, '/desk/events.json',
                         jar => $doer))->{items}}), 0, 'a list has news only';
};

subtest 'when it is over' => sub {
    my $jar = user('temp', 'officer');
    my $f = follow($jar);
    my $other = follow($officer);
    is ctl($s, qw(user disable temp))->{status}, 0;
    ok until_true(sub { $f->{ended} || $f->{whole} }, 5, $f),
        'disabled: the stream ends';
    ok $f->{whole}, 'in good order';
    is get($s, '/desk/events', jar => { %$jar })->{status}, 401;

    $jar = user('temp2', 'officer');
    $f = follow($jar);
    is post($s, '/signout', jar => { %$jar })->{status}, 303;
    ok until_true(sub { $f->{ended} || $f->{whole} }, 5, $f), 'signed out';

    $jar = user('temp3', 'officer', $district{$v});
    $f = follow($jar);
    user('temp3', 'officer', $district{$far});
    ok until_true(sub { $f->{ended} || $f->{whole} }, 5, $f),
        'another district: it begins anew';

    ok !$other->{ended} && !$other->{whole}, 'not for others';
    hold($v);
    ok until_true(sub { @{$other->{events}} == 1 }, 5, $other);
};

# So many places, all of them graded, turn red with one import.
my $long = encode_utf8('长' x 190);

sub import_rows {
    my ($what, @lines) = @_;
    my $r = ctl_json($s, 'import', $what,
                     spew("$s->{dir}/$what.csv", join "\n", @lines, ''));
    die $r->{error} if $r->{error};
    return $r;
}

sub licences {
    my ($until) = @_;
    return import_rows('venues', 'ref,name,address,licence_expires_on',
        map { "e$_,$long$_,Lane $_,$until" } 1 .. $PLACES);
}

subtest 'a slow reader' => sub {
    is licences('2099-01-01')->{new}, $PLACES;
    import_rows('inspections', 'ref,date,kind,score',
        map { "e$_,2026-01-05,routine,95" } 1 .. $PLACES);

    my $dropped = metric('events_slow_readers_total');
    my $slow = follow($officer, port => $narrow, small => 1);
    my $quick = follow($officer);
    my $from = seq($s);
    my $rounds = 0;
    my $end = time + 30;
    my $want = 0;

    # It reads nothing; the other one everything.
    while (metric('events_slow_readers_total') == $dropped && time < $end) {
        licences($_ ? '2099-01-01' : '2026-02-01') for 0, 1;
        $want += $PLACES;
        until_true(sub { @{$quick->{events}} >= $want }, 10, $quick)
            or last;
    }
    is @{$quick->{events}}, $want, 'who reads gets everything';
    is metric('events_slow_readers_total'), $dropped + 1,
        'who does not is dropped';
    ok wait_for(sub { metric('events_streams') == 1 }), 'and forgotten';
    ok until_true(sub { $slow->{ended} }, 10, $slow), 'it ends';
    ok !$slow->{whole}, 'cut off';

    my @got = map { $_->{id} } @{$slow->{events}};
    my $turns = 0;
    cmp_ok scalar(@got), '<', $want, 'before everything was there';
    while (@got < $want && $turns++ < 50) {
        my $again = follow($officer, last => $slow->{last});
        last if $again->{resets};
        push @got, map { $_->{id} } @{$again->{events}};
        $slow = $again;
    }
    is_deeply \@got, [map { $_->{id} } @{$quick->{events}}],
        'coming back it has lost nothing, and has nothing twice';
    is $quick->{events}[0]{type}, 'venue.red';
    like $quick->{events}[0]{venue_name}, qr/\A长{190}\d+\z/;
    close $_->{c} for $slow, $quick;
};

subtest 'too far back' => sub {
    my $from = seq($s);
    licences($_) for map { "2098-01-0$_" } 1 .. 9;
    cmp_ok seq($s) - $from, '>', 1000, 'much has happened';
    my $f = follow($officer, last => $from);
    is scalar @{$f->{resets}}, 1, 'begin anew';
    is ids($f), '';
    my $to = seq($s) - 990;
    ok !follow($officer, last => $to)->{resets}, 'not so much is told';
};

subtest 'HTTP/2' => sub {
    my $cookie = join '; ', map { "$_=$officer->{$_}" } keys %$officer;
    my $pid = open my $curl, '-|', 'curl', '-sN', '--http2-prior-knowledge',
        '--max-time', 20, '-H', "Cookie: $cookie",
        "http://127.0.0.1:$h2/desk/events" or die;
    my $f = { c => $curl, raw => '', text => '', events => [], head => 'h2' };
    my $plain = sub {
        my ($done) = @_;
        my $end = time + 10;
        until ($f->{text} =~ $done) {
            return 0 if !IO::Select->new($curl)->can_read($end - time)
                || !sysread $curl, $f->{text}, 65536, length $f->{text};
        }
        return 1;
    };
    ok $plain->(qr/^id: \d+\n\n/m), 'begins';
    my $n = entry(hold($v));
    ok $plain->(qr/^id: $n\ndata: .*"review\.held".*\n\n/m), 'tells';
    ok $plain->(qr/^id: $n\n.*^:\nid: \d+\n\n/ms), 'and beats';
    kill 'TERM', $pid;
    close $curl;
    ok all_closed(), 'and ends';
};

subtest 'reload' => sub {
    my @f = map { follow($officer) } 1 .. 10;
    my @slow = map { follow($officer, port => $narrow, small => 1) } 1 .. 2;
    ok wait_for(sub { metric('events_streams') == 12 }), 'they are counted';
    my %old = map { $_ => 1 } workers($s);
    kill 'HUP', $s->{pid};
    ok wait_for(sub { my @now = workers($s);
                      @now == 2 && !grep { $old{$_} } @now }, 15),
        'old workers go';
    ok until_true(sub { !grep { !$_->{whole} } @f }, 5, @f),
        'their streams have ended in good order';
    is_deeply [map { $_->{retry} } @f], [(1000) x 10], 'to come back';
    my $n = entry(hold($v));
    my @again = map { follow($officer, last => $_->{last}) } @f;
    is_deeply [map { ids($_) } @again], [($n) x 10],
        'and miss nothing';
    close $_->{c} for @again, @slow;
    ok all_closed();
};

subtest 'quit' => sub {
    my $f = follow($officer);
    ok stop($s, 'QUIT'), 'ends it';
    ok until_true(sub { $f->{whole} }, 5, $f), 'in good order';
};

unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/,
    'all went well inside';
unlike log_of($s), qr/open socket/, 'nothing was left open';
my $verify = ctl($s, 'verify');
is $verify->{status}, 0, 'verify' or diag $verify->{err};
done_testing;
