# How long the grading routine keeps others from writing, by counting: a slice
# has so many venues, and each is a transaction of its own.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Clock qw(clock_at clock_pass);
use Shian qw(new_store start stop ctl get wait_for spew log_of);

my $VENUES = 300;
my $SLICES = 3;         # of 128

clock_at(CORE::time());
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

# What `change` made the routine do: operations and transactions.
sub sweep {
    my ($change) = @_;
    my @before = map { metric($_) } qw(operations_total batches_total);
    $change->();
    ok wait_for(sub { metric('operations_total') - $before[0] >= $SLICES
                      && swept() }, 60), 'every grade follows';
    my @after = map { metric($_) } qw(operations_total batches_total);
    return map { $after[$_] - $before[$_] } 0, 1;
}

start($s, workers => 1, server => 'shian_grading on interval=50ms;');
ok wait_for(\&swept, 30), 'all venues are taken over the last midnight'
    or diag log_of($s);

subtest 'a policy' => sub {
    my $policy = decode_json(ctl($s, 'policy', 'show')->{out});
    $policy->{version} = 'less';
    $policy->{credit}{A} = -20;
    my $file = spew("$s->{dir}/policy.json", JSON::PP->new->encode($policy));
    my ($operations, $batches) = sweep(sub {
        is ctl($s, 'policy', 'set', $file)->{status}, 0, 'another policy';
    });
    is $operations, $SLICES, 'an operation a slice';
    is $batches, $SLICES, 'and a transaction for each';
    is decode_json(get($s, '/v/300.json')->{body})->{grade}{colour},
        'yellow', 'the last venue has come to it';
};

subtest 'a midnight' => sub {
    my ($operations, $batches) = sweep(sub { clock_pass(86400) });
    is $operations, $SLICES, 'an operation a slice';
    is $batches, $SLICES, 'and a transaction for each';
};

stop($s);
done_testing;
