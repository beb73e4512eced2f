# What protects a venue: inspections that nobody has to believe unseen, its
# reply, its appeal, another visit, and its own check beside the inspector's.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store start stop ctl get post header json
             sign_in seq slurp root connect_to send_request read_answer
             log_of);
use Visit qw(visit codes day spotless);

my $s = demo_store(80);
start($s);

my %district;
push @{$district{json(get($s, "/v/$_.json"))->{district}}}, $_
    for spotless($s);
my ($here, $there) = sort { @{$district{$b}} <=> @{$district{$a}} }
    keys %district;
my ($v, $other) = @{$district{$here}};

ctl($s, 'user', 'add', '--login', $_->[0], '--role', $_->[1], '--name',
    $_->[0], $_->[2] ? ('--district', $_->[2]) : ())
    for ['walker', 'inspector', $here], ['stranger', 'inspector', $there],
        ['near', 'officer', $here], ['away', 'officer', $there],
        ['fresh', 'officer', $here];

my %jar = (map({ $_ => sign_in($s, login => $_) }
               qw(walker stranger near away fresh chief bank)),
           owner => sign_in($s, venue => $v),
           rival => sign_in($s, venue => $other), public => {});
my $grey = slurp(root() . '/t/fuzz/corpus/photo/grey.jpg');

sub as { my ($who) = @_; return (jar => { %{$jar{$who}} }) }
sub page { my ($who, $path) = @_; return get($s, $path, as($who)) }
sub data { my ($who, $path) = @_; return json(page($who, $path)) }
sub send_json {
    my ($who, $path, $body) = @_;
    return post($s, $path, as($who), json => $body);
}
sub venue { return json(get($s, "/v/$v.json")) }

# Both at once: how it ended, in order of status.
sub race {
    my (%request) = @_;
    my %c;
    for my $who (sort keys %request) {
        my ($path, $body) = @{$request{$who}};
        $c{$who} = connect_to($s);
        send_request($s, $c{$who}, 'POST', $path, as($who), json => $body);
    }
    return [sort map { read_answer($c{$_}, 'POST')->{status} } keys %c];
}

# A photo in an inspection, not public.
sub photo {
    my ($who) = @_;
    my $a = post($s, '/photos', as($who), multipart =>
        [photo => { name => 'a.jpg', type => 'image/jpeg', data => $grey }]);
    return json($a)->{hash};
}

