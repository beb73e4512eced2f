# Who complained must not be told by when something changes (faults B6): what
# is public moves on a beat, and the place hears of a filing once it was taken
# up, or the next morning.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Time::Local qw(timegm);

use Clock qw(clock_at clock_pass);
use Shian qw(demo_store start stop get post json sign_in header open_venues
             seq id_of);

# Ten in the morning, two minutes past a beat, eight hours ahead of UTC.
clock_at(timegm(0, 2, 2, 1, 11, 2026));
my $s = demo_store(12, '--complaints', 0, '--today', '2026-12-01');
start($s, server => 'shian_grading off;');       # its entries come by themselves
my ($v) = open_venues($s);
my $owner = sign_in($s, venue => $v);
clock_pass(6 * 60);

sub public { return get($s, '/.well-known/shian.json')->{body} }

sub mine {
    my $a = get($s, '/my/complaints.json', jar => { %$owner });
    die $a->{body} if $a->{status} != 200;
    return scalar @{json($a)->{items} || []};
}

sub mine_etag {
    return header(get($s, '/my/complaints', jar => { %$owner }), 'etag');
}

sub complaint {
    my $a = post($s, '/complaints', headers => [Accept => 'application/json'],
                 form => [venue => $v, kind => 'report', category => 'dirty',
                          text => 'x']);
    is $a->{status}, 201;
    return json($a)->{number};
}

sub requests { return get($s, '/open311/v2/requests.json')->{body} }

my ($head, $list, $etag, $pages) = (public(), requests(), mine_etag(),
                                    get($s, "/v/$v")->{body});
my $n = seq($s);
my $number = complaint();
cmp_ok seq($s), '>', $n, 'something was filed';
is public(), $head, 'the public head stands';
is mine(), 0, 'the place sees nothing of it';
is mine_etag(), $etag, 'nor by its tag';
is requests(), $list, 'nor does anybody else';
is get($s, "/v/$v")->{body}, $pages;

clock_pass(5 * 60);
isnt public(), $head, 'the head moves on its beat';
cmp_ok json(get($s, '/.well-known/shian.json'))->{seq}, '>', $n;
is mine(), 0, 'the list does not';

my $officer = sign_in($s, login => 'chief');
is post($s, '/desk/complaints/' . id_of($s, $officer, $number),
        jar => $officer, json => { action => 'note', text => 'seen' })
    ->{status}, 200;
is mine(), 1, 'once somebody has looked, the place hears of it';
isnt requests(), $list;

complaint();
clock_pass(14 * 3600 - 16 * 60);
$owner = sign_in($s, venue => $v);
is mine(), 1, 'midnight tells nothing';
clock_pass(8 * 3600 + 10 * 60);
$owner = sign_in($s, venue => $v);
is mine(), 2, 'the next morning does';
stop($s);
done_testing;
