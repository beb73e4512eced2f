# Reading: every page, its headers, formats, languages, search and paging.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode_utf8 decode_utf8);
use IO::Uncompress::Gunzip ();
use JSON::PP qw(decode_json encode_json);
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store start stop ctl ctl_json get post request header
             cookies json plaque_of open_venues sign_in log_of spew slurp
             csv_rows root seq);

my $s = demo_store(120);
spew("$s->{dir}/more.csv", encode_utf8(<<'END'));
ref,name,name_en,address,district,category,lat,lng
x1,=cmd|'/c calc'!A0,Zebra Noodle House,"+86 Road, ""North""",锦屏街道,小吃,29.6500,121.4000
x2,@SUM(A1),Grand Zephyr Kitchen,-1 Lane,锦屏街道,小吃,29.6510,121.4000
x3,鑫鑫麒麟阁,Kirin Pavilion,貔貅弄八号,岳林街道,火锅,29.6600,121.4000
x4,"</script><script>""&\",<i>,"1\2 <b>",岳林街道,火锅,29.6600,121.4000
END
is ctl_json($s, 'import', 'venues', "$s->{dir}/more.csv")->{new}, 4;
start($s);

my ($v) = open_venues($s);
my $code = plaque_of($s, $v);
my $chief = sign_in($s, login => 'chief');

sub names { return map { $_->{name} } @{json(shift)->{items}} }

sub find {
    my (%q) = @_;
    my $query = join '&', map {
        my ($k, $w) = ($_, encode_utf8($q{$_}));
        $w =~ s/([^A-Za-z0-9.,-])/sprintf '%%%02X', ord $1/ge;
        "$k=$w";
    } sort keys %q;
    return get($s, "/venues.json?$query");
}

# Every route of the table, with something that is there.
my $source = slurp(root() . '/src/http/ngx_http_shian_routes.c');
my %allow;
while ($source =~ /\{ (GET|POST), "([^"]+)", ([A-Z |]+?), /g) {
    push @{$allow{$2}}, $1;
}
my %with = (id => $v, n => 1, code => $code, hash => '0' x 64,
            token => 'x', rest => 'shian.css');

subtest 'methods' => sub {
    for my $pattern (sort keys %allow) {
        (my $path = $pattern) =~ s/\{(\w+)\}/$with{$1}/g;
        my @m = @{$allow{$pattern}};
        my $want = join ', ', (grep({ $_ eq 'GET' } @m) ? qw(GET HEAD) : ()),
            (grep({ $_ eq 'POST' } @m) ? 'POST' : ()), 'OPTIONS';
        my $a = request($s, 'OPTIONS', $path);
        is $a->{status}, 204, "OPTIONS $pattern";
        is header($a, 'allow'), $want;
        for my $method ('DELETE', grep { !/^(?:@{[join '|', @m]})$/ }
                        qw(GET POST))
        {
            my $b = request($s, $method, $path);
            is $b->{status}, 405, "$method $pattern";
            is header($b, 'allow'), $want;
            is header($b, 'x-content-type-options'), 'nosniff';
        }
    }
};

my @pages = ('/', '/venues', "/v/$v", "/v/$v/grades", "/v/$v/inspections",
             "/v/$v/reviews", "/v/$v/review", '/checklist');

