# Inspectors beside each other: chiefs alone see it, as page, JSON and CSV.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use POSIX ();
use Shian qw(new_store start stop ctl get post json sign_in csv_rows spew
             open_venues);

# A small city of our own, so that all its visits are known.
my $s = new_store();
my $file = spew("$s->{dir}/v.csv", join '', "ref,name,address,lat,lng\n",
    map { "$_,Kitchen $_,$_ Long Street,29.65$_,121.41\n" } 0 .. 9);
is ctl($s, 'import', 'venues', $file)->{status}, 0, 'venues';
is ctl($s, 'user', 'add', '--login', $_, '--role', $_, '--name', "The $_")
    ->{status}, 0, $_ for qw(inspector officer chief admin bank media);
start($s);
my $chief = sign_in($s, login => 'chief');

sub list {
    my ($query) = @_;
    return json(get($s, '/desk/supervisors.json' . ($query // ''),
                    jar => { %$chief }));
}

subtest 'who may' => sub {
    for my $path ('/desk/supervisors', '/desk/supervisors.csv',
                  '/desk/supervisors/1')
    {
        is get($s, $path)->{status}, 401, "public $path";
        for my $role (qw(inspector officer bank media)) {
            is get($s, $path, jar => sign_in($s, login => $role))->{status},
                403, "$role $path";
        }
        is get($s, $path, jar => sign_in($s, venue => 1))->{status}, 403,
            "venue $path";
    }
    is get($s, '/desk/supervisors',
           jar => sign_in($s, login => 'admin'))->{status}, 200, 'admin';
};

subtest 'the list' => sub {
    my $l = list();
    is $l->{days}, 365;
    cmp_ok $l->{to}, 'gt', $l->{from};
    ok @{$l->{items}} > 0, 'inspectors are listed before their first visit';
    my ($one) = grep { $_->{href} =~ m{^/desk/supervisors/\d+\z} }
        @{$l->{items}};
    ok $one;
    ok !exists $l->{chart_svg}, 'the picture is for people';
    is list('?days=30')->{days}, 30;
    for my $bad (qw(0 366 -1 x 1000)) {
        my $a = get($s, "/desk/supervisors.json?days=$bad",
                    jar => { %$chief });
        is $a->{status}, 422, "days=$bad";
        is json($a)->{errors}[0]{field}, 'days';
    }

    my @rows = csv_rows(Encode::decode_utf8(
        get($s, '/desk/supervisors.csv', jar => { %$chief })->{body}));
    is_deeply [@{$rows[0]}[0 .. 3]], [qw(id name visits counted)], 'CSV';
    is scalar @rows, 1 + @{$l->{items}};

    my $html = get($s, '/desk/supervisors?lang=en', jar => { %$chief });
    is $html->{status}, 200;
    like $html->{body}, qr/1\.96/, 'the formula is told';
    like $html->{body}, qr{href="\Q$one->{href}\E"};
    like get($s, '/desk', jar => { %$chief })->{body},
        qr{href="/desk/supervisors"}, 'the desk leads there';
    like get($s, $one->{href}, jar => { %$chief })->{body},
        qr{<h1>\Q@{[Encode::encode_utf8($one->{name})]}\E</h1>},
        'and to each one';
    is get($s, '/desk/supervisors/999', jar => { %$chief })->{status}, 404;
};

# Ten visits each, at the door, a day apart; the inspector fails one item.
subtest 'visits' => sub {
    my $list = json(get($s, '/checklist.json'));
    my @items = map { map { $_->{code} } @{$_->{items}} } @{$list->{heads}};
    my @venues = (open_venues($s))[0 .. 9];
    my $at = sub { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_[0]) };
    for my $role (qw(inspector officer)) {
        my $jar = sign_in($s, login => $role);
        for my $i (0 .. 9) {
            my $v = json(get($s, "/v/$venues[$i].json"));
            my $began = time - 7200 - 86400 * $i;
            my @answers = map { { code => $_, result => 'pass' } } @items;
            @{$answers[5]}{qw(result note)} = ('fail', 'grease')
                if $role eq 'inspector';
            my $a = post($s, "/v/$v->{id}/inspections", jar => $jar, json => {
                kind => 'routine', checklist => $list->{version},
                started_at => $at->($began),
                finished_at => $at->($began + 1800), lat => $v->{lat},
                lng => $v->{lng}, accuracy => 10, items => \@answers });
            is $a->{status}, 201, "$role $i" or diag $a->{body};
        }
    }

    my $l = list();
    my $share = sprintf '%.2f', 100 / @items;
    is $l->{visits}, 20;
    my ($strict, $other) = sort { $b->{drift} <=> $a->{drift} }
        grep { defined $_->{drift} } @{$l->{items}};
    is $strict->{visits}, 10;
    is $strict->{on_site_percent}, 100;
    is $strict->{findings_per_visit}, 1;
    cmp_ok abs($strict->{failed_percent} - $share), '<', 0.02;
    cmp_ok abs($strict->{drift} - $share / 2), '<', 0.02, 'half above';
    cmp_ok abs($other->{drift} + $share / 2), '<', 0.02, 'half below';
    is list('?days=1')->{visits} <= 4, 1, 'of one day only';

    like get($s, '/desk/supervisors', jar => { %$chief })->{body},
        qr/<svg class="chart".*<circle/s, 'drawn';
    my $seen = json(get($s, "/desk/supervisors/$strict->{id}.json?limit=4",
                        jar => { %$chief }));
    is scalar @{$seen->{items}}, 4;
    is $seen->{items}[0]{minutes}, 30;
    cmp_ok $seen->{items}[0]{started_at}, 'gt', $seen->{items}[1]{started_at};
    ok $seen->{next}, 'and so on';
    is get($s, $seen->{items}[0]{href}, jar => { %$chief })->{status}, 200,
        'a visit is a link';
};

stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
