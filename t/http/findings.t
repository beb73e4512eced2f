# Findings: what a visit finds is the venue's to put right and somebody's to
# look at; who may take which step, and what comes of it.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Uncompress::Gunzip ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store start stop ctl get post header json
             sign_in seq slurp root connect_to send_request read_answer
             log_of);
use Visit qw(visit day codes spotless);

my $s = demo_store(80);
start($s);

my %district;
push @{$district{json(get($s, "/v/$_.json"))->{district}}}, $_
    for spotless($s);
my ($here, $there) = sort { @{$district{$b}} <=> @{$district{$a}} }
    grep { defined } keys %district;
my ($v, $other) = @{$district{$here}};
my ($far) = @{$district{$there}};

ctl($s, 'user', 'add', '--login', $_->[0], '--role', $_->[1], '--name',
    $_->[0], $_->[2] ? ('--district', $_->[2]) : ())
    for ['walker', 'inspector', $here], ['stranger', 'inspector', $there],
        ['near', 'officer', $here], ['away', 'officer', $there];

my %jar = (walker => sign_in($s, login => 'walker'),
           stranger => sign_in($s, login => 'stranger'),
           near => sign_in($s, login => 'near'),
           away => sign_in($s, login => 'away'),
           chief => sign_in($s, login => 'chief'),
           bank => sign_in($s, login => 'bank'),
           owner => sign_in($s, venue => $v),
           rival => sign_in($s, venue => $other), public => {});
my $grey = slurp(root() . '/t/fuzz/corpus/photo/grey.jpg');

sub as { my ($who) = @_; return (jar => { %{$jar{$who}} }) }
sub page { my ($who, $path) = @_; return get($s, $path, as($who)) }
sub data { my ($who, $path) = @_; return json(page($who, $path)) }
sub send_json {
    my ($who, $path, $body, @headers) = @_;
    return post($s, $path, as($who), json => $body, headers => [@headers]);
}

# The colours that a venue's page has, whichever worker answers, packed or
# not, and whatever it has kept.
my %tag;
sub colours {
    my %seen;
    for my $lang (qw(zh en)) {
        for my $packing ('', 'gzip') {
            for (1 .. 6) {
                my $tag = $tag{"$lang$packing"};
                my $a = get($s, "/v/$v?lang=$lang", headers =>
                    ['Accept-Encoding' => $packing || 'identity',
                     $tag ? ('If-None-Match' => $tag) : ()]);
                my $html = $a->{body};
                IO::Uncompress::Gunzip::gunzip(\$a->{body}, \$html)
                    if header($a, 'content-encoding') eq 'gzip';
                $seen{$html =~ /class="hero (\w+)"/ ? $1
                      : "$a->{status}"}++;
                $tag{"$lang$packing"} = header($a, 'etag') if $_ == 6;
            }
        }
    }
    return join ' ', sort keys %seen;
}

like colours(), qr{\A(?:green|ungraded)\z}, 'before the visit';
my $in = visit($s, $jar{walker}, $v, fail => { L1 => {}, L2 => {}, L3 => {} });
is colours(), 'red', 'right after it, and nobody is told that nothing changed';
my %id = map { $_->{code} => $_->{id} }
    @{data('owner', '/my/findings.json')->{items}};

subtest 'the venue is told' => sub {
    my $list = data('owner', '/my/findings.json')->{items};
    is_deeply [map { $_->{code} } @$list], [qw(L1 L3 L2)],
        'the first deadline comes first';
    is $list->[0]{severity}, 'critical';
    is $list->[0]{href}, "/my/findings/$id{L1}";
    is_deeply $list->[0]{actions}, ['submit'];
    ok $list->[0]{days_left} <= 1, 'with the days that are left';
    is $list->[0]{inspection}, $in->{id};
    like page('owner', '/my/findings.csv')->{body}, qr/^$id{L2},$v,/m, 'CSV';
    my $first = json(get($s, '/my/findings.json?limit=2', as('owner')));
    is scalar @{$first->{items}}, 2, 'page by page';
    is_deeply [map { $_->{code} }
        @{json(get($s, $first->{next}, as('owner'),
                   headers => [Accept => 'application/json']))->{items}}],
        ['L2'];
    my $my = page('owner', '/my')->{body};
    like $my, qr{href="/my/findings/$id{L1}"}, 'the first page links to it';
    is scalar @{data('rival', '/my/findings.json')->{items}}, 0,
        "none of it is another venue's";
    is json(get($s, "/v/$v.json"))->{counts}{findings_open}, 3,
        'and the public knows how many there are';
    is json(get($s, "/v/$v.json"))->{grade}{colour}, 'red';
};

