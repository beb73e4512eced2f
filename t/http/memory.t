# faults C6: a worker's own memory does not grow with the requests it serves.

use strict;
use warnings;
use POSIX ();
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store start stop get post workers sign_in plaque_of
             open_venues connect_to slurp);

my $s = demo_store(20);
start($s, workers => 1, level => 'warn',
      http => 'keepalive_requests 100000000;');
my ($worker) = workers($s);
my ($v) = open_venues($s);
my $code = plaque_of($s, $v);
my $jar = sign_in($s, login => 'officer');
my $cookie = "Cookie: lang=en; session=$jar->{session}\r\n";

my @asks = map { join "\r\n", $_->[0] . ' HTTP/1.1', 'Host: x',
                      ($_->[1] // '') . "\r\n" . ($_->[2] // '') }
    (["GET /q/$code"], ["GET /v/$v"], ["GET /v/$v", "Accept-Encoding: gzip\r\n"],
     ["GET /v/$v.json"], ['GET /venues?q=a'], ['GET /nothing'],
     ['GET /desk/complaints', $cookie], ['GET /static/shian.css'],
     ['GET /healthz'], ['GET /'], ['GET /metrics'], ['GET /venues.csv'],
     ['GET /desk/events.json', $cookie], ['GET /open311/v2/services.json'],
     ['POST /complaints', "Content-Type: application/x-www-form-urlencoded"
      . "\r\nContent-Length: 3\r\n", 'a=b']);

# So many turns of all of them on one connection, as fast as it goes.
sub ask {
    my ($turns) = @_;
    my $c = connect_to($s);
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        my $all = join '', @asks;
        for (1 .. $turns) {
            my $at = 0;
            while ($at < length $all) {
                $at += syswrite($c, $all, length($all) - $at, $at) // last;
            }
        }
        POSIX::_exit(0);
    }
    my ($got, $tail, $in) = (0, '', '');
    while ($got < $turns * @asks && sysread $c, $in, 1 << 18) {
        my $text = $tail . $in;
        my $end = 0;
        while ($text =~ /HTTP\/1\.1 \d\d\d/g) { $got++; $end = pos $text }
        $tail = substr $text, $end > length($text) - 11 ? $end
                                                        : length($text) - 11;
    }
    waitpid $pid, 0;
    # What ends with its connection, and what is written.
    get($s, "/q/$code") for 1 .. 20;
    for (1 .. 10) {
        my %j;
        get($s, "/q/$code", jar => \%j);
        post($s, "/v/$v/reviews", jar => \%j, form => [hygiene => 4]);
    }
    return $got;
}

sub own {
    return slurp("/proc/$worker/status") =~ /RssAnon:\s+(\d+)/ ? $1 : undef;
}

SKIP: {
    skip 'this kernel does not tell', 2 if !defined own();
    skip 'a sanitizer keeps what was freed', 2 if $ENV{SHIAN_PRELOAD};
    ask(200);
    my ($requests, @grown) = (0);
    for (1 .. 5) {
        my $before = own();
        $requests += ask(400);
        push @grown, own() - $before;
    }
    cmp_ok $requests, '>=', 5 * 400 * @asks, "$requests requests";
    # A higher water mark now and then is no leak; what leaks does so each time.
    my ($least) = sort { $a <=> $b } @grown;
    cmp_ok $least, '<=', 12, "grew by @grown kB: under 2 bytes a request";
}
stop($s);

done_testing;
