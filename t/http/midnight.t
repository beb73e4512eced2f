# What time alone does, seen from outside while the server runs on: a deadline
# passes, a year ends, what a complainant wrote is kept no longer.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Time::Local qw(timegm);
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Clock qw(clock_at clock_pass clock_now);
use Shian qw(new_store start stop ctl get post json sign_in spew slurp root
             wait_for workers id_of);
use Visit qw(visit);

# The instant of a local time: the city is eight hours ahead.
sub local_time {
    my ($y, $m, $d, $hour, $min, $sec) = @_;
    return timegm($sec || 0, $min || 0, $hour, $d, $m - 1, $y) - 8 * 3600;
}

sub today { return POSIX::strftime('%Y-%m-%d', gmtime(time + 8 * 3600)) }

# Time goes by until a local time, never back.
sub wait_until {
    my $at = local_time(@_);
    die 'that is past' if $at < clock_now();
    clock_pass($at - clock_now());
}

my $year = POSIX::strftime('%Y', gmtime(time + 8 * 3600));
clock_at(local_time($year, 12, 20, 10));

my $s = new_store();
my $r = ctl($s, 'import', 'venues', spew("$s->{dir}/venues.csv", <<''));
ref,name,address,lat,lng
1,Kitchen One,1 Long Street,29.6535,121.4065
2,Kitchen Two,2 Long Street,29.6545,121.4065
3,Kitchen Three,3 Long Street,29.6555,121.4065

is $r->{status}, 0, 'venues' or diag $r->{err};
for my $role (qw(inspector officer)) {
    is ctl($s, 'user', 'add', '--login', $role, '--role', $role, '--name',
           $role)->{status}, 0, $role;
}
start($s, server => 'shian_grading on interval=20ms;');

my @workers;
wait_for(sub { @workers = workers($s); return @workers == 2 });

sub venue { return json(get($s, "/v/$_[0].json")) }
sub points {
    my ($v, $code) = @_;
    return join ' ', map { $_->{points} }
        grep { $_->{code} eq $code } @{$v->{grade}{reasons}};
}
sub rated {
    return join ' ', map { "$_->{year} $_->{level}" }
        @{venue(shift)->{evaluations} || []};
}

# The routine has been through the day that the clock shows.
sub night_is_over {
    my $day = POSIX::floor((time + 8 * 3600) / 86400);
    return wait_for(sub {
        my $m = get($s, '/metrics')->{body};
        return $m =~ /^shian_grading_day $day$/m
            && $m =~ /^shian_grading_venue 0$/m;
    }, 20);
}

sub seconds_later {
    my ($what, $check) = @_;
    ok wait_for(sub { clock_pass(5); return $check->() }, 20), $what;
}

# ---- 20 December: two visits, and a complaint that is refused ----------------

my $words = 'BLUEWHALE in the kitchen';
my $who = 'Morgan Whale';
my ($id, $track, $photo);

subtest 'an ordinary day' => sub {
    my $jar = sign_in($s, login => 'inspector');
    my @codes = map { $_->{code} } map { @{$_->{items}} }
        @{json(get($s, '/checklist.json'))->{heads}};
    visit($s, $jar, 1, fail => { L3 => { severity => 'major' } });
    visit($s, $jar, 2, fail => { map { $_ => { severity => 'minor' } }
                                 @codes[0 .. @codes * 3 / 10] });
    my $v = venue(1);
    is "$v->{grade}{colour} " . points($v, 'finding'), 'green -8',
        'a major finding';

    my $a = post($s, '/complaints', headers => [Accept => 'application/json'],
        multipart => [venue => 3, kind => 'complaint', category => 'pests',
                      text => $words, name => $who,
                      contact => 'whale@example.com',
                      photo => { name => 'p.jpg', type => 'image/jpeg', data =>
                          slurp(root() . '/t/fuzz/corpus/photo/grey.jpg') }]);
    is $a->{status}, 201, 'a complaint' or diag $a->{body};
    $track = json($a)->{track};

    my $desk = sign_in($s, login => 'officer');
    $id = id_of($s, $desk, json($a)->{number});
    $a = post($s, "/desk/complaints/$id", jar => $desk,
              json => { action => 'refuse', ground => 'not_ours' });
    is $a->{status}, 200, 'refused' or diag $a->{body};
    $a = get($s, "/desk/complaints/$id.json", jar => $desk);
    like $a->{body}, qr/\Q$words\E/, 'the bureau reads it';
    ($photo) = glob "$s->{store}/photos/*/*";
    ok $photo, 'its photo is there';
};

