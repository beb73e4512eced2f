# faults B3: a clock that jumps, on a server that runs on.  Ordinary work goes
# on; what cannot be undone waits until the clock is right again, somebody says
# that it is, or it has run on for a day.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Time::Local qw(timegm);
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Clock qw(clock_at clock_pass clock_now);
use Shian qw(new_store start stop ctl ctl_json get post json sign_in spew
             wait_for log_of id_of link_of header seq);

my $DAY = 86400;
my $YEAR = 365 * $DAY;
my $JSON = [Accept => 'application/json'];

# Ten in the morning, so that no midnight passes by itself.
clock_at(int(CORE::time() / $DAY) * $DAY + 2 * 3600);

my $s = new_store();
is ctl($s, 'import', 'venues', spew("$s->{dir}/venues.csv", <<''))->{status},
ref,name,address
1,Kitchen One,1 Long Street
2,Kitchen Two,2 Long Street

    0, 'venues';
is ctl($s, 'user', 'add', '--login', $_, '--role', $_, '--name', $_)->{status},
    0, $_ for qw(officer chief);
is ctl($s, 'user', 'add', '--login', 'limited', '--role', 'chief', '--name',
       'limited', '--district', '锦屏')->{status}, 0, 'a chief of a district';
start($s, server => 'shian_grading on interval=20ms;');

sub metric {
    my ($name) = @_;
    my ($n) = get($s, '/metrics')->{body} =~ /^shian_$name (\S+)$/m;
    return $n;
}

sub entries {
    my ($after) = @_;
    return grep { $_->{seq} > $after }
        map { JSON::PP->new->utf8->decode($_) }
        split /\n/, ctl($s, qw(export log --format json))->{out};
}

# What the machine does of itself.
sub own { return grep { $_->{operation}{sweep}
                        || $_->{operation}{complaint_expire}
                        || $_->{operation}{venue_regrade}
                        || $_->{operation}{day_pass}
                        || $_->{operation}{evaluation_close} } @_ }

my $words = 'BLUEWHALE in the kitchen';
sub complain {
    my (%o) = @_;
    return post($s, '/complaints', headers => $JSON,
                json => { venue => 2, kind => 'complaint', category => 'pests',
                          text => $words, name => 'Morgan',
                          contact => 'whale@example.com', %o });
}

my $a = complain();
is $a->{status}, 201, 'a complaint' or diag $a->{body};
my $desk = sign_in($s, login => 'officer');
my $id = id_of($s, $desk, json($a)->{number});
is post($s, "/desk/complaints/$id", jar => $desk,
        json => { action => 'refuse', ground => 'not_ours' })->{status}, 200,
    'it has ended';
ok wait_for(sub { metric('grading_venue') eq '0' && metric('grading_day') }),
    'the day was looked at';

# So many hours pass, with more than one tick of the server in them.
sub hours_pass {
    clock_pass($_[0] * 900) for 1 .. 4;
    get($s, '/healthz');
}

for my $off (6 * $YEAR, -6 * $YEAR) {
    my $what = $off > 0 ? 'six years ahead' : 'six years behind';
    subtest "$what for an hour" => sub {
        is metric('clock_in_doubt'), 0, 'trusted before';
        $desk = sign_in($s, login => 'officer');
        my $before = seq($s);
        my $began = clock_now();
        clock_at($began + $off);
        ok wait_for(sub { metric('clock_in_doubt') eq '1' }), 'in doubt';
        cmp_ok abs(metric('clock_off_seconds') - $off), '<', 10, 'by so much';
        for (1 .. 60) {
            clock_pass(60);
            select undef, undef, undef, .02 if $_ % 10 == 0;
        }
        get($s, "/venues.json?n=$_") for 1 .. 20;
        like get($s, '/healthz')->{body}, qr/clock is in doubt/, 'healthz';

        $a = complain(venue => 1, text => "while $what");
        is $a->{status}, 201, 'work goes on' or diag $a->{body};
        my $page = get($s, '/desk?lang=en', jar => { %$desk })->{body};
        like $page, qr/clock is in doubt/, 'the desk says so';
        unlike $page, qr{action="/desk/clock"}, 'an officer cannot end it';
        unlike get($s, '/?lang=en')->{body}, qr/in doubt/, 'the public';
        like get($s, "/desk/complaints/$id.json", jar => { %$desk })->{body},
            qr/\Q$words\E/, 'nothing is erased';

        my $r = ctl($s, 'erase', "complaint:$id");
        is $r->{status}, 1, 'nor by hand';
        like $r->{err}, qr/clock is in doubt.*clock confirm/;
        ok ctl_json($s, qw(clock show))->{in_doubt}, 'clock show';

        my @new = entries($before);
        is_deeply [own(@new)], [], 'the machine has done nothing of itself';
        my ($post) = grep { $_->{operation}{complaint_post} } @new;
        ok $post->{operation}{clock_in_doubt}, 'the entry says so';
        my ($y, $m, $d, $h, $min) = $post->{operation}{at}
            =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)/;
        cmp_ok abs(timegm(0, $min, $h, $d, $m - 1, $y) - $began - 3600), '<',
            120, 'and has the instant that it most likely was';

        clock_at(clock_now() - $off);
        ok wait_for(sub { metric('clock_in_doubt') eq '0' }),
            'right again, and trusted';
        is get($s, '/healthz')->{body}, "ok\n";
    };
}

