# A disk that fails, hangs or is full: what could not be written is refused
# with 5xx and absent, what was acknowledged is there, and reads go on.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store start stop ctl get plaque_of open_venues connect_to
             send_request read_answer workers wait_for root spew slurp);

my $s = demo_store(12);
my $faults = "$s->{dir}/faults";
my $helper = "$s->{dir}/fault.so";
mkdir $faults or die "$faults: $!";
my $cc = $ENV{CC} || 'cc';
is system($cc, '-D_GNU_SOURCE', '-shared', '-fPIC', '-O1', '-o', $helper,
          root() . '/t/lib/fault.c', '-ldl'), 0, 'the failing disk builds';

# One worker, so that its one queue is the only one.
sub start_faulty {
    my (%o) = @_;
    local $ENV{LD_PRELOAD} = join ' ', grep { defined }
        $ENV{LD_PRELOAD}, $helper;
    local $ENV{SHIAN_FAULT} = $faults;
    start($s, workers => 1, %o);
}

start_faulty();
my @venues = open_venues($s);
my $v = $venues[0];
my $code = plaque_of($s, $v);
my $number = 0;
my (%acknowledged, %failed);

sub arm { spew("$faults/$_", '') for @_ }
sub disarm { unlink "$faults/$_" for @_ }

# Another diner every time.
sub ask {
    my (@more) = @_;
    my ($c, $jar) = (connect_to($s), {});
    get($s, "/q/$code", jar => $jar);
    $number++;
    send_request($s, $c, 'POST', "/v/$v/reviews", jar => $jar,
                 headers => [Accept => 'application/json'],
                 multipart => [hygiene => 4, @more,
                               text => "soup no $number." . '!' x 900]);
    return [$c, $number];
}

sub answer {
    my ($asked) = @_;
    my $a = read_answer($asked->[0]) || { status => 0 };
    ($a->{status} =~ /^2/ ? \%acknowledged : \%failed)->{$asked->[1]} = 1;
    return $a->{status};
}

sub reads_go_on {
    my ($name) = @_;
    is get($s, $_)->{status}, 200, "$name: $_"
        for "/v/$v", '/venues.json', '/healthz';
}

is answer(ask()), 201, 'a good disk takes a review';

subtest 'a sync fails once' => sub {
    arm('fail');
    is answer(ask()), 500, 'it is not acknowledged';
    ok !-e "$faults/fail", 'the disk did fail';
    reads_go_on('afterwards');
    is answer(ask()), 201, 'the next one is written';
};

subtest 'a sync hangs, and the next one fails' => sub {
    arm('hold');
    my $first = ask();
    reads_go_on('while the disk hangs');
    my @batch = map { ask() } 1 .. 8;
    reads_go_on('while eight wait');
    arm('fail');
    disarm('hold');
    my @status = map { answer($_) } $first, @batch;
    my $bad = grep { $_ == 500 } @status;
    is $bad + grep({ $_ == 201 } @status), 9, 'each has its answer';
    cmp_ok $bad, '>=', 1, 'somebody was told of the failure';
    ok !-e "$faults/fail";
    is answer(ask()), 201, 'and it goes on';
};

subtest 'a photo cannot be made safe' => sub {
    my $photo = slurp(root() . '/t/fuzz/corpus/photo/rgba.png');
    my @photo = (photo => { name => 'a.png', type => 'image/png',
                            data => $photo });
    arm('photo');
    like answer(ask(@photo)), qr/^5/, 'the review is refused';
    ok !-e "$faults/photo";
    is answer(ask(@photo)), 201, 'again, and it is taken';
};

subtest 'the disk is full' => sub {
    arm('full');
    is answer(ask()), 507, 'no room, it says';
    is answer(ask()), 507, 'as long as there is none';
    reads_go_on('while it is full');
    disarm('full');
    is answer(ask()), 201, 'with room it is written';
};