subtest 'away from the venue' => sub {
    my $hash = photo('walker');
    my $in = visit($s, $jar{walker}, $v, lat => 29.9, note => 'in a hurry',
                   fail => { L1 => { note => 'secret', photos => [$hash] } });
    my $at = "/v/$v/inspections/$in->{id}";
    is $in->{state}, 'waiting';
    is page('public', "$at.json")->{status}, 404, 'not for the public';
    is page($_, "$at.json")->{status}, 404, "nor $_"
        for qw(rival bank stranger away);
    unlike page('public', "/v/$v/inspections")->{body},
        qr/inspections\/$in->{id}"/;
    is data('owner', "$at.json")->{state}, 'waiting', 'the venue knows';
    is data('owner', "$at.json")->{flags}, undef, 'but not why';
    like page('owner', "/my/inspections/$in->{id}")->{body}, qr/secret/;
    is venue()->{counts}{findings_open}, 0, 'and it weighs nothing';

    my $desk = "/desk/inspections/$in->{id}";
    my ($item) = grep { $_->{id} == $in->{id} }
        @{data('near', '/desk/inspections.json')->{items}};
    ok $item, 'it waits for an officer';
    is_deeply $item->{flags}, ['distance'];
    cmp_ok $item->{distance_m}, '>', 1000;
    is_deeply $item->{actions}, [qw(confirm reject)];
    ok !grep({ $_->{venue} == $v }
        @{data('away', '/desk/inspections.json')->{items}});
    is page('walker', $desk)->{status}, 403, 'of the bureau';
    is page('away', $desk)->{status}, 404, 'of its district';
    is page('near', '/desk/inspections/999999')->{status}, 404;
    cmp_ok data('near', '/desk.json')->{inspections_waiting}, '>=', 1;
    like page('near', '/desk/inspections.csv')->{body}, qr/^$in->{id},$v,/m;
    like page('near', $desk)->{body}, qr{src="$desk/photos/1"};
    is data($_, "$at.json")->{items}[0]{images}[0]{href}, "$desk/photos/1",
        "$_ is told where" for qw(near walker);
    is page($_, "$desk/photos/1")->{status}, 200, "$_ sees the photo"
        for qw(near walker);
    is page($_, "$desk/photos/1")->{status}, 403, "not $_"
        for qw(owner rival bank);
    is page($_, "$desk/photos/1")->{status}, 404, "not $_"
        for qw(away stranger);
    is page('public', "$desk/photos/1")->{status}, 401;

    my $mine = data('owner', "$at.json")->{items}[0]{images}[0]{href};
    is $mine, "/my/inspections/$in->{id}/photos/1";
    is page('owner', $mine)->{status}, 200, 'the owner sees it';
    is page('rival', $mine)->{status}, 404, 'and no other';
    is page($_, "/photos/$hash")->{status}, 404, 'by its name nobody'
        for qw(near walker owner public);

    my $n = seq($s);
    is codes(send_json('near', $desk, { action => 'reject' })),
        'reason:required';
    is codes(send_json('near', $desk, {})), 'action:required';
    is send_json($_, $desk, { action => 'confirm' })->{status}, 403, $_
        for qw(walker away owner);
    is send_json('owner', "/my/inspections/$in->{id}",
        { action => 'reply', text => 'x' })->{status}, 409,
        'what does not count needs no reply';
    is seq($s), $n;
    is_deeply race(near => [$desk, { action => 'confirm' }],
                   fresh => [$desk, { action => 'confirm' }]), [200, 409],
        'one confirms it';
    is page('public', "$at.json")->{status}, 200, 'now it is public';
    ok !exists data('public', "$at.json")->{state};
    is data('public', "$at.json")->{items}[0]{photos}, undef,
        'without its photo';
    is venue()->{grade}{colour}, 'red', 'and it weighs';
    is send_json('near', $desk, { action => 'reject', reason => 'x' })
        ->{status}, 409;
};

subtest 'rejected' => sub {
    my $in = visit($s, $jar{walker}, $other, lat => 29.9);
    my $a = post($s, "/desk/inspections/$in->{id}", as('near'),
                 form => [action => 'reject', reason => 'he was <away>']);
    is $a->{status}, 303;
    is page('public', "/v/$other/inspections/$in->{id}")->{status}, 404;
    like page('rival', "/my/inspections/$in->{id}")->{body},
        qr/class="box"/, 'the venue sees that it does not count';
    like page('near', "/desk/inspections/$in->{id}")->{body},
        qr/he was &lt;away/, 'and the desk why';
};

subtest 'nobody looks at a visit of their own' => sub {
    my $in = visit($s, $jar{near}, $other, lat => 29.9);
    my $desk = "/desk/inspections/$in->{id}";
    is data('near', "$desk.json")->{actions}, undef;
    is send_json('near', $desk, { action => 'confirm' })->{status}, 403;
    is send_json('fresh', $desk, { action => 'confirm' })->{status}, 200;
};

my ($in) = @{json(get($s, "/v/$v/inspections.json"))->{items}};

subtest 'the right of reply' => sub {
    my $at = "/my/inspections/$in->{id}";
    my $n = seq($s);
    is_deeply data('owner', "$at.json")->{actions}, ['reply'];
    is codes(send_json('owner', $at, { action => 'reply' })),
        'text:required';
    is codes(send_json('owner', $at, { action => 'sing', text => 'x' })),
        'action:unknown';
    is send_json('rival', $at, { action => 'reply', text => 'x' })
        ->{status}, 403;
    is page('rival', $at)->{status}, 404;
    is send_json('near', $at, { action => 'reply', text => 'x' })
        ->{status}, 403;
    my $a = post($s, $at, as('owner'), form =>
        [action => 'reply', text => 'x' x 1001]);
    is $a->{status}, 422;
    like $a->{body}, qr/x{1001}/, 'the form keeps the text';
    is seq($s), $n;
    $a = post($s, $at, as('owner'), form =>
        [action => 'reply', text => 'it was <raining>']);
    is $a->{status}, 303;
    like get($s, "/v/$v")->{body}, qr/it was &lt;raining/, 'published';
    like get($s, "/v/$v/inspections")->{body}, qr/it was &lt;raining/;
    is json(get($s, "/v/$v/inspections/$in->{id}.json"))->{reply},
        'it was <raining>';
    is send_json('owner', $at, { action => 'reply', text => 'and' })
        ->{status}, 409, 'once';

    my $desk = "/desk/inspections/$in->{id}";
    is_deeply data('near', "$desk.json")->{actions}, ['remove_reply'];
    is send_json('walker', $desk, { action => 'remove_reply' })->{status},
        403;
    is send_json('away', $desk, { action => 'remove_reply' })->{status}, 403;
    is send_json('near', $desk, { action => 'remove_reply' })->{status},
        200, 'an officer takes it down';
    is send_json('near', $desk, { action => 'remove_reply' })->{status},
        409;
    unlike get($s, "/v/$v/inspections")->{body}, qr/raining/;
    ok json(get($s, "/v/$v/inspections/$in->{id}.json"))->{reply_removed},
        'which is said';
};