subtest 'who may look' => sub {
    my $my = "/my/findings/$id{L1}";
    my $desk = "/desk/findings/$id{L1}";
    is page('owner', $my)->{status}, 200;
    is page('rival', $my)->{status}, 404, "another venue's is none";
    is page('near', $my)->{status}, 403, 'nor the bureau by that door';
    is page('public', $my)->{status}, 401;
    is page('public', $desk)->{status}, 401;
    is page('owner', $desk)->{status}, 403;
    is page('bank', $desk)->{status}, 403;
    is page($_, $desk)->{status}, 200, $_ for qw(walker near chief);
    is page($_, $desk)->{status}, 404, "$_, of another district"
        for qw(stranger away);
    is page('owner', '/my/findings/999999')->{status}, 404;
    is page('near', '/desk/findings/999999')->{status}, 404;
    is header(page('owner', $my), 'cache-control'), 'no-store';
};

subtest 'the venue reports a fix' => sub {
    my $at = "/my/findings/$id{L1}";
    my $n = seq($s);
    is send_json('owner', $at, {})->{status}, 422, 'an action';
    is codes(send_json('owner', $at, { action => 'verify' })),
        'action:unknown';
    is codes(send_json('owner', $at, { action => 'submit' })),
        'text:required';
    is codes(send_json('owner', $at, { action => 'submit',
                                       text => 'x' x 1001 })),
        'text:too_long';
    is codes(send_json('owner', $at, { action => 'submit', text => 'x',
                                       state => 'verified' })),
        'state:unknown';
    is send_json('rival', $at, { action => 'submit', text => 'x' })
        ->{status}, 403, "another's";
    is send_json('owner', '/my/findings/999999',
                 { action => 'submit', text => 'x' })->{status}, 404;
    is send_json('public', $at, { action => 'submit', text => 'x' })
        ->{status}, 401;

    my $a = post($s, $at, as('owner'), multipart =>
        [action => 'submit', text => ' ',
         photo => { name => 'a.jpg', type => 'image/jpeg',
                    data => $grey }]);
    is $a->{status}, 422, 'the form again';
    like $a->{body}, qr/href="#submit-text"/, 'with a link to what is wrong';
    my ($kept) = $a->{body} =~ /name="kept_photo" value="([^"]+)"/;
    ok $kept, 'and the photo';
    $a = post($s, $at, as('owner'),
              form => [action => 'nothing', text => 'typed <words>']);
    like $a->{body}, qr/typed &lt;words(?:&gt;|>)/, 'and what was typed';
    is seq($s), $n, 'nothing was written';

    $a = post($s, $at, as('owner'), headers =>
        ['Idempotency-Key' => 'fix-1'], multipart =>
        [action => 'submit', text => 'renewed <today>',
         kept_photo => $kept]);
    is $a->{status}, 303;
    is header($a, 'location'), "$at?done=finding_submitted";
    like get($s, header($a, 'location'), as('owner'))->{body},
        qr/class="flash/, 'which says that it is done';
    $n = seq($s);
    $a = post($s, $at, as('owner'), headers =>
        ['Idempotency-Key' => 'fix-1'], multipart =>
        [action => 'submit', text => 'renewed <today>',
         kept_photo => $kept]);
    is $a->{status}, 303, 'a repeat gets the same';
    is seq($s), $n, 'and does nothing';
    $a = send_json('owner', $at, { action => 'submit', text => 'again' });
    is $a->{status}, 409, 'once';
    $a = post($s, $at, as('owner'),
              form => [action => 'submit', text => 'my other words']);
    is $a->{status}, 409;
    like $a->{body}, qr/my other words/, 'what was typed is not lost';

    my $f = data('owner', "$at.json");
    is $f->{state}, 'submitted';
    is $f->{submission}, 'renewed <today>';
    is $f->{actions}, undef, 'no more to do';
    like page('near', "/desk/findings/$id{L1}")->{body},
        qr/renewed &lt;today/, 'inert where the bureau reads it';
};