# LMDB gives up an environment whose root it could not write: it is opened
# anew, by the same worker.
subtest 'the root cannot be written' => sub {
    my ($worker) = workers($s);
    arm('meta');
    is answer(ask()), 500, 'it is not acknowledged';
    ok !-e "$faults/meta", 'the disk did fail';
    ok wait_for(sub { get($s, '/healthz')->{status} == 200 }),
        'it is open again';
    is join(' ', workers($s)), $worker, 'in the same worker';
    reads_go_on('with it');
    is answer(ask()), 201, 'and it writes';
};

# What a power cut leaves is what was synced: a copy of that, at any moment,
# is a whole store with all that was acknowledged by then.
subtest 'the power goes' => sub {
    my $cut = "$s->{dir}/cut";
    mkdir $cut or die "$cut: $!";
    stop($s);
    start_faulty();
    spew("$faults/durable", '');
    is answer(ask()), 201, 'the copy begins';
    for my $round (1 .. 4) {
        my @under_way = map { ask() } 1 .. 6;
        my @status = map { answer($_) } @under_way[0 .. 2];
        my @known = grep { $acknowledged{$_} } keys %acknowledged;
        arm('hold');
        my $last = ask();
        reads_go_on('while a sync goes on');
        spew("$cut/data.mdb", slurp("$faults/durable"));
        disarm('hold');
        answer($_) for @under_way[3 .. 5], $last;
        symlink "$s->{store}/$_", "$cut/$_" or die $! for qw(photos epoch);
        my $t = { %$s, store => $cut };
        my $r = ctl($t, 'verify');
        is $r->{status}, 0, "round $round: a whole store" or diag $r->{err};
        my %there = map { $_ => 1 } ctl($t, 'export', 'reviews', '--format',
                                        'json')->{out} =~ /soup no (\d+)\./g;
        is_deeply [grep { !$there{$_} } @known], [],
            'with what was acknowledged';
        unlink glob "$cut/*";
    }
    unlink "$faults/durable";
};

subtest 'the map is full' => sub {
    stop($s);
    start_faulty(settings => <<"");
    shian_store     $s->{store} map_size=1m;
    shian_keys      $s->{keys};
    shian_html      @{[ Shian::build() ]}/html;
    shian_base_url  $s->{base};

    my ($status, $taken) = (201, 0);
    $taken++ while $taken < 4000 && ($status = answer(ask())) == 201;
    is $status, 507, "no room after $taken";
    reads_go_on('while the map is full');

    # Pages that older readers held may come free, and one more may fit.
    like answer(ask()), qr/\A(?:507|201)\z/, 'no other answer';
    my $r = ctl($s, 'verify');
    is $r->{status}, 0, 'verify passes' or diag $r->{err};
    stop($s);
    start_faulty();
    is answer(ask()), 201, 'a larger one takes more';
};

# The command line has the default map; what it adds may not fit in nginx's.
subtest 'another program lets the store outgrow the map' => sub {
    stop($s);
    my $size = int((-s "$s->{store}/data.mdb") / 1048576) + 1;
    start_faulty(settings => <<"");
    shian_store     $s->{store} map_size=${size}m;
    shian_keys      $s->{keys};
    shian_html      @{[ Shian::build() ]}/html;
    shian_base_url  $s->{base};

    reads_go_on('before');
    my $list = "$s->{dir}/grow.csv";
    open my $f, '>', $list or die $!;
    print $f "ref,name,address\n";
    print $f "g$_,Noodle House $_,$_ Long Street in the Old Town\n"
        for 1 .. 12000;
    close $f;
    is ctl($s, 'import', 'venues', $list)->{status}, 0, 'an import';
    cmp_ok -s "$s->{store}/data.mdb", '>', $size * 1048576, 'outgrows it';
    reads_go_on('after');
    is answer(ask()), 201, 'and so do writes';
};

stop($s);
my $r = ctl($s, 'verify');
is $r->{status}, 0, 'verify passes' or diag $r->{err};
my $export = ctl($s, 'export', 'reviews', '--format', 'json');
my %times;
$times{$_}++ for $export->{out} =~ /soup no (\d+)\./g;
is_deeply [grep { ($times{$_} // 0) != 1 } sort keys %acknowledged], [],
    'what was acknowledged is there once';
is_deeply [grep { $times{$_} } sort keys %failed], [],
    'what failed is not there';

done_testing;
