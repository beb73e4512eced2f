# A restore begins a new generation (faults B1): what was issued after the
# backup, or before it, opens nothing of anybody else's; private links of
# before the backup are kept; no id is given a second time.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure ctl ctl_json start stop get post json sign_in link_of
             plaque_of open_venues id_of);

my $s = demo_store(12, '--complaints', 0);
my $JSON = [Accept => 'application/json'];
start($s);
my ($v) = open_venues($s);

sub complaint {
    my ($who, $words) = @_;
    my $a = post($who, '/complaints', headers => $JSON, form =>
        [venue => $v, kind => 'report', category => 'dirty',
         text => $words]);
    die $a->{body} if $a->{status} != 201;
    return json($a);
}

sub bearer {
    my ($who, $token) = @_;
    return get($who, '/desk.json',
               headers => [Authorization => "Bearer $token"])->{status};
}

sub token_of {
    my ($login) = @_;
    my ($t) = ctl($s, 'link', '--login', $login, '--bearer')->{out}
        =~ /(\S+)\n\z/;
    return $t;
}

sub policy {
    my $to = "$s->{dir}/policy.json";
    open my $f, '>', $to or die;
    print {$f} ctl($s, 'policy', 'show')->{out}
        =~ s/"version":\s*"\K[^"]*/other-2/r;
    close $f;
    return $to;
}

my $kept = complaint($s, 'before the backup');
my $spent = link_of($s, login => 'officer');
my $unused = link_of($s, login => 'officer');
my %before = (session => sign_in($s, login => 'chief')->{session},
              bearer => token_of('officer'));
is post($s, $spent)->{status}, 303;
my $cursor = json(get($s, '/venues.json?limit=3'))->{next};
is get($s, $cursor)->{status}, 200;

my $backup = "$s->{dir}/backup";
is ctl($s, 'backup', $backup)->{status}, 0, 'a backup';

my $lost = complaint($s, 'after the backup');
ctl($s, qw(user add --login media2 --role media --name M));
my %after = (session => sign_in($s, login => 'media2')->{session},
             bearer => token_of('media2'));
my $link_after = link_of($s, login => 'media2');
my %scan;
get($s, '/q/' . plaque_of($s, $v), jar => \%scan);
my $chief = sign_in($s, login => 'chief');
my $lost_id = id_of($s, $chief, $lost->{number});
my ($media_id) = map { $_->{id} } grep { $_->{login} eq 'media2' }
    @{json(get($s, '/desk/users.json?limit=100', jar => $chief))->{items}};
stop($s);

my $t = { %$s, store => "$s->{dir}/restored" };
my $r = ctl($t, 'restore', $backup, '--no-erasures');
is $r->{status}, 0, 'restored' or diag $r->{err};
my $restored_at = time;
like $r->{out}, qr/sign-in links.*are over/, 'which says what is over';
configure($t);
start($t);
$chief = sign_in($t, login => 'chief');

# The ids that counters would have given again, to somebody else.
my $new = complaint($t, 'SECRET of somebody else');
ctl($t, qw(user add --login chief2 --role chief --name C));
my ($new_user) = map { $_->{id} } grep { $_->{login} eq 'chief2' }
    @{json(get($t, '/desk/users.json?limit=100', jar => $chief))->{items}};
my $new_id = id_of($t, $chief, $new->{number});
cmp_ok $new_id, '>=', $lost_id + 999_999,
    'no id of a filing is given again';
cmp_ok $new_user, '>=', $media_id + 999_999, 'nor of an account';

subtest 'what was issued after the backup' => sub {
    my $a = get($t, $lost->{track});
    is $a->{status}, 404, 'a private link opens nothing';
    unlike $a->{body}, qr/SECRET/, 'of nobody else';
    is post($t, $lost->{track}, json => { action => 'withdraw' })->{status},
        404, 'nor ends anything';
    is bearer($t, $after{bearer}), 401, 'a bearer token';
    is bearer($t, $after{session}), 401, 'a session as a token';
    is get($t, '/desk', jar => { session => $after{session} })->{status},
        401, 'a session';
    is get($t, $link_after)->{status}, 404, 'a sign-in link';
    is post($t, $link_after)->{status}, 404;
    is post($t, "/v/$v/reviews", jar => { %scan },
            json => { hygiene => 5 })->{status}, 403, 'a scan';
};

subtest 'what was issued before it' => sub {
    my $a = get($t, "$kept->{track}.json");
    is $a->{status}, 200, 'who complained keeps the link';
    is json($a)->{text}, 'before the backup', 'to their own';
    is json($a)->{number}, $kept->{number};
    is bearer($t, $before{$_}), 401, "a $_ is over" for sort keys %before;
    is get($t, $unused)->{status}, 404, 'links are over, unused ones';
    is get($t, $spent)->{status}, 404, 'and used ones';
    is get($t, $cursor)->{status}, 400, 'and cursors';
    is get($t, '/q/' . plaque_of($t, $v))->{status}, 307, 'plaques stay';
};

subtest 'everybody comes in again' => sub {
    is get($t, '/desk', jar => sign_in($t, login => 'officer'))->{status},
        200;
    my ($token) = ctl($t, qw(link --login officer --bearer))->{out}
        =~ /(\S+)\n\z/;
    is bearer($t, $token), 200;
    my %jar;
    get($t, '/q/' . plaque_of($t, $v), jar => \%jar);
    is post($t, "/v/$v/reviews", jar => \%jar,
            json => { hygiene => 5 })->{status}, 201, 'and scans';
};

subtest 'the night after goes from venue to venue, not from id to id' => sub {
    my $gap = $s->{dir} . '/one.csv';
    open my $f, '>', $gap or die;
    print {$f} "ref,name,address\nNEW,One beyond the gap,Somewhere 1\n";
    close $f;
    is ctl($t, 'import', 'venues', $gap)->{status}, 0;
    my $n = ctl_json($t, 'stat')->{seq};
    my $r = ctl($t, 'policy', 'set', policy());
    is $r->{status}, 0, 'a new policy walks all of them first'
        or diag $r->{err};
    cmp_ok ctl_json($t, 'stat')->{seq} - $n, '<', 8, 'in a few entries';
    is scalar(() = ctl($t, '--json', 'grade')->{out} =~ /"id":/g), 13,
        'and grade knows each';
};

stop($t);
my $verify = ctl_json($t, 'verify');
ok $verify->{ok}, 'the log goes on' or diag explain $verify;

# The same backup once more, later: what the first restored life gave away is
# not given a second time either.
my $u = { %$s, store => "$s->{dir}/again" };
sleep 1 while time <= $restored_at + 1;
is ctl($u, 'restore', $backup, '--no-erasures')->{status}, 0, 'restored again';
configure($u);
start($u);
my $third = complaint($u, 'a third life');
cmp_ok id_of($u, sign_in($u, login => 'chief'), $third->{number}), '>',
    $new_id, 'ids go on beyond those of the first';
is get($u, $new->{track})->{status}, 404, 'whose links open nothing';
stop($u);
done_testing;
