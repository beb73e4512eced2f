# The year's evaluation by the routine: a year that is over is rated by its
# visits, once, and what was recorded by hand stays.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use POSIX ();
use Shian qw(new_store start stop ctl get post json wait_for spew seq sign_in
             configure);

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

# faults A6: a level that somebody gave has its door, and stands.
subtest 'recorded' => sub {
    ctl($s, qw(user add --login liu --role officer --name liu));
    ctl($s, qw(user add --login walker --role inspector --name w));
    my $officer = sign_in($s, login => 'liu');
    my $walker = sign_in($s, login => 'walker');
    my $at = '/desk/evaluations/1';

    is get($s, $at, jar => $walker)->{status}, 403, 'an officer\'s';
    is get($s, '/desk/evaluations/99', jar => $officer)->{status}, 404;
    my $page = get($s, $at, jar => $officer);
    like $page->{body}, qr/name="level"/, 'a form';
    my ($key) = $page->{body} =~ /name="idempotency_key" value="([^"]+)"/;
    like get($s, '/v/1', jar => $officer)->{body}, qr/\Q$at\E/,
        'led to from the place';

    my $a = post($s, $at, jar => $officer, form =>
                 [idempotency_key => $key, year => $last]);
    is $a->{status}, 422;
    like $a->{body}, qr/href="#level".*href="#source"/s, 'what is missing';
    $a = post($s, $at, jar => $officer, form =>
              [idempotency_key => $key, year => $last, level => 'C',
               source => 'the city']);
    is $a->{status}, 303;
    is rated(1), "$last C the city", 'a recorded one wins and says so';

    is post($s, $at, jar => $officer, json =>
            { year => $last - 1, level => 'B', source => 'x' })->{status},
        200, 'by a program';
    my $n = seq($s);
    is post($s, $at, jar => $officer, json =>
            { year => $last - 1, level => 'B', source => 'x' })->{status},
        200, 'once more';
    is seq($s), $n, 'changes nothing';
    is post($s, $at, jar => $walker, json =>
            { year => 2020, level => 'B', source => 'x' })->{status}, 403;
    is scalar @{json(get($s, "$at.json", jar => $officer))->{evaluations}},
        2;
};

stop($s);
import_rows('evaluations', map { Encode::encode_utf8($_) }
            'ref,年度,评价等级', '2,2020,优秀', '4,2021,C');
start($s);
is rated(2), "$last C - 2020 A import", 'by a list';
is rated(4), '2021 C import';

stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
