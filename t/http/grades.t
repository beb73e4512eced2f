# The history of a grade: what happened, drawn, told, and what would lift it.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use POSIX ();
use Shian qw(new_store start stop ctl get post header json plaque_of sign_in
             spew);

binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

my $s = new_store();

sub day { return POSIX::strftime('%Y-%m-%d', gmtime(time - 86400 * $_[0])) }

sub import_rows {
    my ($what, @lines) = @_;
    my $file = spew("$s->{dir}/rows.csv",
                    Encode::encode_utf8(join "\n", @lines, ''));
    my $r = ctl($s, 'import', $what, $file);
    is $r->{status}, 0, "import $what" or diag $r->{err};
}

sub credit { import_rows('credit', 'ref,credit', "1,$_[0]") }

sub items { return json(get($s, '/v/1/grades.json'))->{items} }

# "colour score" or as far as there is one.
sub now {
    my ($g) = @_;
    return join ' ', grep { defined } @$g{qw(colour score)};
}
sub was {
    my ($g) = @_;
    return join ' ', grep { defined } @$g{qw(before score_before)};
}

import_rows('venues', 'ref,name,address', '1,阿强面馆,中山路1号');
start($s);

subtest 'before the first visit' => sub {
    my $a = get($s, '/v/1/grades');
    is $a->{status}, 200;
    unlike $a->{body}, qr/class="chart"/, 'nothing to draw';
    is_deeply items(), [], 'nothing to tell';
    my $jar = sign_in($s, 'venue', 1);
    my $better = json(get($s, '/my.json', jar => $jar))->{better};
    ok $better->{visit}, 'only a visit helps';
    ok !exists $better->{to}, 'to which colour, nobody knows';
    like get($s, '/my?lang=en', jar => $jar)->{body},
        qr/no colour without a recent on-site visit/;
};

my $jar = sign_in($s, 'venue', 1);

subtest 'what operations leave behind' => sub {
    import_rows('inspections', 'ref,date,kind,score',
                '1,' . day(10) . ',routine,95');
    is now(items()->[0]), 'green 100', 'a visit';
    ok !exists json(get($s, '/my.json', jar => $jar))->{better}{to},
        'nothing is better than green';
    credit('D');
    is now(items()->[0]), 'green 85', 'credit D: 15 less';

    # One star against ten of four: 372, 0.28 below, 5 points a star.
    my $phone = {};
    my $code = plaque_of($s, 1);
    get($s, "/q/$code", jar => $phone);
    is post($s, '/v/1/reviews', jar => $phone,
            json => { hygiene => 1 })->{status}, 201, 'a bad review';
    is now(items()->[0]), 'yellow 83.6';
    is was(items()->[0]), 'green 85';

    credit('C');
    my $g = items()->[0];
    is now($g), 'yellow 93.6', 'points alone do not lift it';
    is was($g), 'yellow 83.6';
    ok $g->{held}, 'it is held';
};

