# SIGKILL in the middle of writes: workers, whole servers, imports.  What was
# acknowledged is there once, with its photo; the rest is whole or absent.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Compress::Zlib ();
use Shian qw(demo_store start stop ctl ctl_json get post plaque_of open_venues
             connect_to workers wait_for json slurp spew);

srand 20251123;
my $s = demo_store(30);
start($s, workers => 2);
my @venues = (open_venues($s))[0 .. 5];
my %code = map { $_ => plaque_of($s, $_) } @venues;
my $test = $$;
my %clients;

# A picture like no other.
sub picture {
    my ($number) = @_;
    my $chunk = sub {
        my ($type, $data) = @_;
        return pack('N', length $data) . $type . $data
            . pack('N', Compress::Zlib::crc32($type . $data));
    };
    my $row = "\0" . pack('N', $number) x 6;
    return "\x89PNG\r\n\x1a\n"
        . $chunk->('IHDR', pack('NNCCCCC', 8, 8, 8, 2, 0, 0, 0))
        . $chunk->('IDAT', Compress::Zlib::compress($row x 8))
        . $chunk->('IEND', '');
}

sub back_up { return wait_for(sub { eval { connect_to($s) } }, 1) }

# A diner who does not give up: the same review until it is acknowledged.
sub review {
    my ($number, $journal) = @_;
    my $venue = $venues[$number % @venues];
    my ($jar, $answer, $tries) = ({}, undef, 0);
    until ($jar->{scan}) {
        return if getppid() != $test || $tries++ > 2000;
        eval { get($s, "/q/$code{$venue}", jar => $jar) };
        back_up() if !$jar->{scan};
    }
    for (;;) {
        return if getppid() != $test || $tries++ > 2000;
        $answer = eval {
            post($s, "/v/$venue/reviews", jar => $jar,
                 headers => [Accept => 'application/json',
                             'Idempotency-Key' => "diner-$number"],
                 multipart => [hygiene => 1 + $number % 5,
                               text => "dish no $number.",
                               photo => { name => 'p.png',
                                          type => 'image/png',
                                          data => picture($number) }]);
        };
        last if $answer && $answer->{status};
        back_up();
    }
    my $r = json($answer);
    syswrite $journal, join(' ', $number, $answer->{status}, $r->{id} // '-',
                            $r->{photos}[0]{href} // '-') . "\n";
    return;
}

sub start_clients {
    for my $n (1 .. 4) {
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            open my $journal, '>>', "$s->{dir}/journal" or die;
            for (my $i = 0; getppid() == $test; $i++) {
                review($n * 100_000 + $i, $journal);
                last if -e "$s->{dir}/enough";
            }
            require POSIX;
            POSIX::_exit(0);
        }
        $clients{$pid} = 1;
    }
}

sub journal { return split /\n/, slurp("$s->{dir}/journal") // '' }

# After some more acknowledgements, at no moment in particular.
sub in_mid_write {
    my $enough = journal() + 3 + int rand 25;
    ok wait_for(sub { journal() >= $enough }, 20), 'reviews come in';
}

sub verified {
    my ($name) = @_;
    my $r = ctl($s, 'verify');
    is $r->{status}, 0, $name or diag "$r->{out}$r->{err}";
}

start_clients();

subtest 'workers' => sub {
    for my $round (1 .. 5) {
        in_mid_write();
        my @workers = workers($s);
        my $victim = $workers[rand @workers];
        kill 'KILL', $victim;
        ok wait_for(sub { !grep { $_ == $victim } workers($s) }),
            "round $round: a worker is gone";
    }
    verified('the store is whole while others write');
};

subtest 'everything at once' => sub {
    for my $round (1 .. 5) {
        in_mid_write();
        my @workers = workers($s);
        kill 'KILL', $s->{pid}, @workers;
        stop($s, 'KILL');
        ok wait_for(sub { !grep { kill 0, $_ } @workers }),
            "round $round: all of it is gone";
        verified('the store is whole');
        start($s);
    }
};

subtest 'imports' => sub {
    my $rows = 15000;
    my $list = spew("$s->{dir}/list.csv", "ref,name,address,district\n"
        . join '', map { "K$_,Kitchen $_,$_ Long Street,West\n" } 1 .. $rows);
    my $data = "$s->{store}/data.mdb";
    for my $round (1 .. 5) {
        my $size = -s $data;
        my $before = ctl_json($s, 'stat')->{seq};
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            open STDOUT, '>', '/dev/null';
            open STDERR, '>', '/dev/null';
            exec Shian::build() . '/shianctl', '--store', $s->{store},
                '--keys', $s->{keys}, 'import', 'venues', $list, '--source',
                'kitchens';
        }
        my $grown = $before + 100 + int rand 900;
        ok wait_for(sub {
            ctl_json($s, 'stat')->{seq} > $grown
        }), "round $round: it is at work";
        kill 'KILL', $pid;
        waitpid $pid, 0;
        is $? & 127, 9, 'and was killed at it';
        verified('the store is whole');
        in_mid_write();
    }
    my $j = ctl_json($s, 'import', 'venues', $list, '--source', 'kitchens');
    is $j->{new} + $j->{unchanged}, $rows, 'again: each row is there or new'
        or diag explain $j;
    cmp_ok $j->{unchanged}, '>', 500, 'what was done stayed done';
    is $j->{rejected}, 0;
};

# ---- the reckoning -----------------------------------------------------------

spew("$s->{dir}/enough", '');
for my $pid (keys %clients) {
    wait_for(sub { waitpid($pid, 1) == $pid }, 20) or kill 'KILL', $pid;
    delete $clients{$pid};
}
stop($s);
verified('verify, photos and all');
start($s);

my @acknowledged = map { [split / /] } journal();
cmp_ok scalar @acknowledged, '>', 100, 'enough was acknowledged to tell';
is_deeply [grep { $_->[1] != 201 } @acknowledged], [],
    'a diner who tries again succeeds in the end';

my $export = ctl($s, 'export', 'reviews', '--format', 'json');
my %times;
$times{$_}++ for $export->{out} =~ /dish no (\d+)\./g;
is_deeply [grep { ($times{$_->[0]} // 0) != 1 } @acknowledged], [],
    'every acknowledged review is there, once';
is_deeply [grep { $_ > 1 } values %times], [], 'and none is there twice';

my (@missing, @files);
for my $a (@acknowledged) {
    my ($hash) = $a->[3] =~ m{/([0-9a-f]{64})\b};
    my $file = $hash && "$s->{store}/photos/" . substr($hash, 0, 2) . "/$hash";
    if ($file && -s $file) {
        push @files, $file;
    } else {
        push @missing, $a;
    }
}
is_deeply \@missing, [], 'its photo is on disk';
# Some at a time: a command line has a bound.
my (%sum, @left);
@left = @files;
while (my @some = splice @left, 0, 500) {
    %sum = (%sum, reverse map { split ' ' } split /\n/, `b2sum -l 256 @some`);
}
is_deeply [grep { !m{/\Q$sum{$_}\E\z} } @files], [],
    'and its name is its hash';

done_testing;

END {
    my $status = $?;
    if ($$ == $test) {
        for my $pid (keys %clients) {
            kill 'KILL', $pid;
            waitpid $pid, 0;
        }
    }
    $? = $status;
}