subtest 'an appeal' => sub {
    my $n = seq($s);
    my $list = data('owner', '/my/appeals.json');
    ok $list->{may_appeal};
    is $list->{until}, day(21);
    is codes(send_json('owner', '/my/appeals', {})), 'text:required';
    is codes(send_json('owner', '/my/appeals', { text => 'x', venue => 1 })),
        'venue:unknown';
    is send_json($_, '/my/appeals', { text => 'x' })->{status},
        $_ eq 'public' ? 401 : 403, $_ for qw(public near bank);
    my $a = post($s, '/my/appeals', as('owner'), multipart =>
        [text => '', photo => { name => 'a.jpg', type => 'image/jpeg',
                                data => $grey }]);
    is $a->{status}, 422;
    my ($kept) = $a->{body} =~ /name="kept_photo" value="([^"]+)"/;
    ok $kept, 'the form keeps the photo';
    is seq($s), $n;
    ok !exists venue()->{appeal};

    $a = post($s, '/my/appeals', as('owner'),
        headers => [Accept => 'application/json',
                    'Idempotency-Key' => 'appeal-1'],
        multipart => [text => 'our licence is <valid>',
                      kept_photo => $kept]);
    is $a->{status}, 201;
    my $id = json($a)->{id};
    is header($a, 'location'), "/my/appeals/$id";
    is json($a)->{colour}, 'red';
    is json($a)->{due_on}, day(21);
    is_deeply json($a)->{actions}, ['withdraw'];
    $n = seq($s);
    is json(post($s, '/my/appeals', as('owner'),
        headers => [Accept => 'application/json',
                    'Idempotency-Key' => 'appeal-1'],
        multipart => [text => 'our licence is <valid>',
                      kept_photo => $kept]))->{id}, $id, 'a repeat';
    is seq($s), $n;
    is send_json('owner', '/my/appeals', { text => 'more' })->{status}, 409,
        'one a grade';
    is data('owner', '/my/appeals.json')->{bar}, 'filed';
    $a = post($s, '/my/appeals', as('owner'), form => [text => 'my words']);
    is $a->{status}, 409;
    like $a->{body}, qr/my words/;

    my $public = venue()->{appeal};
    is $public->{state}, 'filed', 'the page says so while it runs';
    is $public->{text}, undef, 'but not what it says';
    like get($s, "/v/$v?lang=en")->{body}, qr/Under appeal/;

    my $photo = data('owner', "/my/appeals/$id.json")->{photos}[0]{href};
    is $photo, "/my/appeals/$id/photos/1";
    is page('owner', $photo)->{status}, 200, 'the owner sees its photo';
    is page('rival', $photo)->{status}, 404, 'no other';
    is page('public', $photo)->{status}, 401;
    $photo = data('near', "/desk/appeals/$id.json")->{photos}[0]{href};
    is page('near', $photo)->{status}, 200, 'and the officer';
    is page($_, $photo)->{status}, 404, "not $_" for qw(away);
    is page($_, $photo)->{status}, 403, "nor $_" for qw(owner walker);

    my $desk = "/desk/appeals/$id";
    is page('rival', "/my/appeals/$id")->{status}, 404;
    is page('walker', $desk)->{status}, 403;
    is page('away', $desk)->{status}, 404;
    cmp_ok data('near', '/desk.json')->{appeals_filed}, '>=', 1;
    ok !grep({ $_->{venue} == $v }
        @{data('away', '/desk/appeals.json')->{items}});
    ok grep({ $_->{id} == $id }
        @{data('near', '/desk/appeals.json')->{items}});
    like page('near', '/desk/appeals.csv')->{body}, qr/^$id,$v,/m;

    # Who confirmed the visit is one of the two, whoever won that race.
    my ($part) = grep { data($_, "$desk.json")->{took_part} }
        qw(near fresh);
    ok $part, 'whoever had part in the grade is told';
    is data($part, "$desk.json")->{actions}, undef;
    $a = send_json($part, $desk, { action => 'uphold', text => 'x' });
    is $a->{status}, 403;
    is json($a)->{code}, 'took_part', 'and may not decide';

    is codes(send_json('chief', $desk, { action => 'reject' })),
        'text:required';
    is codes(send_json('chief', $desk, { action => 'uphold', text => 'x',
        finding => [999999] })), 'finding:unknown';
    is send_json('chief', $desk, { action => 'withdraw' })->{status}, 403,
        'the venue withdraws';
    is send_json('owner', "/my/appeals/$id",
        { action => 'uphold', text => 'x' })->{status}, 403,
        'and does not decide';
    is send_json('rival', "/my/appeals/$id", { action => 'withdraw' })
        ->{status}, 403;

    my ($finding) = map { $_->{id} }
        @{data('chief', "$desk.json")->{findings}};
    ok $finding, 'the findings are listed';
    $a = post($s, $desk, as('chief'),
              form => [action => 'uphold', finding => $finding]);
    is $a->{status}, 422;
    like $a->{body}, qr/value="$finding" checked/, 'what was ticked stays';
    my ($free) = grep { $_ ne $part } qw(near fresh);
    is_deeply race($free => [$desk, { action => 'reject', text => 'no' }],
                   chief => [$desk, { action => 'uphold', text => 'yes',
                                      finding => [$finding] }]),
        [200, 409], 'one decides';
    is page('owner', "/my/appeals/$id.json")->{status}, 200;
    ok data('owner', "/my/appeals/$id.json")->{answer};
    is send_json('owner', "/my/appeals/$id", { action => 'withdraw' })
        ->{status}, 409;
};

