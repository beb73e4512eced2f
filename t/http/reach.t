# faults B2: what somebody may do and see goes by their districts as well as
# by their role.  A chief of one district beside the chief of the city.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use JSON::PP ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl get post json sign_in seq
             filing csv_rows slurp root);

my $s = demo_store(60, '--complaints', 0);
configure($s);
start($s);

my $J = [Accept => 'application/json'];

# Two districts, and a venue that is open in each.
my (%venue, @district);
for my $v (@{json(get($s, '/venues.json?limit=100'))->{items}}) {
    next if $v->{colour} eq 'closed' || !$v->{district};
    push @district, $v->{district} if !$venue{$v->{district}};
    $venue{$v->{district}} ||= $v->{id};
}
my ($here, $there) = @district;

sub account {
    my ($login, $role, @districts) = @_;
    my $r = ctl($s, qw(user add --login), $login, '--role', $role, '--name',
                $login, map { ('--district', Encode::encode_utf8($_)) }
                        @districts);
    die $r->{err} if $r->{status} != 0;
    return sign_in($s, login => $login);
}

my %jar = (
    local => account('chief-here', 'chief', $here),
    far => account('chief-there', 'chief', $there),
    both => account('chief-both', 'chief', $here, $there),
    officer => account('officer-here', 'officer', $here),
    stranger => account('officer-there', 'officer', $there),
    walker => account('walker-here', 'inspector', $here),
    pacer => account('walker-there', 'inspector', $there),
    owner => account('owner-here', 'officer', $here),
    chief => sign_in($s, login => 'chief'),
    admin => sign_in($s, login => 'admin'),
);
ctl($s, qw(user add --login keeper-here --role venue --name k --venue),
    $venue{$here});
ctl($s, qw(user add --login keeper-there --role venue --name k --venue),
    $venue{$there});

sub people {
    my ($who) = @_;
    my $a = get($s, '/desk/users.json?limit=100', jar => $jar{$who});
    return map { $_->{login} => $_ } @{json($a)->{items}};
}

my %all = people('chief');

sub put {
    my ($who, %with) = @_;
    return post($s, '/desk/users', jar => $jar{$who}, headers => $J,
                json => { name => 'N', %with })->{status};
}

sub end {
    my ($who, $login) = @_;
    return post($s, "/desk/users/$all{$login}{id}", jar => $jar{$who},
                headers => $J, json => { action => 'disable' })->{status};
}

subtest 'nobody gives what they do not have' => sub {
    my $n = seq($s);
    is put('local', login => 'chiefa', role => 'chief'), 403,
        'a chief of the city';
    is put('local', login => 'chiefa', role => 'chief', district => []), 403;
    for my $role (qw(inspector officer chief bank media)) {
        is put('local', login => 'new', role => $role), 403,
            "$role of the city";
        is put('local', login => 'new', role => $role,
               district => [$there]), 403, "$role of another district";
        is put('local', login => 'new', role => $role,
               district => [$here, $there]), 403, "$role of that as well";
    }
    is put('local', login => 'new', role => 'venue',
           venue => $venue{$there}), 403, 'a venue of another district';
    is put('local', login => 'new', role => 'venue', venue => $venue{$there},
           district => [$here]), 403, 'whatever district comes with it';
    is put($_, login => 'new', role => 'admin'), 403, "$_ makes no admin"
        for qw(local chief);
    is put('local', login => 'new', role => 'admin', district => [$here]),
        403;
    is seq($s), $n, 'nothing was written';
};

subtest 'nor changes or ends it' => sub {
    my $n = seq($s);
    for my $login (qw(chief-there officer-there walker-there keeper-there
                      chief-both chief officer inspector bank media admin))
    {
        is put('local', login => $login, role => 'officer',
               district => [$here]), 403, "takes $login over";
        is end('local', $login), 403, "disables $login";
    }
    is end('chief', 'admin'), 403, 'the chief of the city no admin';
    is end('both', 'chief'), 403, 'nor one of two districts that of all';
    is end($_, 'walker-here'), 403, "$_ ends nobody"
        for qw(officer walker);
    is seq($s), $n, 'nothing was written';
};

