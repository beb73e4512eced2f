# A thousand complaints while workers are killed: each that was acknowledged is
# in the store once, with its photo, and none is there that nobody sent.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Compress::Zlib ();
use JSON::PP ();
use MIME::Base64 ();
use POSIX ();
use Shian qw(demo_store start stop ctl get post open_venues connect_to
             workers wait_for json slurp);

my $clients = 24;
my $each = 42;

srand 20260415;
my $s = demo_store(30, '--complaints', 0);
start($s, workers => 2);
my @venues = open_venues($s);
my $test = $$;
my %running;

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

# One complaint, the same until it is acknowledged; every sixth has a photo.
sub complain {
    my ($number, $journal) = @_;
    my $device = MIME::Base64::encode_base64(pack('N4', $number, 1, 2, 3), '');
    $device =~ tr{+/=}{-_}d;
    my @fields = (venue => $venues[$number % @venues], kind => 'complaint',
                  category => 'foreign', text => "number $number",
                  name => 'Somebody', contact => '13800138000');
    push @fields, photo => { name => 'p.png', type => 'image/png',
                             data => picture($number) } if $number % 6 == 0;
    for (1 .. 2000) {
        return if getppid() != $test;
        my $answer = eval {
            post($s, '/complaints', jar => { device => $device },
                 headers => [Accept => 'application/json',
                             'Idempotency-Key' => "filing-$number"],
                 multipart => [@fields]);
        };
        if ($answer && $answer->{status}) {
            my $c = json($answer);
            syswrite $journal, join(' ', $number, $answer->{status},
                                    $c->{number} // '-', $c->{track} // '-')
                . "\n";
            return;
        }
        back_up();
    }
    return;
}

for my $n (1 .. $clients) {
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open my $journal, '>>', "$s->{dir}/journal" or die;
        complain($n * 1000 + $_, $journal) for 1 .. $each;
        POSIX::_exit(0);
    }
    $running{$pid} = 1;
}

sub journal { return split /\n/, slurp("$s->{dir}/journal") // '' }

for my $round (1 .. 8) {
    my $enough = $round * 110 + int rand 20;
    ok wait_for(sub { journal() >= $enough }, 30), "$enough are in";
    my @workers = workers($s);
    if ($round == 5) {
        kill 'KILL', $s->{pid}, @workers;
        stop($s, 'KILL');
        start($s);
        next;
    }
    my $victim = $workers[rand @workers];
    kill 'KILL', $victim if $victim;
}

for my $pid (keys %running) {
    wait_for(sub { waitpid($pid, 1) == $pid }, 30) or kill 'KILL', $pid;
    delete $running{$pid};
}

my @all = map { [split / /] } journal();
is scalar @all, $clients * $each, 'everybody was answered';
is_deeply [grep { $_->[1] != 201 } @all], [], 'with success';

my (%of, @twice);
for (@all) {
    push @twice, $_ if $of{$_->[2]}++;
}
is_deeply \@twice, [], 'no two have one number';

my @stored = map { JSON::PP::decode_json($_) } split /\n/,
    ctl($s, 'export', 'complaints', '--format', 'json')->{out};
my %stored = map { $_->{number} => 1 } @stored;
is_deeply [grep { !$stored{$_->[2]} } @all], [], 'each is in the store';
is scalar @stored, scalar @all, 'once';

my (@wrong, @missing);
for my $a (@all) {
    next if $a->[0] % 6 != 0;
    my $view = json(get($s, "$a->[3].json"));
    push @wrong, $a if ($view->{text} // '') ne "number $a->[0]"
                       || ($view->{number} // '') ne $a->[2];
    my $photo = get($s, $view->{photos}[0]{href} // '/none');
    push @missing, $a if $photo->{status} != 200 || !length $photo->{body};
}
is_deeply \@wrong, [], 'its link shows it';
is_deeply \@missing, [], 'and its photo';

stop($s);
my $verify = ctl($s, 'verify');
is $verify->{status}, 0, 'verify' or diag "$verify->{out}$verify->{err}";

done_testing;

END {
    my $status = $?;
    if ($$ == $test) {
        for my $pid (keys %running) {
            kill 'KILL', $pid;
            waitpid $pid, 0;
        }
    }
    $? = $status;
}