subtest 'its photo' => sub {
    my $view = data('owner', "/my/findings/$id{L1}.json");
    my $href = $view->{after}[0]{href};
    like $href, qr{^/my/findings/$id{L1}/photos/\d+\z};
    is page('owner', $href)->{status}, 200, 'the owner';
    is page('rival', $href)->{status}, 404, 'no other';
    is page($_, $href)->{status}, 403, "not $_" for qw(walker near bank);
    is page('public', $href)->{status}, 401;
    my $desk = data('near', "/desk/findings/$id{L1}.json")->{after}[0]{href};
    is page($_, $desk)->{status}, 200, $_ for qw(walker near chief);
    is page($_, $desk)->{status}, 404, "not $_" for qw(stranger);
    is page($_, $desk)->{status}, 403, "not $_" for qw(owner bank);
    is page('owner', "/my/findings/$id{L2}/photos/$_")->{status}, 404,
        'nor by a record that does not show it' for 0, 1, 2, 99, 10 ** 17;
    my ($n) = $href =~ /(\d+)\z/;
    is page('owner', "/my/findings/$id{L1}/photos/" . ($n + 1))->{status},
        404, 'there is no next one';
    is header(page('owner', $href), 'cache-control'), 'no-store';
};

subtest 'the desk' => sub {
    my $list = sub {
        my ($who, $query) = @_;
        return [map { $_->{id} } grep { $_->{venue} == $v } @{data($who,
            "/desk/findings.json?limit=100$query")->{items}}];
    };
    is_deeply $list->('near', '&state=submitted'), [$id{L1}], 'to confirm';
    is_deeply $list->('away', '&state=submitted'), [],
        'in its districts only';
    is_deeply $list->('chief', ''), [@id{qw(L1 L3 L2)}],
        'all by deadline';
    is_deeply $list->('chief', '&state=overdue'), [], 'none is overdue';
    is codes(page('chief', '/desk/findings.json?state=void')),
        'state:unknown';
    my $first = data('chief', '/desk/findings.json?limit=1');
    like $first->{next}, qr/cursor=/, 'page by page';
    isnt data('chief', $first->{next})->{items}[0]{id},
        $first->{items}[0]{id};
    is page('chief', '/desk/findings.json?cursor=abc')->{status}, 400;
    like page('chief', '/desk/findings.csv?limit=100')->{body},
        qr/^$id{L3},$v,/m;
    my $desk = data('near', '/desk.json');
    my $all = data('chief', '/desk.json');
    cmp_ok $desk->{findings_submitted}, '>=', 1, 'counted on the first page';
    cmp_ok data('away', '/desk.json')->{findings_submitted}, '<',
        $all->{findings_submitted};
    ok !exists data('bank', '/desk.json')->{findings_submitted};
    is_deeply data('walker', "/desk/findings/$id{L1}.json")->{actions},
        [qw(verify reject)], 'what an inspector may do';
    is_deeply data('near', "/desk/findings/$id{L1}.json")->{actions},
        [qw(verify reject extend)], 'what an officer may do';
};

