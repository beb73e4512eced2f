# The inspection checklist: shown, put in force, refused field by field.

use strict;
use warnings;
use utf8;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/../lib";
use Shian qw(new_store ctl ctl_json slurp spew root);

my $s = new_store();
my $file = $s->{dir} . '/checklist.json';

sub shown { return decode_json(ctl($s, 'checklist', 'show')->{out}) }

# The one in force, changed.
sub document {
    my ($version, $change) = @_;
    my $list = shown();
    $list->{version} = $version;
    $change->($list) if $change;
    spew($file, encode_json($list));
    return $file;
}

my $shipped = root() . '/conf/checklist.json';
is_deeply(shown(), decode_json(slurp($shipped)),
    'what is in force at first is conf/checklist.json, to the letter');

my %heads;
$heads{$_->{head}}++ for @{shown()->{items}};
is_deeply([sort keys %heads],
    [sort qw(licence staff premises equipment epidemic waste signs)],
    'it has the seven heads');
ok(!(grep { $_ < 4 } values %heads), 'with at least four items each');

my $r = ctl($s, 'checklist', 'set', document('city-2', sub {
    $_[0]{items}[0]{text} = '证件在有效期内';
}));
is($r->{status}, 0, 'another one is put in force') or diag($r->{err});
is($r->{out}, "checklist city-2 is in force\n", 'and says so');
is(shown()->{version}, 'city-2', 'and shown');
is(shown()->{items}[0]{text}, '证件在有效期内', 'as it was changed');
is(ctl_json($s, 'checklist', 'set', document('city-3'))->{id}, 2,
    '--json gives its number');

$r = ctl($s, 'checklist', 'set', document('city-2', sub {
    $_[0]{items}[0]{text} = '别的话';
}));
is($r->{status}, 1, 'a version that was once another one is refused');
like($r->{err}, qr/version: Another checklist/, 'and says so');

is(ctl($s, 'checklist', 'set', $shipped)->{status}, 0,
    'an earlier one comes back as it was');
is(shown()->{version}, 'default-1', 'and is in force');

$r = ctl($s, 'checklist', 'preview', document('city-9', sub {
    $_[0]{items}[0]{severity} = 'minor';
    $_[0]{items}[1]{code} = 'Z9';
}));
is($r->{status}, 0, 'a preview') or diag($r->{err});
like($r->{out}, qr/^3 changes to default-1\nchanged\tL1\tcritical -> minor\t/,
    'tells what changes');
like($r->{out}, qr/^added\tZ9\t.*^gone\tL2\t/ms, 'what is new and gone');
is(shown()->{version}, 'default-1', 'and changes nothing');
is(scalar @{ctl_json($s, 'checklist', 'preview', $file)->{changes}}, 3,
    'for machines too');
$r = ctl($s, 'checklist', 'preview', document('city-2', sub {
    $_[0]{items}[0]{text} = '又一句';
}));
like($r->{err}, qr/version: Another checklist/, 'refuses what set refuses');

my $number = 0;

for my $bad (
    [ sub { $_[0]{items}[2]{code} = $_[0]{items}[0]{code} },
      qr/items\[2\]\.code: Another item/ ],
    [ sub { $_[0]{items} = [grep { $_->{head} ne 'waste' }
                            @{$_[0]{items}}] },
      qr/items: Fewer than 4 items under waste/ ],
    [ sub { splice @{$_[0]{items}}, 20 }, qr/items: too_short/ ],
    [ sub { delete $_[0]{items} }, qr/items: required/ ],
    [ sub { delete $_[0]{items}[1]{guidance_en} },
      qr/items\[1\]\.guidance_en: required/ ],
    [ sub { delete $_[0]{items}[1]{severity} },
      qr/items\[1\]\.severity: required/ ],
    [ sub { $_[0]{items}[1]{severity} = 'grave' },
      qr/items\[1\]\.severity: unknown/ ],
    [ sub { $_[0]{items}[1]{head} = 'kitchen' },
      qr/items\[1\]\.head: unknown/ ],
    [ sub { $_[0]{items}[1]{code} = 'l 1' }, qr/items\[1\]\.code: pattern/ ],
    [ sub { $_[0]{items}[1]{text} = '长' x 61 },
      qr/items\[1\]\.text: too_long/ ],
    [ sub { $_[0]{items}[1]{weight} = 3 }, qr/items\[1\]\.weight: unknown/ ],
    [ sub { $_[0]{version} = 'a b' }, qr/version: pattern/ ],
    [ sub { delete $_[0]{version} }, qr/version: required/ ],
) {
    my ($change, $says) = @$bad;
    $r = ctl($s, 'checklist', 'set', document('bad-' . ++$number, $change));
    ok($r->{status} == 1 && $r->{err} =~ $says, "refused: $says")
        or diag($r->{err});
}

spew($file, '[]');
like(ctl($s, 'checklist', 'set', $file)->{err}, qr/Not a JSON object/,
    'no object');
spew($file, ' ' x 65537);
like(ctl($s, 'checklist', 'set', $file)->{err}, qr/larger than 64 KB/,
    'too large a file');
is(ctl($s, 'checklist', 'set', "$file.gone")->{status}, 1, 'no file');
is(shown()->{version}, 'default-1', 'nothing of it came into force');

is(ctl($s, 'verify')->{status}, 0, 'and the store still verifies');

done_testing;
