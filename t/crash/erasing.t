# An erasure that is killed at each of its steps (faults B5): the store opens,
# the turn is finished by whoever comes next, and no living record is lost.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use POSIX ();
use Shian qw(demo_store ctl ctl_json start stop slurp build root wait_for
    new_store filing spew);

my $s = demo_store(60);
my $helper = "$s->{dir}/fault.so";
is system('cc', '-shared', '-fPIC', '-D_GNU_SOURCE', '-o', $helper,
          root() . '/t/lib/fault.c', '-ldl'), 0, 'what kills it builds';

sub reviews {
    my $r = ctl($s, 'export', 'reviews', '--format', 'json');
    is $r->{status}, 0;
    return { map { my $v = JSON::PP->new->decode($_); $v->{id} => $v }
             grep { /\S/ } split /\n/, $r->{out} };
}

sub keys_of { return map { s{.*/}{}r } glob "$s->{store}/epoch/??.*[0-9]" }

# Old keys are those below another of their bucket.
sub doubled {
    my %n;
    $n{substr $_, 0, 2}++ for keys_of();
    return grep { $n{$_} > 1 } sort keys %n;
}

# Returns whether it was killed before its Nth call.
sub erase_until {
    my ($what, $n) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>', '/dev/null' or die;
        $ENV{SHIAN_DIE} = $n;
        $ENV{LD_PRELOAD} = $helper;
        exec build() . '/shianctl', '--store', $s->{store}, '--keys',
            $s->{keys}, 'erase', $what;
    }
    waitpid $pid, 0;
    return $? == 9;
}

my $before = reviews();
my @ids = grep { $before->{$_}{text} } sort { $a <=> $b } keys %$before;
my %erased;
my ($killed, $cut, $n) = (0, 0, 0);

subtest 'killed at each step' => sub {
    while (1) {
        my $id = shift @ids or last;
        my $was = erase_until("review:$id", ++$n);
        $cut++ if doubled();
        $killed += $was;

        # Whoever erases next ends what was begun.
        is ctl($s, 'erase', "review:$id")->{status}, 0,
            "gone on from call $n";
        is scalar(my @left = doubled()), 0, 'no old key is left';
        $erased{$id} = 1;
        last if !$was;
    }
    cmp_ok $killed, '>', 8, 'it was killed often';
    cmp_ok $cut, '>', 2, 'between two keys as well';
    ok @ids > 1, 'and went through at last';

    my $now = reviews();
    is scalar(grep { !$erased{$_} && ($now->{$_}{text} // '')
                     ne ($before->{$_}{text} // '') } keys %$before), 0,
        'no living record is lost';
    is scalar(grep { $now->{$_}{text} } keys %erased), 0;
    my $v = ctl_json($s, 'verify');
    is $v->{not_opened}, 0, 'every row opens';
};

# A turn that was cut short, and nobody erases again: the server finds it.
subtest 'a server ends it' => sub {
    my $first = $s;             # its folder has what kills
    $s = new_store();
    is ctl($s, 'import', 'venues',
           spew("$s->{dir}/v.csv", "name,district
A,North
"))->{status}, 0;
    filing($s, 8, { kind => 'report', venue => 1, category => 'dirty',
                    text => 'Hair in the soup', contact => '13800138000' });

    # From the last call back, so that the new key is in force already: what
    # was erased today and not begun upon would wait for the night.
    my $id = 0;
    until (doubled() || $id == 8) { erase_until('complaint:' . ++$id, --$n) }
    ok doubled(), 'it was cut short';
    start($s);
    ok wait_for(sub { !doubled() }, 50), 'the first worker goes on';
    stop($s);
    my $v = ctl_json($s, 'verify');
    is $v->{not_opened}, 0;
    cmp_ok $v->{sealed}, '>=', 8 - $id, 'the others live';
};

# One process writes while another turns, bucket by bucket.
subtest 'a race' => sub {
    $s = new_store();
    is ctl($s, 'import', 'venues',
           spew("$s->{dir}/v.csv", "name,district\nA,North\n"))->{status}, 0;
    my $form = { kind => 'report', venue => 1, category => 'dirty',
                 text => 'Hair in the soup', contact => '13800138000' };
    filing($s, 20, $form);
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        filing($s, 1, $form) for 1 .. 150;
        POSIX::_exit(0);
    }
    for my $id (1 .. 20) {
        is ctl_json($s, 'erase', "complaint:$id")->{waits}, 0;
    }
    waitpid $pid, 0;
    is $?, 0, 'all were filed';
    my $v = ctl_json($s, 'verify');
    is "$v->{sealed} $v->{not_opened}", '150 0', 'and every one opens';
    is scalar(my @left = doubled()), 0;
};

done_testing;
