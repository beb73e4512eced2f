# The grading policy: shown, previewed, put in force, refused field by field.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/../lib";
use Shian qw(new_store ctl);

my $s = new_store();

sub document {
    my (%change) = @_;
    my $r = ctl($s, 'policy', 'show');
    my $p = decode_json($r->{out});
    for my $path (keys %change) {
        my ($section, $field) = split /\./, $path;
        defined $field ? ($p->{$section}{$field} = $change{$path})
                       : ($p->{$section} = $change{$path});
    }
    my $file = $s->{dir} . '/policy.json';
    open my $f, '>', $file or die $!;
    print $f encode_json($p);
    close $f;
    return $file;
}

my $shown = decode_json(ctl($s, 'policy', 'show')->{out});
my $shipped = do {
    local $/;
    open my $f, '<', "$FindBin::Bin/../../conf/policy.json" or die $!;
    decode_json(<$f>);
};
is_deeply($shown, $shipped, 'what is in force at first is conf/policy.json');

my $csv = $s->{dir} . '/venues.csv';
open my $f, '>', $csv or die $!;
print $f "ref,name,address,credit\n";
print $f "$_,Venue $_,Street $_,", ('A', 'C', 'D')[$_ % 3], "\n" for 1 .. 30;
close $f;
is(ctl($s, 'import', 'venues', $csv)->{status}, 0, 'thirty venues');

my $visits = $s->{dir} . '/visits.csv';
open $f, '>', $visits or die $!;
print $f "ref,date,kind,score\n";
print $f "$_,2026-01-05,routine,95\n" for 1 .. 30;
close $f;
my $r = ctl($s, "import", "inspections", $visits);
is($r->{status}, 0, 'each with a visit') or diag($r->{err});

# C costs 5 and D 15 points: a bound of 90 turns the ten with D yellow.
my $strict = document(version => 'strict', 'colour.green' => 90);
$r = ctl($s, '--json', 'policy', 'preview', $strict);
is_deeply(decode_json($r->{out}),
    { venues => 30, changed => 10,
      changes => [ { from => 'green', to => 'yellow', venues => 10 } ] },
    'the preview counts who would change') or diag($r->{out}, $r->{err});
is(() = ctl($s, 'policy', 'preview', $strict, '--list')->{out}
        =~ /green -> yellow$/mg, 10, 'and can name them');

is(ctl($s, 'policy', 'set', $strict)->{status}, 0, 'put in force');
is(decode_json(ctl($s, 'policy', 'show')->{out})->{version}, 'strict',
    'and shown');

my $other = document('colour.green' => 95);
$r = ctl($s, 'policy', 'set', $other);
is($r->{status}, 1, 'another document under the same version is refused');
like($r->{err}, qr/version: Another policy/, 'and says so');

for my $bad (
    [ { 'colour.green' => 500 }, qr/colour\.green: range/ ],
    [ { 'colour.yellow' => 99 }, qr/colour\.yellow/ ],
    [ { 'finding.minor' => 90 }, qr/finding\.major/ ],
    [ { 'colour.blue' => 1 }, qr/colour\.blue: unknown/ ],
    [ { 'credit.D' => 'much' }, qr/credit\.D: pattern/ ],
    [ { tz_minutes => 60 }, qr/tz_minutes/ ],
) {
    my ($change, $says) = @$bad;
    $r = ctl($s, 'policy', 'set', document(version => 'bad', %$change));
    ok($r->{status} == 1 && $r->{err} =~ $says, "refused: $says")
        or diag($r->{err});
}

is(ctl($s, 'verify')->{status}, 0, 'and the store still verifies');

done_testing;
