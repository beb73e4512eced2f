# The year's evaluation by the routine: a year that is over is rated by its
# visits, once, and what was recorded by hand stays.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Shian qw(new_store start stop ctl get json wait_for spew seq);

my $s = new_store();
my $year = POSIX::strftime('%Y', gmtime(time + 28800));
my $last = $year - 1;

sub import_rows {
    my ($what, @lines) = @_;
    my $file = spew("$s->{dir}/rows.csv", join "\n", @lines, '');
    my $r = ctl($s, 'import', $what, $file);
    is $r->{status}, 0, "import $what" or diag $r->{err};
}

sub rated {
    my ($venue) = @_;
    return join ' ', map { "$_->{year} $_->{level} " . ($_->{source} // '-') }
        @{json(get($s, "/v/$venue.json"))->{evaluations} || []};
}

import_rows('venues', 'ref,name,address',
            map { "$_,Kitchen $_,$_ Long Street" } 1 .. 5);
import_rows('inspections', 'ref,date,kind,score',
            "1,$last-03-01,routine,100", "1,$last-09-01,routine,80",
            "2,$last-05-01,routine,74",
            "3,@{[$last - 1]}-05-01,routine,99",
            "4,$year-01-01,routine,99");

start($s, server => 'shian_grading on interval=50ms;');

subtest 'the year before' => sub {
    ok wait_for(sub { rated(2) ne '' }, 20), 'is rated after the start';
    is rated(1), "$last A -", 'by the mean of its visits';
    is rated(2), "$last C -";
    is rated(3), "@{[$last - 1]} A -", 'faults A6: an older year as well';
    is rated($_), '', "venue $_ had no visit then" for 4 .. 5;
};

subtest 'once' => sub {
    my $idle = sub {
        get($s, '/metrics')->{body} =~ /^shian_grading_venue 0$/m
    };
    ok wait_for($idle, 20), 'the routine is through';
    my $n = seq($s);
    stop($s);
    start($s);
    my $done = sub {
        get($s, '/metrics')->{body} =~ /^shian_grading_day [1-9]/m
    };
    ok wait_for($done, 20), 'and through again after a start';
    is seq($s), $n, 'which wrote nothing';
};

stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