# ---- 27 December: a deadline -------------------------------------------------

subtest 'a deadline passes' => sub {
    wait_until($year, 12, 27, 23, 59, 50);
    ok night_is_over(), 'the last day was looked at';
    my $v = venue(1);
    is "$v->{grade}{colour} " . points($v, 'finding'), 'green -8',
        'nothing on its last day, ten seconds before midnight';

    clock_pass(15);
    is today(), "$year-12-28", 'midnight';
    ok wait_for(sub { venue(1)->{grade}{colour} eq 'yellow' }, 20),
        'and the place is yellow, by itself';
    $v = venue(1);
    is points($v, 'finding'), '-18', 'ten points for being late';
    is substr($v->{grade}{since}, 0, 19), "$year-12-27T16:00:00",
        'since midnight';
    my $page = get($s, '/v/1?lang=en')->{body};
    like $page, qr/>Fair</, 'the page says so';
    like $page, qr/>82 of 100 points</;
    like $page, qr/>-18\.00 points</;

    my $owner = sign_in($s, venue => 1);
    my ($f) = @{json(get($s, '/my/findings.json', jar => $owner))->{items}};
    is $f->{overdue_days}, 1, 'and the venue\'s list';
    like get($s, '/my/findings?lang=en', jar => $owner)->{body},
        qr/1 day overdue/, 'in words';
    is venue(2)->{grade}{colour}, 'yellow', 'others are as they were';
};

# ---- New Year ----------------------------------------------------------------

subtest 'a year ends' => sub {
    wait_until($year, 12, 31, 23, 59, 50);
    ok night_is_over(), 'the last day of the year was looked at';
    is rated($_), '', "venue $_ has no record for it" for 1 .. 3;

    clock_pass(15);
    is today(), ($year + 1) . '-01-01', 'midnight';
    ok wait_for(sub { rated(1) ne '' && rated(2) ne '' }, 20),
        'the evaluation appears by itself';
    is rated(1), "$year A", 'by the visits of the year';
    is rated(2), "$year C";
    is rated(3), '', 'nobody was there: none';
};

# ---- Three years later -------------------------------------------------------

my $years = 3;                  # as rules are until a city sets its own

subtest 'kept no longer' => sub {
    wait_until($year + $years, 12, 20, 23, 59, 50);
    ok night_is_over(), "$years years later";
    my $desk = sign_in($s, login => 'officer');
    my $page = sub { get($s, "/desk/complaints/$id.json", jar => $desk) };
    like $page->()->{body}, qr/\Q$words\E/, 'the last day is kept whole';
    like get($s, "$track.json")->{body}, qr/\Q$words\E/,
        'by the private link as well';
    is venue(1)->{grade}{colour}, 'ungraded',
        'nobody has visited for two years: no colour';

    clock_pass(15);
    seconds_later('after midnight it is erased, by itself',
                  sub { $page->()->{body} !~ /\Q$words\E/ });
    my $now = json($page->());
    ok $now->{erased}, 'the record stays, and says so';
    my $a = post($s, "/desk/complaints/$id", jar => $desk,
                 json => { action => 'look', reason => 'to phone them' });
    unlike $a->{body}, qr/\Q$who\E|whale\@/, 'no name any more';
    unlike get($s, "$track.json")->{body}, qr/\Q$words\E/;
    seconds_later('and its photo\'s file', sub { !-e $photo });
};

is_deeply [workers($s)], \@workers, 'the same server all the time';
stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
