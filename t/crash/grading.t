# SIGKILL of the worker that sweeps, and of everything, after a policy change:
# the sweep is finished, and the city stands as the log says it must.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use POSIX ();
use Shian qw(new_store start stop ctl get wait_for workers slurp spew
             log_of);

my $venues = 3000;
my $s = new_store();
my $grading = 'shian_grading on interval=50ms;';
my $version = 0;

sub metric {
    my ($name) = @_;
    my $a = eval { get($s, '/metrics') } or return -1;
    return $a->{body} =~ /^shian_$name (\S+)$/m ? $1 : -1;
}

# Points for every venue that has a credit level and a visit.
sub change {
    my ($green) = @_;
    my $policy = decode_json(ctl($s, 'policy', 'show')->{out});
    $policy->{version} = 'crash-' . ++$version;
    $policy->{credit} = { A => -$version, B => -2 * $version, C => -9,
                          D => -15 - $version };
    $policy->{colour}{green} = $green;
    my $file = spew("$s->{dir}/policy.json", JSON::PP->new->encode($policy));
    is ctl($s, 'policy', 'set', $file)->{status}, 0, "green from $green";
}

# Between the first slice and the last.
sub in_mid_sweep {
    my $at = 1 + int($venues / 3 * rand);
    return wait_for(sub { metric('grading_venue') > $at }, 20);
}

# Nobody else writes: the holder of the lease has used its pool thread most.
sub sweeper {
    my %spent = map { $_ => thread_time($_) } workers($s);
    my ($most) = sort { $spent{$b} <=> $spent{$a} } keys %spent;
    return $most;
}

# Clock ticks of all threads but the first.
sub thread_time {
    my ($pid) = @_;
    my $sum = 0;
    for my $stat (glob "/proc/$pid/task/*/stat") {
        next if $stat =~ m{/task/$pid/};
        my $text = slurp($stat) // next;
        $text =~ s/^.*\) //s;
        my @f = split / /, $text;
        $sum += $f[11] + $f[12];
    }
    return $sum;
}

sub finished {
    my ($name) = @_;
    ok wait_for(sub { metric('grading_venue') == 0 }, 60), "$name: finished"
        or diag log_of($s);
    my %should = map { my $g = decode_json($_); $g->{id} => $g }
        split /\n/, ctl($s, '--json', 'grade')->{out};
    my %is = map { my $v = decode_json($_); $v->{id} => $v }
        split /\n/, ctl($s, 'export', 'venues', '--format', 'json')->{out};
    is scalar keys %should, $venues, 'every venue';
    my @wrong = grep {
        $should{$_}{colour} ne $is{$_}{colour}
            || int(($should{$_}{score_centi} // -100) / 100)
               != ($is{$_}{score} // -1)
    } sort keys %should;
    is_deeply \@wrong, [], 'stands as the log says'
        or diag scalar(@wrong), ' wrong: ',
            JSON::PP->new->encode([$should{$wrong[0]}, $is{$wrong[0]}]);
}

srand 20251124;

# Of yesterday, so that nothing in the log lies ahead of the clock.
my $day = POSIX::strftime('%Y-%m-%d', gmtime(time + 28800 - 86400));
is ctl($s, 'demo', '--venues', $venues, '--today', $day)->{status}, 0,
    'a city';
start($s, server => $grading, workers => 2);
ok wait_for(sub { metric('grading_day') > 0 }, 60), 'swept after the start';
finished('at rest');

change(97);
ok in_mid_sweep(), 'a sweep is under way';
my $victim = sweeper();
kill 'KILL', $victim;
ok wait_for(sub { !grep { $_ == $victim } workers($s) }), 'its worker is gone';
cmp_ok metric('grading_venue'), '>', 1, 'where it stood is known';
finished('by the next holder of the lease');

change(70);
ok in_mid_sweep(), 'another sweep is under way';
my @all = ($s->{pid}, workers($s));
kill 'KILL', @all;
stop($s, 'KILL');
ok wait_for(sub { !grep { kill 0, $_ } @all[1 .. $#all] }), 'all of it gone';
start($s);
ok wait_for(sub { metric('grading_day') > 0 }, 60), 'swept after the start';
finished('by a new server');

change(85);
ok in_mid_sweep(), 'a third one';
kill 'HUP', $s->{pid};
finished('across a reload');

stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