subtest 'but has their own' => sub {
    for my $role (qw(inspector officer chief)) {
        is put('local', login => "own-$role", role => $role,
               district => [$here]), 201, $role;
        is put('local', login => "own-$role", role => 'officer',
               district => [$here]), 200, 'changed';
    }
    is put('local', login => 'own-venue', role => 'venue',
           venue => $venue{$here}), 201, 'a venue';
    is put('both', login => 'own-two', role => 'chief',
           district => [$here, $there]), 201, 'two districts';
    is end('both', 'own-two') // 0, 200, 'ended'
        if %all = people('chief');
    is end('local', 'own-officer'), 200;
    is end('local', 'own-venue'), 200;
    is put('local', login => 'own-officer', role => 'officer',
           district => [$here]), 200, 'let in again';
    is put('chief', login => 'city-wide', role => 'chief'), 201;
    is put('chief', login => 'a-bank', role => 'bank'), 201;
    is put('admin', login => 'new-admin', role => 'admin'), 201;
};

subtest 'accounts in sight' => sub {
    my %mine = people('local');
    ok $mine{$_}, $_ for qw(chief-here officer-here walker-here keeper-here);
    ok !$mine{$_}, "no $_"
        for qw(chief-there chief-both officer-there keeper-there chief
               officer admin bank);
    my %two = people('both');
    ok $two{$_}, $_ for qw(chief-here chief-there chief-both keeper-there);
    ok !$two{$_}, "no $_" for qw(chief admin);

    my $csv = get($s, '/desk/users.csv?limit=100', jar => $jar{local});
    like $csv->{body}, qr/officer-here/;
    unlike $csv->{body}, qr/officer-there|chief-both/, 'nor in the file';

    # Page by page none is lost and none is twice.
    my (%seen, $next);
    $next = '/desk/users.json?limit=1';
    while ($next) {
        my $page = json(get($s, $next, jar => $jar{local}));
        $seen{$_->{login}}++ for @{$page->{items}};
        $next = $page->{next};
    }
    is_deeply [sort keys %seen], [sort keys %mine];
    is_deeply [grep { $_ != 1 } values %seen], [];

    my $page = get($s, '/desk/users', jar => $jar{local})->{body};
    like $page, qr/<option>\Q@{[Encode::encode_utf8($here)]}/, 'a choice';
    unlike $page, qr/value="admin"/;
};

subtest 'rules are the city\'s' => sub {
    my $n = seq($s);
    my $policy = json(get($s, '/policy.json'));
    for my $page (qw(/desk/policy /desk/checklist)) {
        for my $who (qw(local both)) {
            is get($s, $page, jar => $jar{$who}, headers => $J)->{status},
                403, "$page for $who";
            for my $action (qw(preview publish)) {
                is post($s, $page, jar => $jar{$who}, headers => $J,
                        json => { action => $action })->{status}, 403,
                    $action;
            }
        }
        is get($s, $page, jar => $jar{chief})->{status}, 200;
    }
    is seq($s), $n;
    unlike get($s, '/desk', jar => $jar{local})->{body},
        qr{/desk/policy|/desk/checklist}, 'and are not offered';
    like get($s, '/desk', jar => $jar{chief})->{body}, qr{/desk/policy};
};

subtest 'who looked' => sub {
    my %n;
    for my $d ($here, $there) {
        my $f = filing($s, 1, { venue => $venue{$d}, kind => 'report',
                                category => 'dirty', text => '后厨很脏',
                                contact => '13800138000' });
        $n{$d} = $f;
        is post($s, "/desk/complaints/$f", jar => $jar{chief}, headers => $J,
                json => { action => 'look', reason => "reason-$f" })
            ->{status}, 200;
    }
    # Refused is on record with the complaint that it was about.
    is post($s, "/desk/complaints/$n{$there}", jar => $jar{local},
            headers => $J, json => { action => 'look', reason => 'try' })
        ->{status}, 403;
    my %sees = (local => [$here], far => [$there], both => [$here, $there],
                chief => [$here, $there]);
    for my $who (sort keys %sees) {
        my $a = get($s, '/desk/access.json?limit=100', jar => $jar{$who});
        my %got = map { $_->{complaint} => 1 } @{json($a)->{items}};
        is_deeply [sort keys %got], [sort map { $n{$_} } @{$sees{$who}}],
            $who;
        my $csv = get($s, '/desk/access.csv', jar => $jar{$who})->{body};
        for my $d ($here, $there) {
            my $in = grep { $_ eq $d } @{$sees{$who}};
            is scalar($csv =~ /reason-$n{$d}\b/), $in ? 1 : '',
                'and in the file';
        }
    }
};

stop($s);
done_testing();