subtest 'eight days ahead for 34 seconds' => sub {
    my $jar = sign_in($s, login => 'officer');
    my %kept = %$jar;
    is post($s, '/signout', jar => $jar)->{status}, 303, 'signed out';
    my $link = link_of($s, login => 'officer');
    is post($s, $link)->{status}, 303, 'a link that is spent';
    my @once = (headers => [@$JSON, 'Idempotency-Key' => 'once']);
    my $post = sub {
        return post($s, '/complaints', @once,
                    json => { venue => 1, kind => 'report',
                              category => 'pests', text => 'only once' });
    };
    my $first = $post->();
    is $first->{status}, 201, 'filed' or diag $first->{body};

    clock_at(clock_now() + 8 * $DAY);
    clock_pass(17);
    get($s, '/healthz');
    clock_pass(17);
    get($s, "/venues.json?m=$_") for 1 .. 20;
    is $post->()->{status}, 201, 'meanwhile';
    clock_at(clock_now() - 8 * $DAY);
    ok wait_for(sub { metric('clock_in_doubt') eq '0' }), 'and back';

    is get($s, '/desk', jar => { %kept })->{status}, 401,
        'the session stays ended';
    is post($s, $link)->{status}, 410, 'the link stays spent';
    is json($post->())->{number}, json($first)->{number}, 'filed once';
};

subtest 'somebody says that it is right' => sub {
    clock_at(clock_now() + 30 * $DAY);
    ok wait_for(sub { metric('clock_in_doubt') eq '1' }), 'in doubt';
    hours_pass(48);
    is metric('clock_in_doubt'), 1, 'a month does not confirm itself';

    my $limited = sign_in($s, login => 'limited');
    is post($s, '/desk/clock', jar => { %$limited }, headers => $JSON,
            json => {})->{status}, 403, 'not a chief of a district';
    my $chief = sign_in($s, login => 'chief');
    my ($key) = get($s, '/desk?lang=en', jar => { %$chief })->{body}
        =~ m{action="/desk/clock">.*?name="idempotency_key" value="([^"]+)"};
    ok $key, 'a chief has a button';
    $a = post($s, '/desk/clock', jar => { %$chief },
              form => [idempotency_key => $key]);
    is $a->{status}, 303;
    is header($a, 'location'), '/desk';
    ok wait_for(sub { clock_pass(6); metric('clock_in_doubt') eq '0' }),
        'trusted, by the other worker too';
    unlike get($s, '/desk?lang=en', jar => { %$chief })->{body},
        qr/in doubt/, 'and the desk is quiet';

    clock_at(clock_now() - 30 * $DAY);
    ok wait_for(sub { metric('clock_in_doubt') eq '1' }), 'and back';
    is ctl($s, qw(clock confirm))->{status}, 0, 'from the command line';
    ok wait_for(sub { clock_pass(6); metric('clock_in_doubt') eq '0' }),
        'the server hears of it';
    my @all = entries(0);
    my ($i) = grep { $all[$_]{operation}{clock_confirm} } reverse 0 .. $#all;
    ok $i, 'it is in the log';
    cmp_ok $all[$i]{operation}{at}, 'lt', $all[$i - 1]{operation}{at},
        'whose instants go on from there';
};

subtest 'a day of steady running' => sub {
    clock_at(clock_now() + 2 * $DAY);
    ok wait_for(sub { metric('clock_in_doubt') eq '1' }), 'in doubt';
    is complain(venue => 1, text => 'in doubt')->{status}, 201;
    hours_pass(23);
    is metric('clock_in_doubt'), 1, 'for a day';
    hours_pass(2);
    ok wait_for(sub { metric('clock_in_doubt') eq '0' }),
        'then it confirms itself';
};

like log_of($s), qr/the clock is in doubt/, 'the log told';
like log_of($s), qr/the clock is trusted again/;
stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