subtest 'upheld' => sub {
    visit($s, $jar{walker}, $other, fail => { L1 => {} });
    is json(get($s, "/v/$other.json"))->{grade}{colour}, 'red';
    my $id = json(send_json('rival', '/my/appeals',
                            { text => 'wrong house' }))->{id};
    my ($f) = map { $_->{id} }
        @{data('chief', "/desk/appeals/$id.json")->{findings}};
    is send_json('chief', "/desk/appeals/$id",
        { action => 'uphold', text => 'next door it was',
          finding => [$f] })->{status}, 200;
    my $is = json(get($s, "/v/$other.json"));
    is $is->{counts}{findings_open}, 0, 'the finding fell with it';
    isnt $is->{grade}{colour}, 'red', 'and with it the downgrade';
    is data('near', "/desk/findings/$f.json")->{state}, 'void';
};

subtest 'withdrawn' => sub {
    my ($third) = $district{$here}[2];
    $jar{third} = sign_in($s, venue => $third);
    visit($s, $jar{walker}, $third, fail => { L1 => {} });
    my $id = json(send_json('third', '/my/appeals', { text => 'x' }))->{id};
    is post($s, "/my/appeals/$id", as('third'),
            form => [action => 'withdraw'])->{status}, 303;
    ok !exists json(get($s, "/v/$third.json"))->{appeal},
        'nothing is said of it any more';

    subtest 'another visit' => sub {
        my $at = '/my/reinspection';
        is data('third', "$at.json")->{bar}, 'unrectified';
        is send_json('third', $at, {})->{status}, 409, 'first it is fixed';
        my ($f) = map { $_->{id} }
            @{data('third', '/my/findings.json')->{items}};
        send_json('third', "/my/findings/$f",
                  { action => 'submit', text => 'done' });
        ok data('third', "$at.json")->{may_reinspect};
        is send_json('third', $at, { text => 'x' x 501 })->{status}, 422;
        is send_json('near', $at, {})->{status}, 403;
        is post($s, $at, as('third'), form => [text => 'come'])->{status},
            303;
        is send_json('third', $at, {})->{status}, 409, 'once';
        ok data('third', "$at.json")->{due_on};
        ok json(get($s, "/v/$third.json"))->{reinspection_due_on},
            'the public page says so';
        visit($s, $jar{walker}, $third, finished_at => Visit::at(30));
        ok !exists json(get($s, "/v/$third.json"))->{reinspection_due_on},
            'until somebody came';
    };
};

