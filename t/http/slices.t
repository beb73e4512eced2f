# How long the grading routine keeps others from writing, by counting: what a
# slice may write, and how often it looks at the clock while it reads.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Clock qw(clock_gain);
use Shian qw(new_store start stop ctl get wait_for spew log_of);

my $VENUES = 300;
my $WRITES = 130;       # of one slice: an evaluation comes with a grade
my $READS = 8;          # between two looks at the clock

my $s = new_store();

sub import_rows {
    my ($what, @lines) = @_;
    my $file = spew("$s->{dir}/$what.csv", join "\n", @lines, '');
    my $r = ctl($s, 'import', $what, $file);
    die $r->{err} if $r->{status} != 0;
}

import_rows('venues', 'ref,name,address,credit',
            map { "$_,Kitchen $_,$_ Long Street,A" } 1 .. $VENUES);
import_rows('inspections', 'ref,date,kind,score',
            map { "$_,2026-01-05,routine,95" } 1 .. $VENUES);

sub metric {
    my ($name) = @_;
    return get($s, '/metrics')->{body} =~ /^shian_$name (\d+)$/m ? $1 : -1;
}

sub swept { return metric('grading_venue') == 0 && metric('grading_day') > 0 }

# What a sweep after another policy took: operations and transactions.
sub sweep {
    my ($credit) = @_;
    start($s, workers => 1, server => 'shian_grading on interval=50ms;');
    ok wait_for(\&swept, 30), 'nothing to do' or diag log_of($s);
    my @before = map { metric($_) } qw(operations_total batches_total);
    my $policy = decode_json(ctl($s, 'policy', 'show')->{out});
    $policy->{version} = "credit-$credit";
    $policy->{credit}{A} = $credit;
    my $file = spew("$s->{dir}/policy.json", JSON::PP->new->encode($policy));
    is ctl($s, 'policy', 'set', $file)->{status}, 0, 'another policy';
    ok wait_for(sub { metric('operations_total') - $before[0] >= $VENUES
                      && swept() }, 60), 'every grade follows';
    my @after = map { metric($_) } qw(operations_total batches_total);
    stop($s);
    return map { $after[$_] - $before[$_] } 0, 1;
}

subtest 'writing' => sub {
    my ($operations, $batches) = sweep(-20);
    is $operations, $VENUES, 'an operation a venue';
    cmp_ok $batches, '>=', $VENUES / $WRITES, 'not too many at once';
};

subtest 'reading' => sub {
    clock_gain(10);
    my ($operations, $batches) = sweep(-30);
    is $operations, $VENUES, 'an operation a venue';
    cmp_ok $batches, '>=', $VENUES / $READS,
        'it ends when the next look says that time is up';
};

done_testing;
