# Reloads, exits and kills in the middle of writing; reading meanwhile.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select ();
use IPC::Open2 ();
use POSIX ();
use Time::HiRes qw(time);
use Shian qw(demo_store configure start stop ctl ctl_json get post header json
             plaque_of open_venues sign_in link_of seq log_of workers
             wait_for connect_to send_request read_answer slurp spew root);

my $s = demo_store(20);
my $hold = "$s->{dir}/hold";
system($ENV{CC} || 'cc', '-D_GNU_SOURCE', '-Wno-unused-result', '-o', $hold,
       root() . '/t/lib/hold.c', '-llmdb') == 0 or die 'hold.c';

start($s);

# Nobody else can write until the code has run; or a read goes on for as long.
sub while_held {
    my ($code, @how) = @_;
    my $pid = IPC::Open2::open2(my $out, my $in, $hold, $s->{store}, @how);
    my $line = <$out>;
    die 'not held' if ($line // '') ne "held\n";
    my $ok = eval { $code->(); 1 };
    my $error = $@;
    close $in;
    waitpid $pid, 0;
    die $error if !$ok;
}

# Writes that are cheap to make: signing in with a link that may be reused.
my $link = link_of($s, 'login', 'officer', '--reuse');

sub begin_writes {
    my ($n) = @_;
    my @c = map { connect_to($s) } 1 .. $n;
    send_request($s, $_, 'POST', $link) for @c;
    return @c;
}

sub statuses {
    my %n;
    $n{(read_answer($_, 'POST', 15) || { status => 'none' })->{status}}++
        for @_;
    return \%n;
}

# That the workers have read what was sent: they answer on these connections
# only later, but whoever accepted after them has been answered.
sub settled {
    get($s, '/healthz') for 1 .. 20;
}

subtest 'reading while a batch waits' => sub {
    my ($v) = open_venues($s);
    my $code = plaque_of($s, $v);
    my $n = seq($s);
    my ($c, @more);
    while_held(sub {
        ($c, @more) = begin_writes(6);
        my $from = time;
        for my $path ('/', '/venues', "/v/$v", "/q/$code", '/healthz') {
            like get($s, $path)->{status}, qr/\A(?:200|307)\z/, $path
                for 1 .. 4;
        }
        cmp_ok time - $from, '<', 3, 'at once';
        is seq($s), $n, 'what is not written is not seen';
        ok !IO::Select->new($c, @more)->can_read(0),
            'nor answered before it is on disk';
    });
    is_deeply statuses($c, @more), { 303 => 6 }, 'then it is';
    is seq($s), $n + 6;
};

sub metric {
    my ($name) = @_;
    my ($value) = get($s, '/metrics')->{body} =~ /^shian_$name (\S+)$/m;
    return $value;
}

subtest 'what is slow or stuck is seen from outside' => sub {
    my ($took, $n, @c) = (metric('batch_seconds_total'),
                          metric('batches_total'));
    my $held = 0;
    while_held(sub {
        @c = begin_writes(1);
        settled();
        my $from = time;
        get($s, '/venues') for 1 .. 30;
        $held = time - $from;
    });
    is_deeply statuses(@c), { 303 => 1 };
    cmp_ok metric('batch_seconds_total') - $took, '>=', $held - 0.005,
        'the time that a batch had to wait';
    is metric('batches_total'), $n + 1;

    cmp_ok metric('store_oldest_reader_age'), '<=', 1, 'no read is old';
    while_held(sub {
        statuses(begin_writes(1)) for 1 .. 5;
        cmp_ok metric('store_oldest_reader_age'), '>=', 5,
            'one that does not end';
    }, 'read');
    cmp_ok metric('store_oldest_reader_age'), '<=', 1, 'until it does';
};

subtest 'a client that does not wait' => sub {
    my $n = seq($s);
    while_held(sub {
        my @c = begin_writes(5);
        settled();
        close $_ for @c;
        settled();
    });
    ok wait_for(sub { seq($s) == $n + 5 }), 'is written all the same';
};

subtest 'reload with 50 in flight' => sub {
    my $n = seq($s);
    my @old = workers($s);
    my @c;
    while_held(sub {
        @c = begin_writes(50);
        settled();
        kill 'HUP', $s->{pid};
        ok wait_for(sub { workers($s) == 4 }), 'old workers stay for them';
        is get($s, '/')->{status}, 200, 'new ones serve';
    });
    is_deeply statuses(@c), { 303 => 50 }, 'every write is answered';
    is seq($s), $n + 50, 'and in the store';
    my %old = map { $_ => 1 } @old;
    ok wait_for(sub { !grep { $old{$_} } workers($s) }, 15),
        'old workers are gone';
};

subtest 'quit with 50 in flight' => sub {
    my $n = seq($s);
    my @c;
    while_held(sub {
        @c = begin_writes(50);
        settled();
        kill 'QUIT', $s->{pid};
        # It has heard when it no longer listens.
        ok wait_for(sub { !eval { connect_to($s) } }), 'it stops listening';
    });
    is_deeply statuses(@c), { 303 => 50 }, 'every write is answered';
    ok stop($s, 'QUIT'), 'then it ends';
    start($s);
    is seq($s), $n + 50, 'and in the store';
};

my @daemons;
END { kill 'TERM', @daemons if @daemons }

# nginx takes this signal only where it is a daemon, so no child of ours.
subtest 'another program with 50 in flight' => sub {
    stop($s);
    my $pid_of = sub { (slurp("$s->{dir}/nginx.pid$_[0]") // '') =~ /(\d+)/;
                       return $1 // 0 };
    my $conf = slurp("$s->{dir}/nginx.conf");
    # A sanitizer's runtime has to come first in the new one as well.
    spew("$s->{dir}/nginx.conf", $conf =~ s/daemon off;/daemon on;
         env LD_PRELOAD; env ASAN_OPTIONS;/r);
    is system(Shian::nginx_command($s)), 0, 'a daemon';
    my $old = $pid_of->('') or die 'no pid';
    my ($n, @c, $new);
    @daemons = ($s->{pid} = $old);
    ok wait_for(sub { eval { get($s, '/healthz')->{status} == 200 } }),
        'serves';
    $n = seq($s);
    while_held(sub {
        @c = begin_writes(50);
        settled();
        kill 'USR2', $old;
        ok wait_for(sub { $pid_of->('.oldbin') == $old && $pid_of->('') }),
            'two masters at once';
        push @daemons, $new = $s->{pid} = $pid_of->('');
        ok wait_for(sub { workers($s) == 2 }), 'each with workers';
        kill 'QUIT', $old;
        get($s, '/') for 1 .. 4;
        is get($s, '/')->{status}, 200, 'the new one serves';
    });
    is_deeply statuses(@c), { 303 => 50 }, 'every write is answered';
    is seq($s), $n + 50, 'and in the store';
    ok wait_for(sub { !kill 0, $old }, 15), 'the old one is gone';
    is post($s, $link)->{status}, 303, 'and the new one writes';
    kill 'TERM', $new;
    ok wait_for(sub { !kill 0, $new }), 'it ends';
    @daemons = ();
    spew("$s->{dir}/nginx.conf", $conf);
    delete $s->{pid};
    start($s);
};

subtest 'logs reopen' => sub {
    rename "$s->{dir}/access.log", "$s->{dir}/access.log.1" or die;
    kill 'USR1', $s->{pid};
    ok wait_for(sub { -e "$s->{dir}/access.log" }), 'a new one is made';
    ok wait_for(sub { get($s, '/healthz');
                      log_of($s, 'access') =~ m{GET /healthz} }),
        'and written to';
};

subtest 'killed workers' => sub {
    my $n = seq($s);
    for (1 .. 3) {
        my @old = workers($s);
        kill 'KILL', @old;
        my %old = map { $_ => 1 } @old;
        ok wait_for(sub { my @now = workers($s);
                          @now == 2 && !grep { $old{$_} } @now }),
            'come back';
        is get($s, '/')->{status}, 200;
    }
    is seq($s), $n;
    is post($s, $link)->{status}, 303, 'and write';
    is seq($s), $n + 1;
};

subtest 'killed with writes in flight' => sub {
    my $n = seq($s);
    my @c;
    while_held(sub {
        @c = begin_writes(20);
        settled();
        kill 'KILL', workers($s);
    });
    my $got = statuses(@c);
    my $done = $got->{303} || 0;
    is $done + ($got->{none} || 0), 20, 'answered or cut off, no third';
    ok wait_for(sub { get($s, '/')->{status} == 200 });
    cmp_ok seq($s), '>=', $n + $done, 'what was answered is there';
    is post($s, $link)->{status}, 303, 'the lock is not left behind';
    stop($s);
};

subtest 'a backup while others write' => sub {
    start($s);
    my $to = "$s->{dir}/backup";
    my $writer = fork // die "fork: $!";
    if ($writer == 0) {
        for (my $i = 0; $i < 5000 && !-e "$s->{dir}/enough"; $i++) {
            eval { post($s, $link) };
        }
        POSIX::_exit(0);
    }
    my $n = seq($s);
    ok wait_for(sub { seq($s) > $n + 5 }), 'somebody writes';
    my $from = seq($s);
    my $r = ctl($s, 'backup', $to);
    my $end = seq($s);
    is $r->{status}, 0, 'it is made' or diag $r->{err};
    ok wait_for(sub { seq($s) > $end }), 'and they go on';
    spew("$s->{dir}/enough", '');
    waitpid $writer, 0;
    my $t = { %$s, store => "$s->{dir}/restored" };
    is ctl($t, 'restore', $to, '--no-erasures')->{status}, 0, 'restored';
    is ctl($t, 'verify')->{status}, 0, 'it is whole';
    my $has = ctl_json($t, 'stat')->{seq};
    ok $has >= $from && $has <= $end, "a moment of it: $from $has $end";
    stop($s);
};

subtest 'a full queue' => sub {
    start($s, workers => 1, server => 'shian_write_queue 4;');
    my $n = seq($s);
    my (@c, @over);
    while_held(sub {
        @c = begin_writes(1);
        settled();
        push @c, begin_writes(4);
        settled();
        for (1 .. 3) {
            my $a = post($s, $link);
            is $a->{status}, 503, 'one too many';
            like header($a, 'retry-after'), qr/\A\d+\z/;
        }
        is get($s, '/')->{status}, 200, 'reading goes on';
    });
    is_deeply statuses(@c), { 303 => 5 }, 'what waited is written';
    is seq($s), $n + 5, 'what was refused is not';
    is post($s, $link)->{status}, 303, 'there is room again';
    like get($s, '/metrics')->{body}, qr/queue_full\S* 3\b/, 'it was counted';
    stop($s);
};

my @signals = log_of($s) =~ /exited on signal (\d+)/g;
is_deeply [grep { $_ != 9 } @signals], [], 'no worker died but those killed';
unlike log_of($s), qr/\[(?:crit|emerg)\]/;
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