subtest 'pages' => sub {
    for my $path (@pages) {
        for my $suffix ('', '.json') {
            my $p = $path eq '/' && $suffix ? '/.json' : "$path$suffix";
            my $a = get($s, $p);
            is $a->{status}, 200, $p;
            is header($a, 'content-type'), $suffix ? 'application/json'
                : 'text/html; charset=utf-8';
            is header($a, $_->[0]), $_->[1] for
                ['x-content-type-options', 'nosniff'],
                ['referrer-policy', 'same-origin'];
            like header($a, 'content-security-policy'),
                qr/default-src 'none'.*frame-ancestors 'none'/;
            unlike header($a, 'content-security-policy'), qr/unsafe/;
            for my $word ('Accept', 'Accept-Language', 'Accept-Encoding') {
                like header($a, 'vary'), qr/\b$word\b(?!-)/, "Vary: $word";
            }
            like $a->{body}, qr/\A\s*\{.*\}\s*\z/s if $suffix;
            unlike $a->{body}, qr/\{\{|\bon\w+="|style="/ if !$suffix;

            my $head = request($s, 'HEAD', $p);
            my ($got, $want) = map { join "\n", sort grep {
                !/^(?:date|set-cookie)/i } split /\r\n/, $_->{head} }
                $head, $a;
            # The form's key is new each time, and so is its tag.
            s/^ETag:.*\n?//m for $path =~ /review\z/ ? ($got, $want) : ();
            is $got, $want, 'HEAD has the headers of GET';
            next if $path =~ /review\z/;

            my $tag = header($a, 'etag');
            like $tag, qr/\A(?:W\/)?"\S+"\z/, 'ETag';
            my $again = get($s, $p, headers => ['If-None-Match' => $tag]);
            is $again->{status}, 304;
            is $again->{body}, '';
            is get($s, $p, headers => ['If-None-Match' => '"x"'])->{status},
                200;
        }
    }
    for my $p ('/healthz', '/.well-known/shian.json', "/v/$v/badge.svg",
               '/.well-known/gs1resolver', '/static/shian.css', '/metrics')
    {
        is get($s, $p)->{status}, 200, $p;
    }
    is header(get($s, "/v/$v/badge.svg"), 'content-type'), 'image/svg+xml';
    unlike header(get($s, "/v/$v/badge.svg"), 'content-security-policy'),
        qr/frame-ancestors/, 'a badge may stand in any page';
};

subtest 'the checklist' => sub {
    my $list = decode_json(slurp(root() . '/conf/checklist.json'));
    my $got = json(get($s, '/checklist.json'));
    is $got->{version}, 'default-1';
    ok !exists $got->{since}, 'it was there from the beginning';
    is_deeply [map { @{$_->{items}} } @{$got->{heads}}], $list->{items},
        'head by head, all of it';

    my $item = $list->{items}[0];
    my $zh = decode_utf8(get($s, '/checklist?lang=zh')->{body});
    my $en = decode_utf8(get($s, '/checklist?lang=en')->{body});
    like $zh, qr/\Q$item->{text}\E.*\Q$item->{guidance}\E/s;
    unlike $zh, qr/\Q$item->{text_en}\E/;
    like $en, qr/\Q$item->{text_en}\E.*\Q$item->{guidance_en}\E/s;
    unlike $en, qr/\Q$item->{guidance}\E/;
    like get($s, '/')->{body}, qr{href="/checklist"}, 'pages lead to it';

    $list->{version} = 'city-2';
    $item->{text} = '<b>&证件</b>';
    spew("$s->{dir}/checklist.json", encode_json($list));
    is ctl($s, 'checklist', 'set', "$s->{dir}/checklist.json")->{status}, 0;
    $got = json(get($s, '/checklist.json'));
    is $got->{version}, 'city-2', 'another one is seen at once';
    like $got->{since}, qr/\A\d{4}-\d\d-\d\dT/, 'and since when';
    like decode_utf8(get($s, '/checklist?lang=zh')->{body}),
        qr/&lt;b&gt;&amp;证件&lt;\/b&gt;/, 'written inert';
};

# One venue of each colour.
my %of;
for my $colour (qw(green yellow red ungraded closed)) {
    $of{$colour} = json(get($s, "/venues.json?limit=1&colour=$colour"))
        ->{items}[0]{id};
}

sub page {
    my ($id, $lang) = @_;
    return decode_utf8(get($s, "/v/$id?lang=$lang")->{body});
}

subtest 'for search engines' => sub {
    my ($odd) = map { $_->{id} } @{json(find(q => 'script'))->{items}};
    for my $id ($odd, map { $of{$_} } sort keys %of) {
        my $view = json(get($s, "/v/$id.json"));
        for my $lang (qw(zh en)) {
            my $html = page($id, $lang);
            my @ld = $html
                =~ m{<script type="application/ld\+json">(.*?)</script>}gs;
            is @ld, 1, "$view->{name}, $lang";
            my $d = eval { JSON::PP->new->decode($ld[0]) } || {};
            is $d->{'@context'}, 'https://schema.org';
            is $d->{'@type'}, 'FoodEstablishment';
            is $d->{name}, $view->{name};
            is $d->{url}, "$s->{base}/v/$id";
            is $d->{address}{streetAddress}, $view->{address};
            is $d->{geo}{latitude}, $view->{lat};

            # The bureau's grade and the diners' stars are two things.
            my $grade = $d->{hasCertification} || {};
            is $grade->{certificationIdentification},
                defined $view->{grade}{score} ? $view->{grade}{colour}
                                              : undef, 'the grade';
            is $grade->{certificationRating}{ratingValue},
                $view->{grade}{score};
            is $grade->{issuedBy}{'@type'}, defined $view->{grade}{score}
                ? 'GovernmentOrganization' : undef;
            is $d->{aggregateRating}{ratingValue}, $view->{rating}{hygiene},
                'the stars';
            is $d->{aggregateRating}{reviewCount},
                $view->{rating}{count} || undef;

            my $other = $lang eq 'zh' ? 'en' : 'zh';
            like $html, qr{<link rel="canonical" href="\Q$s->{base}\E/v/$id">};
            my $way = qq{hreflang="$other" href="/v/$id?lang=$other"};
            like $html, qr{<link rel="alternate" \Q$way\E>}, 'the other one';
        }
    }
};

subtest 'a colour is colour, shape and word' => sub {
    my (%shape, %word);
    for my $colour (sort keys %of) {
        for my $lang (qw(zh en)) {
            my ($hero) = page($of{$colour}, $lang)
                =~ /<div class="hero $colour">(.*?)<section/s;
            my ($face) = ($hero // '') =~ m{(<svg class="face.*?</svg>)}s;
            ok $face, "$colour: a face" or next;
            # What is left when all is grey.
            $face =~ s/\b(?:class|fill|stroke)="[^"]*"//g;
            $shape{$face}{$colour} = 1;
            my ($word) = $hero =~ m{<strong>([^<]+)</strong>};
            ok $word, 'a word';
            $word{$word} = 1;
            next if $colour !~ /green|yellow|red/;
            like $hero, qr/$_/, "$colour: $_" for
                $lang eq 'zh' ? '\d+年\d+月\d+日' : '\d+ [A-Z]\w+ \d{4}';
            like page($of{$colour}, $lang),
                qr{<section class="why">\s*<h2>[^<]+</h2>\s*<p>[^<\s]},
                'and why';
        }
    }
    is keys %shape, 5, 'five shapes';
    is keys %word, 10, 'five words in each language';
};

subtest 'errors have the headers too' => sub {
    for my $a (get($s, '/nowhere'), get($s, '/v/999999'), get($s, '/desk'),
               post($s, '/signout', headers =>
                    ['Sec-Fetch-Site' => 'cross-site']),
               get($s, '/' . 'x' x 40_000),
               post($s, '/photos', type => 'a/b', body => 'x' x (41 << 20)))
    {
        like header($a, 'content-security-policy'), qr/default-src 'none'/,
            "a $a->{status}";
        is header($a, 'x-content-type-options'), 'nosniff';
        is header($a, 'referrer-policy'), 'same-origin';
    }
    my $a = get($s, '/v/999999.json');
    is header($a, 'content-type'), 'application/problem+json';
    is header($a, 'cache-control'), 'no-store';
    my $p = json($a);
    is $p->{status}, 404;
    like $p->{$_}, qr/\S/, $_ for qw(type title detail);
};

subtest 'formats' => sub {
    my @accept = (
        ['application/json', 'application/json'],
        ['text/html', 'text/html'], ['*/*', 'text/html'],
        ['text/html,application/json;q=0.9', 'text/html'],
        ['application/json, text/plain, */*', 'application/json'],
        ['image/png', 'text/html'],
    );
    for my $case (@accept) {
        my $a = get($s, '/venues', headers => [Accept => $case->[0]]);
        like header($a, 'content-type'), qr/\A\Q$case->[1]\E/, $case->[0];
    }
    my %type = ('.csv' => 'text/csv; charset=utf-8',
                '.geojson' => 'application/geo+json');
    is header(get($s, "/venues$_"), 'content-type'), $type{$_} for keys %type;
    is header(get($s, "/v/$v/reviews.csv"), 'content-type'), $type{'.csv'};
    is get($s, "/v/$v.csv")->{status}, 404, 'one thing is no list';

    my $csv = get($s, '/venues.csv?limit=100&category=' .
                      '%E5%B0%8F%E5%90%83');
    my @rows = csv_rows(decode_utf8($csv->{body}));
    my ($at) = grep { $rows[0][$_] eq 'name' } 0 .. $#{$rows[0]};
    ok defined $at, 'a head of names';
    my @odd = grep { /cmd\||SUM/ } map { $_->[$at] } @rows;
    is @odd, 2, 'both odd names';
    is_deeply [grep { /\A[=+\@\t\r-]/ } map { @$_ } @rows[1 .. $#rows]], [],
        'no cell that a spreadsheet would run';
    ok !grep({ @$_ != @{$rows[0]} } @rows), 'as many cells in each row';

    my $geo = json(get($s, '/venues.geojson?limit=100'));
    is $geo->{type}, 'FeatureCollection';
    ok @{$geo->{features}} > 50, 'features';
    my @bad = grep {
        my ($x, $y) = @{$_->{geometry}{coordinates} || []};
        $_->{type} ne 'Feature' || $_->{geometry}{type} ne 'Point'
            || abs($x) > 180 || abs($y) > 90 || !$_->{properties}{name}
    } grep { $_->{geometry} } @{$geo->{features}};
    is_deeply \@bad, [], 'are points with names';

    my $mirror = json(get($s, "/v/$v.json"));
    is $mirror->{id}, $v;
    like $mirror->{$_}, qr/\S/, $_ for qw(name district address status);
    like $mirror->{grade}{colour},
        qr/^(?:green|yellow|red|ungraded|closed)$/;
    like $mirror->{grade}{since} // '2026-01-01T00:00:00Z',
        qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
    ok !grep({ !defined } values %$mirror), 'absent rather than null';
};

subtest 'languages' => sub {
    my $is = sub {
        my ($a, $want, $what) = @_;
        my ($lang) = $a->{body} =~ /<html lang="(\w\w)/;
        is $lang, $want, $what;
    };
    for my $path (@pages) {
        $is->(get($s, $path), 'zh', $path);
        my $a = get($s, "$path?lang=en");
        $is->($a, 'en', "$path?lang=en");
        is cookies($a)->{lang}{value}, 'en', 'is kept';
        like $a->{body}, qr{<a href="\Q$path\E\?lang=zh"}, 'and the way back';
        $is->(get($s, $path, jar => { lang => 'en' }), 'en', 'by cookie');
    }
    my $with = sub { get($s, '/', headers => ['Accept-Language' => shift]) };
    $is->($with->('en-GB,en;q=0.9'), 'en', 'as the browser says');
    $is->($with->('fr,en;q=0.5'), 'en', 'the next best');
    $is->($with->('en;q=0.1,zh-CN;q=0.9'), 'zh', 'by weight');
    $is->($with->('fr'), 'zh', 'Chinese first');
    $is->(get($s, '/?lang=xx', headers => ['Accept-Language' => 'en']), 'en',
          'no such language');
    my $mixed = get($s, '/?lang=zh', jar => { lang => 'en' },
                    headers => ['Accept-Language' => 'en']);
    $is->($mixed, 'zh', 'what was chosen wins');
};

subtest 'search' => sub {
    for my $q ('鑫鑫麒麟阁', '麒麟', '麟', 'kirin', 'Kir', 'KIRIN pavilion',
               '貔貅弄', '貔貅弄八号', ' 麒麟  阁 ')
    {
        is_deeply [names(find(q => $q))], ['鑫鑫麒麟阁'], $q;
    }
    is_deeply [sort(names(find(q => 'ze')))],
        ["=cmd|'/c calc'!A0", '@SUM(A1)'], 'the beginning of a word';
    is_deeply [names(find(q => 'ebra'))], [], 'not its middle';
    is_deeply [names(find(q => 'no such place'))], [];

    my @all = @{json(get($s, '/venues.json?limit=100'))->{items}};
    my ($one) = grep { $_->{status} eq 'active' && $_->{colour} eq 'green' }
        @all;
    ok((grep { $_ == $one->{id} } map { $_->{id} }
        @{json(find(q => $one->{name}, limit => 100))->{items}}),
       'by its whole name');

    for my $colour (qw(green yellow red ungraded)) {
        my @items = @{json(find(colour => $colour, limit => 100))->{items}};
        ok @items, $colour;
        ok !grep({ $_->{colour} ne $colour } @items), "only $colour";
    }
    my @items = @{json(find(district => $one->{district},
                            limit => 100))->{items}};
    ok @items && !grep({ $_->{district} ne $one->{district} } @items),
        'district';
    @items = @{json(find(category => '火锅', limit => 100))->{items}};
    ok @items && !grep({ $_->{category} ne '火锅' } @items), 'category';
    @items = @{json(find(colour => 'green', q => $one->{name},
                         district => $one->{district}))->{items}};
    ok((grep { $_->{id} == $one->{id} } @items), 'all of it together');

    @items = @{json(find(near => '29.65,121.40', radius => 5000,
                         limit => 100))->{items}};
    my @d = map { $_->{distance_m} } @items;
    ok @d >= 3, 'near';
    is_deeply \@d, [sort { $a <=> $b } @d], 'the nearest first';
    ok !grep({ $_ > 5000 } @d), 'within the radius';
    is $items[0]{name_en}, 'Zebra Noodle House', 'who stands there';
    cmp_ok abs($items[1]{distance_m} - 111), '<=', 1, 'metres are metres';

    @items = @{json(find(bbox => '121.3999,29.6495,121.4001,29.6515'))
                   ->{items}};
    is_deeply [sort map { $_->{name_en} // '' } @items],
        ['Grand Zephyr Kitchen', 'Zebra Noodle House'], 'bbox';
};

subtest 'page by page' => sub {
    for my $query ('', 'colour=green', 'near=29.65,121.40&radius=50000',
                   'sort=score', 'q=%E8%B7%AF')
    {
        my ($path, $pages, %seen) = ("/venues.json?limit=7&$query", 0);
        while ($path && $pages < 100) {
            my $a = get($s, $path);
            is $a->{status}, 200 or last;
            my $list = json($a);
            $seen{$_->{id}}++ for @{$list->{items}};
            $path = $list->{next};
            is header($a, 'link'), $path ? "<$path>; rel=\"next\"" : '',
                'Link says the same' if $pages++ < 2 || !$path;
        }
        my $all = json(get($s, "/venues.json?limit=100&$query"));
        my %whole = map { $_->{id} => 1 } @{$all->{items}};
        if ($all->{next}) {
            $whole{$_->{id}} = 1 for @{json(get($s, $all->{next}))->{items}};
        }
        is_deeply \%seen, \%whole, "each once: $query";
        ok keys %seen > 3 && $pages > 1, scalar(keys %seen) . ' venues';
    }
    is @{json(get($s, '/venues.json'))->{items}}, 20, '20 by default';
    is @{json(get($s, '/venues.json?limit=1'))->{items}}, 1;
    is @{json(get($s, '/venues.json?limit=100'))->{items}}, 100;
};

# Headers and body of the first answer.
sub weighs {
    my ($what, $answer) = @_;
    is header($answer, 'content-encoding'), 'gzip', $what;
    cmp_ok length($answer->{head}) + length($answer->{body}) + 4, '<=',
        14 * 1024, 'at most 14 KB';
    IO::Uncompress::Gunzip::gunzip(\$answer->{body}, \my $plain);
    like $plain, qr{(?:</html>|\})\s*\z}, 'and whole';
}

my @gzip = ('Accept-Encoding' => 'gzip');

subtest 'on a slow line' => sub {
    for my $path (@pages, '/static/shian.css') {
        for my $lang (qw(zh en)) {
            my $at = "$path?lang=$lang";
            my $a = get($s, $at, headers => [@gzip]);
            weighs($at, $a);

            # The form's key is new each time, and so is its tag.
            next if $path =~ /review\z/;
            is get($s, $at, headers => [@gzip,
                   'If-None-Match' => header($a, 'etag')])->{status},
                304, 'its ETag holds packed as well';
        }
    }
};

# Every page of the table, for whoever may see it.
subtest 'of every page' => sub {
    my %who = (venue => sign_in($s, venue => $v),
               map { ($_ => sign_in($s, login => $_)) }
               qw(inspector chief bank));
    my ($n, $lists, $before) = (0, 0, seq($s));
    for my $who (sort keys %who) {
        for my $pattern (sort keys %allow) {
            next if $pattern =~ m{static|/events|open311|\.\w+$};
            (my $path = $pattern) =~ s/\{(\w+)\}/$with{$1}/g;

            # A list, by its name for the rest, is there as a table.
            my $list = json(get($s, "$path.json", jar => { %{$who{$who}} }));
            if (ref $list->{items} eq 'ARRAY' && $pattern !~ /\{id\}/) {
                my $csv = get($s, "$path.csv", jar => { %{$who{$who}} });
                is $csv->{status}, 200, "$who: $path.csv";
                like header($csv, 'content-type'), qr{^text/csv};
                $lists++;
            }
            for my $lang (qw(zh en)) {
                my $a = get($s, "$path?lang=$lang", jar => { %{$who{$who}} },
                            headers => [@gzip]);
                next if $a->{status} != 200
                    || header($a, 'content-type') !~ /html/;
                weighs("$who: $path", $a);
                $n++;
            }
        }
    }
    cmp_ok $n, '>', 100, "$n pages were looked at";
    cmp_ok $lists, '>', 10, "$lists lists";
    is seq($s), $before, 'and looking wrote nothing';
};

# Texts of a thousand characters that no packer makes much smaller.
subtest 'and of a page that many wrote on' => sub {
    my $text = sub {
        return join '', map { chr(0x4e00 + int rand 20_000) } 1 .. shift;
    };
    srand 7;
    my $owner = sign_in($s, venue => $v);
    for (1 .. 6) {
        my $jar = {};
        get($s, "/q/$code", jar => $jar);
        my $a = post($s, "/v/$v/reviews", jar => $jar,
                     json => { hygiene => 4, text => $text->(1000) });
        is $a->{status}, 201;
        my $id = json($a)->{id};
        is post($s, "/my/reviews/$id", jar => $owner, json =>
                { action => 'reply', text => $text->(500) })->{status}, 200;
    }
    for my $in (@{json(get($s, "/v/$v.json"))->{inspections}}) {
        my $a = post($s, "/my/inspections/$in->{id}", jar => $owner, json =>
                     { action => 'reply', text => $text->(1000) });
        like $a->{status}, qr/^(?:200|409)$/;
    }
    my $view = json(get($s, "/v/$v.json"));
    is @{$view->{reviews}}, 5;
    weighs("/v/$v?lang=$_", get($s, "/v/$v?lang=$_", headers => [@gzip]))
        for qw(zh en);
    my $whole = $view->{reviews}[0]{text};
    unlike page($v, 'zh'), qr/\Q$whole\E/, 'which shows how it begins';
    my $begins = substr $whole, 0, 160;
    like page($v, 'zh'), qr/<p>\Q$begins\E…/;
    like decode_utf8(get($s, "/v/$v/reviews")->{body}), qr/\Q$whole\E/,
        'and leads to all of it';
};

unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
stop($s);
done_testing;