subtest 'sent back, extended' => sub {
    my $at = "/desk/findings/$id{L1}";
    my $n = seq($s);
    is codes(send_json('walker', $at, { action => 'reject' })),
        'reason:required';
    is codes(send_json('walker', $at, {})), 'action:required';
    is codes(send_json('walker', $at, { action => 'burn' })),
        'action:unknown';
    is send_json('walker', $at, { action => 'extend', reason => 'x',
        deadline_on => day(5) })->{status}, 403, 'officers extend';
    is send_json($_, $at, { action => 'verify' })->{status}, 403,
        "$_, of another district" for qw(stranger away);
    is send_json('owner', $at, { action => 'verify' })->{status}, 403,
        'no venue verifies';
    is send_json('walker', "/desk/findings/$id{L2}", { action => 'verify' })
        ->{status}, 409, 'nor anybody what was not reported';
    is seq($s), $n, 'nothing was written';

    my $a = post($s, $at, as('walker'), form => [action => 'reject']);
    is $a->{status}, 422;
    like $a->{body}, qr/href="#reject-reason"/;
    $a = send_json('walker', $at, { action => 'reject',
                                    reason => 'still out of date' });
    is $a->{status}, 200;
    is json($a)->{state}, 'open', 'the record comes back as it is now';
    like page('owner', "/my/findings/$id{L1}")->{body},
        qr/still out of date/, 'the venue reads why';

    is codes(send_json('near', $at, { action => 'extend', reason => 'x' })),
        'deadline_on:required';
    is codes(send_json('near', $at, { action => 'extend', reason => 'x',
        deadline_on => $_ })), 'deadline_on:range', "not to $_"
        for day(-1), day(91);
    is codes(send_json('near', $at, { action => 'extend',
        deadline_on => day(9) })), 'reason:required';
    $a = post($s, $at, as('near'), form =>
        [action => 'extend', reason => 'kept text', deadline_on => day(-1)]);
    is $a->{status}, 422;
    like $a->{body}, qr/kept text/, 'the form keeps the reason';
    is send_json('near', $at, { action => 'extend', reason => 'parts come',
        deadline_on => day(9) })->{status}, 200;
    is data('owner', "/my/findings/$id{L1}.json")->{deadline_on}, day(9);
    is send_json('near', $at, { action => 'extend', reason => 'more',
        deadline_on => day(20) })->{status}, 409, 'once';
    ok !grep({ $_ eq 'extend' }
        @{data('near', "$at.json")->{actions}}), 'and not offered again';
};

subtest 'of two who decide at once one does' => sub {
    my $at = "/desk/findings/$id{L1}";
    send_json('owner', "/my/findings/$id{L1}",
              { action => 'submit', text => 'now it is' });
    my $n = seq($s);
    my %with = (walker => { action => 'verify' },
                near => { action => 'reject', reason => 'no' });
    my %c;
    for my $who (sort keys %with) {
        $c{$who} = connect_to($s);
        send_request($s, $c{$who}, 'POST', $at, as($who),
                     json => $with{$who});
    }
    my @status = sort map { read_answer($c{$_}, 'POST')->{status} } keys %c;
    is_deeply \@status, [200, 409];
    ok seq($s) > $n;
};

subtest 'verified' => sub {
    my $at = "/my/findings/$id{L1}";
    if (data('owner', "$at.json")->{state} eq 'open') {
        send_json('owner', $at, { action => 'submit', text => 'really' });
        send_json('near', "/desk/findings/$id{L1}", { action => 'verify' });
    }
    is data('owner', "$at.json")->{state}, 'verified';
    is send_json('near', "/desk/findings/$id{L1}", { action => 'reject',
        reason => 'x' })->{status}, 409, 'and that is that';
    my $venue = json(get($s, "/v/$v.json"));
    is $venue->{counts}{findings_open}, 2;
    my ($item) = grep { $_->{code} eq 'L1' }
        @{json(get($s, "/v/$v/inspections/$in->{id}.json"))->{items}};
    is $item->{finding_state}, 'verified', 'the inspection says so';
    ok $item->{verified_on};
    is data('owner', '/my/findings.json')->{items}[-1]{id}, $id{L1},
        'last in the list of the venue';
    for my $code (qw(L2 L3)) {
        send_json('owner', "/my/findings/$id{$code}",
                  { action => 'submit', text => 'done' });
        is send_json('walker', "/desk/findings/$id{$code}",
                     { action => 'verify' })->{status}, 200;
    }
    $venue = json(get($s, "/v/$v.json"));
    is $venue->{counts}{findings_open}, 0;
    isnt $venue->{grade}{colour}, 'red', 'and the colour rises';
};

unlike log_of($s), qr/\[(?:error|crit|alert|emerg)\]/, 'a clean error log';
ok stop($s);
done_testing;
