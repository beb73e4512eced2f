# Real lists, against counts worked out here without our reader.

use strict;
use warnings;
use feature 'fc';
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode);
use File::Copy qw(copy);
use JSON::PP ();
use Unicode::Normalize qw(NFKC);
use Shian qw(new_store ctl ctl_json slurp csv_rows shared);

plan skip_all => 'no real lists beside the checkout'
    unless shared('venues/hangzhou.csv');

# A copy in the store's folder, and its rows as hashes.
sub list {
    my ($s, $name, $charset) = @_;
    my $to = "$s->{dir}/" . ($name =~ s{.*/}{}r);
    copy(shared("venues/$name"), $to) or die "$name: $!";
    my @rows = csv_rows(decode($charset // 'UTF-8', slurp($to)));
    my @head = @{shift @rows};
    return $to, map { my %h; @h{@head} = @$_; \%h } @rows;
}

# How names and addresses are compared, said in another language.
sub norm {
    return join "\n", map { my $t = fc NFKC($_); $t =~ s/[^\p{L}\p{N}\p{M}]//g;
                            $t } @_;
}

subtest 'Hangzhou' => sub {
    my $s = new_store();
    my ($file, @rows) = list($s, 'hangzhou.csv');
    my %distinct = map { norm($_->{name}, $_->{address}) => 1 } @rows;
    is scalar(@rows), 3230;

    my $j = ctl_json($s, 'import', 'venues', $file);
    is $j->{read}, 3230;
    is $j->{new}, scalar(keys %distinct), 'one venue for each name and '
        . 'address';
    is $j->{new} + $j->{rejected}, 3230;
    is $j->{rejected}, $j->{reasons}{duplicate};

    my @v = map { JSON::PP->new->utf8->decode($_) }
        split /\n/, ctl($s, 'export', 'venues', '--format', 'json')->{out};
    is scalar(grep { !$_->{phone} } @v),
        scalar(grep { !length $_->{tel} } @rows)
        - scalar(grep { !length $_->{tel} } rejected($file)),
        'as many without a telephone';
    is scalar(grep { $_->{category} =~ /[;|]/ } @v), 0, 'one category each';
    is scalar(grep { !defined $_->{lat} } @v), 0;

    my $again = ctl_json($s, 'import', 'venues', $file);
    is "$again->{new} $again->{changed}", '0 0', 'again: nothing changes';

    # The same places by their other datums are less than 3 m away.
    for my $datum (qw(gcj02 bd09)) {
        my $t = new_store();
        $j = ctl_json($t, 'import', 'venues', $file, '--datum', $datum,
                      '--map', "lng_$datum=lng", '--map', "lat_$datum=lat");
        my @w = map { JSON::PP->new->utf8->decode($_) }
            split /\n/, ctl($t, 'export', 'venues', '--format',
                            'json')->{out};
        my $far = grep { abs($v[$_]{lat} - $w[$_]{lat}) > 0.00003
                         || abs($v[$_]{lng} - $w[$_]{lng}) > 0.00003 }
            0 .. $#v;
        is $far, 0, "$datum";
    }
};

sub rejected {
    my ($file) = @_;
    my @rows = csv_rows(decode('UTF-8', slurp("$file.rejected.csv")));
    my @head = @{shift @rows};
    return map { my %h; @h{@head} = @$_; \%h } @rows;
}

subtest 'Jiangmen' => sub {
    my $s = new_store();
    copy(shared('venues/jiangmen.jsonl'), "$s->{dir}/j.jsonl") or die;
    my $j = ctl_json($s, 'import', 'venues', "$s->{dir}/j.jsonl", '--datum',
                     'bd09', '--district', 'Jiangmen');
    is "$j->{read} " . ($j->{new} + $j->{rejected}), '1567 1567';
    is $j->{warnings}{'impossible position left out'}, 5;
    is $j->{warned}, 5;
};

subtest 'Sutton, twice' => sub {
    my $s = new_store();
    my ($one, @aug) = list($s, 'sutton-2020-08.csv');
    my ($two, @nov) = list($s, 'sutton-2020-11.csv');
    my %aug = map { $_->{FHRSID} => $_ } @aug;
    my %nov = map { $_->{FHRSID} => $_ } @nov;

    # What an import reads of a row; no place is left as it was.
    my $seen = sub {
        my ($r) = @_;
        my @a = grep { length } map { $r->{$_} }
            qw(AddressLine1 AddressLine2 AddressLine3 AddressLine4 PostCode);
        s/^\s+|\s+$//g for @a;
        s/\s+/ /g for @a;
        return [$r->{BusinessName} =~ s/\s+/ /gr, $r->{BusinessType},
                "@a", map { length $r->{$_}
                            ? sprintf('%.7f', $r->{$_}) : '' }
                qw(Longitude Latitude)];
    };
    my $changed = 0;
    for my $id (grep { $aug{$_} } keys %nov) {
        my ($a, $b) = map { $seen->($_) } $aug{$id}, $nov{$id};
        $changed += grep({ length $b->[$_] && $a->[$_] ne $b->[$_] }
                         0 .. $#$b) != 0;
    }

    my $j = ctl_json($s, 'import', 'venues', $one, '--source', 'sutton');
    is "$j->{read} $j->{new} $j->{rejected}", '1113 1113 0';
    is $j->{warnings}{'no position'}, 149;

    $j = ctl_json($s, 'import', 'venues', $two, '--source', 'sutton',
                  '--dry-run');
    is "$j->{read} $j->{new} $j->{missing}", '1152 69 30', 'dry run';
    $j = ctl_json($s, 'import', 'venues', $two, '--source', 'sutton',
                  '--close-missing');
    is "$j->{read} $j->{new} $j->{missing} $j->{closed}", '1152 69 30 30';
    is $j->{changed}, $changed, "$changed changed in what is read";
    is $j->{unchanged}, 1152 - 69 - $changed;
    is $j->{warnings}{'no position'}, 168;
    ok ctl_json($s, 'verify')->{ok};
};

subtest 'San Francisco' => sub {
    my $s = new_store();
    my ($b, @b) = list($s, 'sf-2018/businesses.csv', 'cp1252');
    my ($i, @i) = list($s, 'sf-2018/inspections.csv');
    my %visits = map { join(',', @$_{qw(business_id date type score)}) => 1 }
        @i;

    my $j = ctl_json($s, 'import', 'venues', $b, '--source', 'sf');
    is "$j->{read} $j->{new} $j->{rejected}", '6399 6399 0';
    is $j->{warnings}{'no position'}, 3159;

    $j = ctl_json($s, 'import', 'inspections', $i, '--source', 'sf');
    is "$j->{read} $j->{rejected}", '14233 0';
    is $j->{new}, scalar(keys %visits), 'a visit written twice counts once';
    $j = ctl_json($s, 'import', 'inspections', $i, '--source', 'sf');
    is "$j->{new} $j->{changed}", '0 0', 'again: nothing changes';

    my ($cafe) = grep { $_->{name} =~ /CAF\x{c9}/ } @b;
    like decode('UTF-8', ctl($s, 'export', 'venues')->{out}),
        qr/\Q$cafe->{name}/, 'Windows-1252 was found out';
};

done_testing;
