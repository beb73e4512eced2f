# Inspectors beside each other: chiefs alone see it, as page, JSON and CSV.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use Shian qw(demo_store start stop get json sign_in csv_rows);

my $s = demo_store(30);
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
    my ($one) = grep { $_->{href} =~ m{^/desk/supervisors/\d+$} }
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
        qr{<h1>\Q@{[Encode::encode_utf8($one->{name})]}\E</h1>}, 'and to each one';
    is get($s, '/desk/supervisors/999', jar => { %$chief })->{status}, 404;
};

stop($s);
done_testing;