subtest 'reasons as the contract has them' => sub {
    my $g = items()->[0];
    is join(' ', map { $_->{code} } @{$g->{reasons}}), 'credit reviews held';
    is_deeply [map { $_->{points} } @{$g->{reasons}}], [-5, -1.4, 0];
    ok !(grep { !length($_->{text} // '') } @{$g->{reasons}}), 'with a text';
    ok !exists $g->{components}, 'once';
    my $en = json(get($s, '/v/1/grades.json?lang=en'))->{items}[0];
    is $en->{reasons}[0]{text}, 'Credit level', 'in the language asked for';
    ok !grep({ exists $_->{cause} } @{items()}),
        'and no number of the log, by which filings could be counted';
    ctl($s, qw(user add --login officer --role officer --name O));
    my $officer = sign_in($s, login => 'officer');
    my $theirs = json(get($s, '/v/1/grades.json', jar => $officer))->{items};
    ok $theirs->[0]{cause} > $theirs->[1]{cause}, 'which the bureau has';
};

subtest 'the picture' => sub {
    my $html = Encode::decode_utf8(get($s, '/v/1/grades')->{body});
    like $html, qr/<svg class="chart"/, 'is on the page';
    unlike $html, qr/style=/, 'without inline style';
    my ($svg) = $html =~ m{(<svg class="chart".*?</svg>)}s;
    like $svg, qr/aria-label="分数变化"/;
    like $svg, qr/<title>\S+ 良好 100\.00</, 'the first colour';
    like $svg, qr/<title>\S+ 一般 83\.60</, 'the turn';
    is scalar(() = $svg =~ /<title>/g), 2, 'scores alone are no turn';
    my ($table) = $html =~ m{<tbody>(.*?)</tbody>}s;
    is join(' ', $table =~ m{<td>([\d.]+)</td>}g),
        '100.00 85.00 83.60 93.60', 'the same as a table';

    my $json = get($s, '/v/1/grades.json')->{body};
    unlike $json, qr/svg|points":\[/, 'JSON carries none of it';
    my $etag = header(get($s, '/v/1/grades'), 'etag');
    is get($s, '/v/1/grades', headers => ['If-None-Match' => $etag])->{status},
        304, 'it is the same until something happens';
};

subtest 'the story' => sub {
    my $html = Encode::decode_utf8(get($s, '/v/1/grades?lang=en')->{body});
    my @told = $html =~ m{<ol class="rows history">(.*?)</ol>}sg;
    my @li = split /<h3>/, $told[0];
    shift @li;
    is scalar @li, 4, 'every change';
    like $li[0], qr/Fair · 83\.60 points.*became.*Fair · 93\.60 points/s,
        'newest first, from and to';
    like $li[1], qr/face green.*Good · 85\.00.*face yellow.*Fair · 83\.60/s,
        'colour, shape, word';
    like $li[1], qr/Why · Credit level · Diners’ stars/, 'and why';
    like $li[0], qr/only after a visit or a confirmed repair/, 'in words';
    like $html, qr/85 points or more is green, 60 or more is yellow/;
};

subtest 'what would make it better' => sub {
    my $better = json(get($s, '/my.json', jar => $jar))->{better};
    is $better->{to}, 'green';
    ok $better->{visit}, 'a visit, the points suffice';
    ok !exists $better->{remove};
    ok !exists $better->{missing};

    credit('D');
    $better = json(get($s, '/my.json?lang=en', jar => $jar))->{better};
    is $better->{missing}, 1.4;
    is_deeply $better->{remove}, [{ code => 'credit', points => -15,
                                    text => 'Credit level' }],
        'the one that is enough';
    my $html = Encode::decode_utf8(
        get($s, '/my?lang=en', jar => $jar)->{body});
    like $html, qr/1\.40 points more lead to “Good”/;
    like $html, qr/Ask there how to be rated again/;
    like $html, qr/only after an on-site visit/;
};

subtest 'page by page' => sub {
    credit($_) for 'C', 'D';
    my $all = items();
    is scalar @$all, 7;

    my ($at, @seen) = '/v/1/grades.json?limit=3';
    while ($at && @seen < 20) {
        my $list = json(get($s, $at));
        push @seen, @{$list->{items}};
        $at = $list->{next};
    }
    is_deeply \@seen, $all, 'the pages together are the whole';
    is was($seen[$_]), now($seen[$_ + 1]), 'each goes on from the one before'
        for 0 .. $#seen - 1;

    my ($next) = get($s, '/v/1/grades?limit=3')->{body}
        =~ /rel="next" href="([^"]+)"/;
    $next =~ s/&amp;/&/g;
    unlike get($s, $next)->{body}, qr/class="chart"/,
        'the picture is on the first page';
    is get($s, '/v/99/grades')->{status}, 404;
    is get($s, '/v/1/grades?limit=0')->{status}, 422;
};

stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
