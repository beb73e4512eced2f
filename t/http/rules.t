# The rules in force and the city in numbers: what they say is what holds.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode_utf8 decode_utf8);
use JSON::PP;
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store start stop ctl ctl_json get header json log_of spew
             slurp csv_rows root);

my $s = demo_store(150);
spew("$s->{dir}/more.csv", encode_utf8(<<'END'));
ref,name,address,district,category
n1,无名店,某路1号,,
n2,怪名店,某路2号,"=A1 & <b>""街道""</b>",汤/面
END
is ctl_json($s, 'import', 'venues', "$s->{dir}/more.csv")->{new}, 2;
start($s);

# Every venue behind an address, page by page.
sub all_of {
    my ($path) = @_;
    my @items;
    $path =~ s/\A\/venues/\/venues.json/;
    $path .= ($path =~ /\?/ ? '&' : '?') . 'limit=100';
    while ($path) {
        my $list = json(get($s, $path));
        push @items, @{$list->{items}};
        $path = $list->{next};
    }
    return @items;
}

subtest 'the default policy' => sub {
    my $p = json(get($s, '/policy.json'));
    is $p->{id}, 1;
    ok $p->{since}, 'in force since the store was made';
    is_deeply $p->{policy}, decode_json(slurp(root() . '/conf/policy.json')),
        'is conf/policy.json';
    my $page = decode_utf8(get($s, '/policy?lang=en')->{body});
    like $page, qr/85 points or more/;
    like $page, qr/default-1, since \d+ \w+ \d{4}/;
};

subtest 'a policy of the bureau' => sub {
    my $tag = header(get($s, '/policy'), 'etag');
    my $p = json(get($s, '/policy.json'))->{policy};
    my $file = "$s->{dir}/policy.json";
    # A document may be silent: the default's numbers stand.
    spew($file, encode_json({ version => 'strict-2',
                              colour => { green => 92, yellow => 71 },
                              credit => { A => 4, D => -16 } }));
    is ctl($s, 'policy', 'set', $file)->{status}, 0, 'is set';

    my $now = json(get($s, '/policy.json'));
    cmp_ok $now->{id}, '>', 0;
    like $now->{since}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
    $p->{version} = 'strict-2';
    $p->{colour} = { green => 92, yellow => 71 };
    @{$p->{credit}}{qw(A D)} = (4, -16);
    is_deeply $now->{policy}, $p, 'is told whole';

    my $a = get($s, '/policy', headers => ['If-None-Match' => $tag]);
    is $a->{status}, 200, 'the page is another one at once';
    my $page = decode_utf8($a->{body});
    like $page, qr/strict-2/;
    like $page, qr/92 分及以上/;
    like $page, qr/<td>-16<\/td>/;
    is get($s, '/policy', headers => ['If-None-Match' =>
           header($a, 'etag')])->{status}, 304;
    is get($s, '/policy.csv')->{status}, 404, 'one thing is no list';
};

subtest 'leads there' => sub {
    my ($v) = map { $_->{id} } all_of('/venues');
    for my $path ('/', "/v/$v", "/v/$v/grades") {
        my $page = get($s, $path)->{body};
        like $page, qr{href="/policy"}, "from $path";
        like $page, qr{href="/stats"};
    }
    my ($why) = get($s, "/v/$v")->{body} =~ m{class="why">(.*?)</section>}s;
    like $why, qr{href="/policy"}, 'where it says why';
};

# No grading routine runs here: the city stands still.
my $rows = json(get($s, '/stats.json'))->{items};
my @venues = all_of('/venues');

subtest 'counts' => sub {
    my %row;
    push @{$row{$_->{part}}}, $_ for @$rows;
    is @{$row{city}}, 1, 'one city';
    is $row{city}[0]{venues}, scalar @venues, 'has all of them';
    cmp_ok @{$row{district}}, '>', 2, 'districts';
    cmp_ok @{$row{category}}, '>', 2, 'categories';

    for my $part (qw(district category)) {
        my $sum = 0;
        for my $r (@{$row{$part}}) {
            my @in = grep { ($_->{$part} // '') eq ($r->{name} // '') }
                @venues;
            is $r->{venues}, scalar @in, $r->{name} // "no $part";
            $sum += $r->{venues};
        }
        is $sum, scalar @venues, "each $part counted once";
        is scalar(grep { !defined $_->{name} } @{$row{$part}}), 1,
            "who names no $part is there";
    }

    for my $r (@{$row{city}}, @{$row{district}}) {
        my @in = grep { $r->{part} eq 'city'
                        || ($_->{district} // '') eq ($r->{name} // '') }
            @venues;
        my %of;
        $of{$_->{colour}}++ for @in;
        is_deeply { map { $_ => $r->{$_} }
                    qw(green yellow red ungraded closed) },
            { map { $_ => $of{$_} // 0 }
              qw(green yellow red ungraded closed) },
            'colours of ' . ($r->{name} // $r->{part});
        my $graded = $r->{green} + $r->{yellow} + $r->{red};
        if ($graded) {
            is sprintf('%.2f', $r->{green_percent}),
                sprintf('%.2f', int(10_000 * $r->{green} / $graded) / 100),
                'share of green';
        } else {
            ok !exists $r->{green_percent}, 'no share of nothing';
        }
    }
};

subtest 'every figure leads to its list' => sub {
    my $page = decode_utf8(get($s, '/stats?lang=en')->{body});
    my $n = 0;
    while ($page =~ m{<a[^>]*href="(/venues\?[^"]*)">(.*?)</a>}gs) {
        my ($href, $text) = ($1, $2);
        my ($count) = $text =~ /(?:\A|<b>)([\d,]+)/ or next;
        $href =~ s/&amp;/&/g;
        $count =~ tr/,//d;
        is scalar(all_of($href)), $count, $href;
        $n++;
    }
    cmp_ok $n, '>', 5 + 6 * 2, 'figures';
    unlike $page, qr/<b>"|style=|&lt;b&gt;<b/, 'names are inert';
    my $bars = () = $page =~ /class="track"/g;
    is $bars, scalar(grep { $_->{part} eq 'district' } @$rows),
        'a bar for each district';
};

subtest 'as a table' => sub {
    my $a = get($s, '/stats.csv');
    is header($a, 'content-type'), 'text/csv; charset=utf-8';
    my @csv = csv_rows(decode_utf8($a->{body}));
    my $head = shift @csv;
    is scalar @csv, scalar @$rows, 'as many rows';
    my %at = map { $head->[$_] =~ s/\A\x{feff}//r => $_ } 0 .. $#$head;
    is $csv[0][$at{venues}], scalar @venues;
    is_deeply [map { $_->[$at{green}] } @csv],
        [map { $_->{green} // '' } @$rows], 'says the same';
    ok !grep({ /\A[=+\@]/ } map { @$_ } @csv), 'nothing to run';
};

unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
stop($s);
done_testing;
