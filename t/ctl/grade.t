# Grades recomputed from the log: today's are the store's, any day's are told.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/../lib";
use Shian qw(new_store demo_store ctl csv_rows);

sub grades {
    my ($s, @args) = @_;
    my $r = ctl($s, '--json', 'grade', @args);
    is($r->{status}, 0, "grade @args") or diag($r->{err});
    return { map { $_->{id} => $_ } map { decode_json($_) }
             split /\n/, $r->{out} };
}

# A whole demo city: what the log gives is what the store shows.
my $city = demo_store(120);
my $now = grades($city);
my $r = ctl($city, 'export', 'venues', '--format', 'json');
my %shown = map { my $v = decode_json($_); $v->{id} => $v }
            split /\n/, $r->{out};

is(scalar keys %$now, 120, 'every venue has a line');
is_deeply({ map { $_ => $now->{$_}{colour} } keys %$now },
          { map { $_ => $shown{$_}{colour} } keys %shown },
          'the colours are those of the store');

my @wrong = grep {
    my $g = $now->{$_};
    my $sum = 10000;
    $sum += $_->{centi} for @{ $g->{components} };
    $sum = 0 if $sum < 0;
    $sum = 10000 if $sum > 10000;
    defined $g->{score_centi} && $g->{score_centi} != $sum;
} keys %$now;
is_deeply(\@wrong, [], 'components add up to the score');

# One venue through time: a licence that runs out, credit D.
my $s = new_store();
my $file = "$s->{dir}/v.csv";
open my $f, '>', $file or die $!;
print $f "ref,name,address,credit,licence_expires_on\n",
         "1,One,Street 1,D,2027-03-01\n";
close $f;
is(ctl($s, 'import', 'venues', $file)->{status}, 0, 'a venue');
open $f, '>', $file or die $!;
print $f "ref,date,kind,score\n1,2026-01-05,routine,95\n";
close $f;
is(ctl($s, 'import', 'inspections', $file)->{status}, 0, 'and a visit');

my @days = (
    # green needs 85 of 100: credit D leaves just that
    [ '2027-03-01', 'green', 8500 ],
    # the day after the licence's last
    [ '2027-03-02', 'red', 8500 ],
    # 730 days after the visit it is stale, a day later no colour is left
    [ '2028-01-05', 'red', 8500 ],
    [ '2028-01-06', 'ungraded', undef ],
);

for my $day (@days) {
    my ($date, $colour, $score) = @$day;
    my $g = grades($s, '--as-of', $date)->{1};
    is($g->{colour}, $colour, "$colour on $date");
    is($g->{score_centi}, $score, "... at the score worked out by hand");
}

$r = ctl($s, 'grade', '--venue', 1, '--as-of', '2027-03-02', '--explain');
like($r->{out}, qr/-15\.00\s+credit/, 'explained by credit');
like($r->{out}, qr/licence_expired\s+2027-03-01/, 'and by the licence');

is(ctl($s, 'grade', '--as-of', 'tomorrow')->{status}, 2, 'a date is a date');
is(ctl($s, 'grade', '--venue', 9)->{status}, 1, 'no such venue');
is(ctl($s, 'verify')->{status}, 0, 'nothing was changed');

done_testing;