subtest 'a self-check' => sub {
    my $at = '/my/self-check';
    my @code = map { map { $_->{code} } @{$_->{items}} }
        @{data('owner', "$at.json")->{heads}};
    cmp_ok scalar @code, '>=', 28, 'the whole checklist';
    my $n = seq($s);
    my @form = map { $_ => 'pass' } @code[1 .. $#code];
    my $a = post($s, $at, as('owner'),
                 form => [@form, "$code[1]_note" => 'kept <note>']);
    is $a->{status}, 422;
    like $a->{body}, qr/href="#$code[0]"/, 'the item without an answer';
    unlike $a->{body}, qr/href="#$code[1]"/, 'and no other';
    like $a->{body}, qr/kept &lt;note/, 'what was typed stays';
    like $a->{body}, qr/name="$code[1]" value="pass" required checked/;
    is post($s, $at, as('owner'), form => [@form, $code[0] => 'maybe'])
        ->{status}, 422, 'no answer of that name';
    is post($s, $at, as('owner'),
            form => [@form, $code[0] => 'fail',
                     "$code[0]_note" => 'x' x 501])->{status}, 422;
    is send_json('owner', $at, { items => [] })->{status}, 422;
    is send_json('owner', $at, { items => [{ code => $code[0],
        result => 'pass' }] })->{status}, 422;
    is send_json('near', $at, { items => [] })->{status}, 403;
    is seq($s), $n;

    # The last visit found L1 failing; the venue passes it and fails another.
    $a = post($s, $at, as('owner'), form =>
        [(map { $_ => $_ eq 'L2' ? 'fail' : 'pass' } @code),
         L2_note => 'the frame broke']);
    is $a->{status}, 303;
    my $own = venue()->{self_check};
    is $own->{last_on}, day(0);
    is $own->{differs}, 2, 'where it differs is counted in public';
    my %item = map { $_->{code} => $_ }
        @{json(get($s, "$own->{href}.json"))->{items}};
    is $item{L1}{self_check}, 'pass';
    is $item{L2}{self_check}, 'fail';
    ok !exists $item{L3}{self_check};
    like get($s, "/v/$v")->{body}, qr{href="\Q$own->{href}\E"};
    unlike get($s, $own->{href})->{body}, qr/frame broke/,
        'the note is not';
    is data('owner', "$at.json")->{heads}[0]{items}[1]{note},
        'the frame broke';

    is send_json('owner', $at, { items =>
        [map { { code => $_, result => 'na' } } @code] })->{status}, 200,
        'by a program as well';
};

subtest 'item by item' => sub {
    my $fail = visit($s, $jar{walker}, $v, fail =>
        { L4 => { photos => [photo('walker')],
                  photos_public => JSON::PP::true() } });
    my $at = "/v/$v/inspections/$fail->{id}";
    my $view = json(get($s, "$at.json"));
    is $view->{heads}[0]{items}[0]{code}, 'L4', 'what failed comes first';
    is $view->{items}[0]{code}, 'L1', 'the items in their own order';
    my $hash = $view->{heads}[0]{items}[0]{photos}[0];
    is get($s, "/photos/$hash")->{status}, 200, 'a public photo';
    is header(get($s, $at), 'cache-control'), 'no-cache';
    like header(get($s, $at), 'etag'), qr/^"/;
    is get($s, "/v/$other/inspections/$fail->{id}")->{status}, 404,
        "under its own venue";
    is get($s, "/v/0/inspections/$fail->{id}")->{status}, 404;
    is get($s, "/v/$v/inspections/999999")->{status}, 404;
    like get($s, "/v/$v")->{body}, qr{href="$at"}, 'linked from the page';
    for my $private (qw(started_at finished_at lat lng accuracy flags note
                        inspector state))
    {
        ok !exists $view->{$private}, "$private is not public";
    }
};

unlike log_of($s), qr/\[(?:error|crit|alert|emerg)\]/, 'a clean error log';
ok stop($s);
done_testing;
