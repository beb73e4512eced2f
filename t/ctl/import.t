# Importing lists that have every fault we know of.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use Encode qw(decode);
use Shian qw(new_store ctl ctl_json slurp spew csv_rows);

my $fixtures = "$FindBin::Bin/fixtures";

# The fixture in the store's folder, so that rejected rows land there.
sub fixture {
    my ($s, $name) = @_;
    copy("$fixtures/$name", "$s->{dir}/$name") or die "$name: $!";
    return "$s->{dir}/$name";
}

sub counts {
    my ($j) = @_;
    return join ' ', map { "$_=" . ($j->{$_} // '?') }
        qw(read new changed unchanged warned rejected missing);
}

sub venues {
    my ($s) = @_;
    my $r = ctl($s, 'export', 'venues', '--format', 'json');
    return map { JSON::PP->new->utf8->decode($_) } split /\n/, $r->{out};
}

subtest 'every fault keeps to its row' => sub {
    my $s = new_store();
    my $file = fixture($s, 'faults.csv');

    my $j = ctl_json($s, 'import', 'venues', $file, '--dry-run');
    is counts($j), 'read=12 new=7 changed=0 unchanged=0 warned=6 rejected=5 '
        . 'missing=0', 'dry run';
    is scalar(venues($s)), 0, 'a dry run writes no venue';
    ok !-e "$file.rejected.csv", 'nor a file';

    $j = ctl_json($s, 'import', 'venues', $file);
    is counts($j), 'read=12 new=7 changed=0 unchanged=0 warned=6 rejected=5 '
        . 'missing=0', 'the import says the same';

    is_deeply $j->{reasons}, {
        'no name' => 1, 'duplicate' => 2,
        'more cells than the header has' => 1,
        'characters that do not decode' => 1,
    }, 'why rows were rejected';

    is_deeply $j->{warnings}, {
        'impossible position left out' => 3, 'no district' => 1,
        'uscc has a wrong check digit' => 1,
        'licence_no has a wrong check digit' => 1,
        'phone left out' => 1, 'licence_no is none, left out' => 1,
    }, 'what was warned of';

    my @v = venues($s);
    is scalar(@v), 7;
    is $v[0]{address}, "中山路1号 后门" =~ s/(.*)/decode('UTF-8', $1)/er,
        'a line break in quotes is a space';
    is $v[0]{category}, decode('UTF-8', '面馆'), 'the last level';
    is $v[1]{category}, decode('UTF-8', '中餐厅'),
        'the first alternative, its last level';
    ok !exists $v[1]{lat}, 'a swapped position is none';
    ok $v[3]{uscc_doubtful}, 'a wrong check digit is kept and flagged';
    ok $v[4]{licence_doubtful};
    ok !exists $v[5]{uscc}, 'a word for "none" is no number';
    is $v[6]{name}, decode('UTF-8', '=辛酒楼');

    my @rows = csv_rows(decode('UTF-8', slurp("$file.rejected.csv")));
    is_deeply [map { $_->[0] } @rows[1 .. $#rows]], [6, 9, 10, 11, 14],
        'rejected rows by their lines';
    is $rows[2][1], 'duplicate of row 2';
    is $rows[3][1], 'duplicate of row 1';
    is_deeply [@{$rows[0]}[0 .. 2]],
        ['line', 'reason', decode('UTF-8', '名称')];

    $j = ctl_json($s, 'import', 'venues', $file);
    is counts($j), 'read=12 new=0 changed=0 unchanged=7 warned=6 rejected=5 '
        . 'missing=0', 'again: nothing changes';
    is ctl_json($s, 'stat')->{seq}, 8, 'nothing was written either';

    $j = ctl_json($s, 'verify');
    ok $j->{ok}, 'replay gives the same store';
};

subtest 'rejected rows can be mended and imported' => sub {
    my $s = new_store();
    my $file = spew("$s->{dir}/a.csv", "name,name_en,district\n,=SUM(A1)"
        . ",N\n");
    is ctl_json($s, 'import', 'venues', $file)->{rejected}, 1;
    my $text = slurp("$file.rejected.csv");
    like $text, qr/'=SUM/, 'a cell that a spreadsheet would run is marked';
    $text =~ s/no name,,/no name,New,/ or die;
    my $again = spew("$s->{dir}/b.csv", $text);
    is ctl_json($s, 'import', 'venues', $again)->{new}, 1;
    my ($v) = venues($s);
    is $v->{name_en}, '=SUM(A1)', 'the mark is taken off again';

    spew($file, "name,phone,district\nOld,,N\n");
    is ctl_json($s, 'import', 'venues', $file)->{new}, 1;
    ok !-e "$file.rejected.csv", 'rejects of an earlier run go';
};

subtest 'encodings and formats' => sub {
    my $s = new_store();
    my $j = ctl_json($s, 'import', 'venues', fixture($s, 'gb18030.csv'));
    is counts($j), 'read=3 new=3 changed=0 unchanged=0 warned=1 rejected=0 '
        . 'missing=0', 'GB18030 with semicolons';
    my @v = venues($s);
    is $v[1]{district}, decode('UTF-8', '溪口镇');
    is $v[2]{name}, decode('UTF-8', '𠀅记饭店'), 'four bytes';

    $j = ctl_json($s, 'import', 'venues', fixture($s, 'list.jsonl'),
                  '--source', 'fhrs');
    is counts($j), 'read=4 new=2 changed=0 unchanged=0 warned=1 rejected=2 '
        . 'missing=0', 'JSON lines';
    @v = venues($s);
    is $v[3]{address}, '1 Quay AB1 2CD', 'lines of an address are joined';
    is $v[3]{ref}, '7';
    is $v[4]{phone}, '1234567;7654321';

    my $latin = spew("$s->{dir}/latin.csv",
                     "ref,name,district\n1,CAF\xc9 NO\xcbL,N\n");
    ctl_json($s, 'import', 'venues', $latin, '--source', 'latin');
    @v = venues($s);
    is $v[5]{name}, "CAF\x{c9} NO\x{cb}L", 'Windows-1252';

    # Said rather than guessed; what then does not decode keeps to its row.
    for my $name (qw(GB18030 GBK UTF-16)) {
        my $t = new_store();
        my $file = spew("$t->{dir}/e.csv", Encode::encode($name eq 'GB18030'
            ? 'GBK' : $name, "ref,name,district\r\n1,\x{963f}\x{5f3a}\r\n"));
        is ctl_json($t, 'import', 'venues', $file, '--encoding', $name)
            ->{new}, 1, $name;
        is((venues($t))[0]{name}, "\x{963f}\x{5f3a}");
    }
    my $t = new_store();
    my $gbk = spew("$t->{dir}/e.csv", "ref,name\n1,\xb0\xa2\n2,\xff\xff\n");
    $j = ctl_json($t, 'import', 'venues', $gbk, '--encoding', 'GBK');
    is "$j->{new} $j->{rejected}", '1 1';
    is $j->{reasons}{'characters that do not decode'}, 1;

    my $r = ctl($s, 'import', 'venues', $latin, '--encoding', 'klingon');
    is $r->{status}, 1;
    like $r->{err}, qr/unknown --encoding/;
};

subtest 'upsert by ref, uscc, licence, name and address' => sub {
    my $s = new_store();
    my $file = "$s->{dir}/l.csv";
    my $import = sub {
        spew($file, shift);
        my $j = ctl_json($s, 'import', 'venues', $file, @_);
        return "$j->{new} $j->{changed} $j->{unchanged} $j->{rejected}";
    };

    is $import->("ref,name,district\n1,A,N\n2,B,N\n"), '2 0 0 0';
    is $import->("ref,name,district\n1,A2,N\n2,B,N\n"), '0 1 1 0',
        'a new name under the same ref';
    is $import->("ref,name,district\n1,A,N\n", '--source', 'other'),
        '1 0 0 0', 'another source has its own refs';
    is $import->("name,address,district\nC,Road 1,N\n"), '1 0 0 0';
    is $import->("name,address,district\nＣ,road  1.,S\n"), '0 1 0 0',
        'width, case and punctuation do not matter';
    is $import->("name,address,district\nＣ,road  1.,\n"), '0 0 1 0',
        'an empty cell leaves what is there';
    is $import->("name,address\nD,1\nD,1\n"), '1 0 0 1',
        'twice in one file is a duplicate';
    is $import->("licence_no,name\nJY13302130000013,E\n"), '1 0 0 0';
    is $import->("licence_no,name\nJY1330 2130-000013,F\n"), '0 1 0 0';
};

subtest 'mapping' => sub {
    my $s = new_store();
    my $file = spew("$s->{dir}/m.csv", "a,b,c,d,name\nX,Street,7,tel,no\n");

    my $r = ctl($s, 'import', 'venues', $file, '--map', 'a=name', '--map',
                'b=address', '--map', 'c=address', '--district', 'N');
    is $r->{status}, 0 or diag $r->{err};
    like $r->{out}, qr/^columns: name = a, address = b, address = c$/m;
    like $r->{out}, qr/^not used: d, name$/m;
    my ($v) = venues($s);
    is "$v->{name}|$v->{address}|$v->{district}", 'X|Street 7|N';

    my $maps = spew("$s->{dir}/maps", "# ours\na=name\nb=address\n");
    is ctl_json($s, 'import', 'venues', $file, '--map', "\@$maps")->{read}, 1;

    for my $case (['--map', 'a=nothing', 2, qr/no field "nothing"/],
                  ['--map', 'zz=name', 1, qr/no column for --map: zz/],
                  ['--map', 'name=', 1, qr/no column is known as needed/],
                  ['--map', 'a', 2, qr/not COLUMN=FIELD/],
                  ['--datum', 'nad27', 2, qr/wgs84, gcj02 or bd09/])
    {
        my ($option, $value, $status, $err) = @$case;
        $r = ctl($s, 'import', 'venues', $file, $option, $value);
        is $r->{status}, $status, "$option $value";
        like $r->{err}, $err;
        is scalar(() = $r->{err} =~ /\n/g), 1, 'in one line'
            if $value ne 'name=';
    }
};

subtest 'positions' => sub {
    my $s = new_store();
    my $file = spew("$s->{dir}/p.csv", "name,district,lng,lat\n"
        . "A,N,121.4065,29.6535\nB,N,nan,1\nC,N,0x10,1\nD,N,121.4,\n");
    is ctl_json($s, 'import', 'venues', $file, '--datum', 'gcj02')->{warned},
        3;
    my ($v) = venues($s);

    # GCJ-02 moves Fenghua about 500 m to the north west and back.
    cmp_ok abs($v->{lat} - 29.6535), '>', 0.001;
    cmp_ok abs($v->{lat} - 29.6535), '<', 0.01;
    cmp_ok abs($v->{lng} - 121.4065), '>', 0.001;
    cmp_ok abs($v->{lng} - 121.4065), '<', 0.01;
};

# "x1:active ...", by the source's own numbers.
sub states {
    my ($s) = @_;
    return join ' ', map { "$_->{source}$_->{ref}:$_->{status}" } venues($s);
}

subtest 'what a later file lacks' => sub {
    my $s = new_store();
    my $file = "$s->{dir}/c.csv";
    my @list = map { "$_,Kitchen $_,N\n" } 1 .. 20;
    my $write = sub { spew($file, "ref,name,district\n" . join '', @_) };
    my @x = ('import', 'venues', $file, '--source', 'x');
    my @close = (@x, '--close-missing');
    $write->(@list[0 .. 2]);
    ctl_json($s, 'import', 'venues', $file, '--source', 'y');
    $write->(@list);
    ctl_json($s, @x);

    $write->(@list[0 .. 17], "19,,N\n");
    my $r = ctl($s, @close);
    is $r->{status}, 1, 'closing is refused while rows are rejected';
    like $r->{err}, qr/nothing was closed, because rows were rejected/;

    $write->(@list[0 .. 17]);
    my $j = ctl_json($s, @x);
    is "$j->{missing} $j->{closed}", '2 0', 'reported';
    $j = ctl_json($s, @close, '--dry-run');
    is "$j->{missing} $j->{closed}", '2 2', 'a dry run tells';
    unlike states($s), qr/closed/;
    $j = ctl_json($s, @close);
    is "$j->{missing} $j->{closed}", '2 2', 'a tenth is closed when asked';
    like states($s), qr/x18:active x19:closed x20:closed/;
    unlike states($s), qr/y\d:closed/, 'those of another list are not';

    $write->(@list);
    $j = ctl_json($s, @x);
    is "$j->{reopened} $j->{changed} $j->{warned}", '2 2 20',
        'what the list had closed it opens again';
    ok !$j->{warnings}{'closed in the store'}, 'and nothing is to be told';
    unlike states($s), qr/closed/;
    ok ctl_json($s, 'verify')->{ok};
};

# Absence taken as a fact (faults B4): an export that has failed closes nobody.
subtest 'a list that is none closes nothing' => sub {
    my $s = new_store();
    my $header = "\x{ef}\x{bb}\x{bf}ref,name,district\r\n";
    my @rows = map { "$_,Kitchen $_,N\r\n" } 1 .. 10;
    my $file = spew("$s->{dir}/list.csv", $header . join '', @rows);
    my @close = ('import', 'venues', $file, '--close-missing');
    is ctl_json($s, @close)->{new}, 10;

    for my $case (['nothing', '', 0], ['a mark', "\x{ef}\x{bb}\x{bf}", 0],
                  ['a line end', "\r\n", 0], ['the header', $header, 0],
                  ['the header, cut', substr($header, 0, 20), 0],
                  ['rows of commas', "$header,,\r\n ,\x{e3}\x{80}\x{80},\r\n",
                   0],
                  ['one row', $header . $rows[0], 1],
                  ['one and commas', "$header$rows[0],,\r\n,,\r\n", 1],
                  ['eight of ten', $header . join('', @rows[0 .. 7]), 8],
                  ['the rows of another city', $header
                   . join('', map { "9$_" } @rows, @rows, @rows), 30],
                  ['all rows rejected', "$header,,N\r\n1,,\r\n", 0])
    {
        my ($what, $text, $read) = @$case;
        spew($file, $text);

        for my $dry ([], ['--dry-run']) {
            my $r = ctl($s, @close, @$dry);
            is $r->{status}, 1, "$what: refused";
            like $r->{err}, qr/^shianctl: .*noth\S+ was (?:read|closed).*\n\z/
                or diag $r->{err};
            unlike states($s), qr/import\d:closed/, 'nobody is closed';
        }

        # Whoever insists may close; but not by a list of nothing.
        next if $read;
        is ctl($s, @close, '--force')->{status}, 1, "$what, insisting";
        unlike states($s), qr/import\d:closed/;
    }

    spew($file, $header . join '', @rows[0 .. 7]);
    my $j = ctl_json($s, @close, '--force');
    cmp_ok $j->{closed}, '>=', 2, 'insisting closes';
    like states($s), qr/import9:closed/;
    spew($file, $header . join '', @rows);
    is ctl_json($s, 'import', 'venues', $file)->{reopened}, 2,
        'and the next whole list opens again';
};

subtest 'every list of nothing is refused' => sub {
    my $s = new_store();

    for my $list (['venues', 'name'], ['credit', 'ref,credit'],
                  ['inspections', 'ref,date'])
    {
        for my $text ('', "\x{ef}\x{bb}\x{bf}", "$list->[1]\n",
                      "$list->[1]\n,,\n")
        {
            my $r = ctl($s, 'import', $list->[0],
                        spew("$s->{dir}/n.csv", $text));
            is $r->{status}, 1, $list->[0];
            like $r->{err}, qr/nothing was read/ or diag $r->{err};
            is scalar(() = $r->{err} =~ /\n/g), 1, 'in one line';
        }
    }
};

subtest 'inspections and credit' => sub {
    my $s = new_store();
    ctl_json($s, 'import', 'venues', fixture($s, 'list.jsonl'));
    ctl_json($s, 'import', 'venues', fixture($s, 'faults.csv'));

    my $j = ctl_json($s, 'import', 'inspections', fixture($s, 'lives.csv'));
    is counts($j), 'read=7 new=3 changed=0 unchanged=1 warned=2 rejected=3 '
        . 'missing=0', 'LIVES columns';
    is_deeply $j->{reasons}, { 'no date' => 1, 'no such venue' => 1,
                               'score is not 0 to 100' => 1 };

    $j = ctl_json($s, 'import', 'inspections', fixture($s, 'lives.csv'));
    is "$j->{new} $j->{unchanged}", '0 4', 'again: nothing changes';

    my ($v) = venues($s);
    is $v->{last_inspected_on}, '2026-01-05';

    $j = ctl_json($s, 'import', 'credit', fixture($s, 'credit.csv'));
    is counts($j), 'read=4 new=0 changed=1 unchanged=0 warned=0 rejected=3 '
        . 'missing=0', 'credit';
    is_deeply $j->{reasons}, { 'no such venue' => 1, 'duplicate' => 1,
                               'credit is not A to D' => 1 };
    is((venues($s))[2]{credit}, 'A');
    ok ctl_json($s, 'verify')->{ok};
};

# Identity taken from a cell unchecked (faults F5).
subtest 'a cell alone makes no restaurant of another' => sub {
    my $s = new_store();
    my $file = "$s->{dir}/i.csv";
    my $import = sub {
        my ($text, @more) = @_;
        spew($file, "编号,单位名称,经营地址,统一社会信用代码\n$text");
        my $j = ctl_json($s, 'import', 'venues', $file, '--district', 'N',
                         @more);
        return ("$j->{new} $j->{changed} $j->{unchanged} $j->{rejected}", $j);
    };
    my $names = sub { join ' ', map { Encode::encode('UTF-8',
        ($_->{ref} // '-') . $_->{name}) } venues($s) };

    is +($import->("001,甲食堂,中山路1号,\n"))[0], '1 0 0 0';
    for my $same ('="001"', '"=""001"""', '００１', '001') {
        is +($import->("$same,甲食堂,中山路1号,\n"))[0], '0 0 1 0',
            "the same as $same";
    }
    is +($import->("12,乙食堂,中山路2号,\n"))[0], '1 0 0 0';
    is +($import->("12.0,乙食堂,中山路２号,\n"))[0], '0 1 0 0',
        'a number that a spreadsheet has made of it';

    for my $rounded ('3.30283E+14', '3E+14', '3.3e+5') {
        my ($n, $j) = $import->("$rounded,壬食堂,中山路9号,9.2330283E+17\n"
                                . "$rounded,癸食堂,中山路10号,\n");
        is $n, '0 0 0 2', "$rounded is nobody's number";
        is $j->{reasons}{'ref was rounded by a spreadsheet; make its column '
            . 'text'}, 2;
    }
    is +($import->("3E14,丙食堂,中山路3号,\n"))[0], '1 0 0 0',
        'letters may be in one';

    my ($n, $j) = $import->("001,丑食堂,江拔路1号,\n");
    is $n, '0 0 0 1', 'another name and another address';
    is $j->{reasons}{'leads to another venue'}, 1;
    like slurp("$file.rejected.csv"),
        qr/its ref is that of 甲食堂, 中山路1号; if it was renamed/;
    is +($import->("001,甲食堂二店,中山路1号,\n"))[0], '0 1 0 0',
        'another name alone is a new name';
    is +($import->("001,甲食堂二店,江拔路1号,\n"))[0], '0 1 0 0',
        'and another address a move';
    is +($import->("001,丑食堂,锦屏路7号,\n", '--renamed'))[0], '0 1 0 0',
        'both where it is said';

    # One code of two branches, without numbers of the list's own.
    my $code = '91330283MA2AFXXR36';
    is +($import->(",丁面馆,南山路1号,$code\n"))[0], '1 0 0 0';
    is +($import->(",丁面馆城西店,西环路8号,$code\n"))[0], '0 0 0 1',
        'a branch does not become the other one';
    is +($import->("77,丁面馆,南山路1号,$code\n"))[0], '0 1 0 0';
    is +($import->("77,戊面馆,东环路1号,$code\n"))[0], '0 1 0 0',
        'two numbers that agree say that it moved';

    ($n, $j) = $import->("78,戊面馆,东环路1号,\n");
    is $n, '1 0 0 0';
    is $j->{warnings}{'new, with the name and address of another'}, 1,
        'who seems to be there already is told';

    my $visits = spew("$s->{dir}/v.csv", "编号,名称,地址,检查日期,得分\n"
        . "12,乙食堂,中山路2号,2026-01-05,90\n"
        . "12,丑食堂,江拔路1号,2026-01-06,10\n3.3E+2,a,b,2026-01-05,1\n");
    $j = ctl_json($s, 'import', 'inspections', $visits);
    is "$j->{new} $j->{rejected}", '1 2', 'nor do visits go astray';
    my $credit = spew("$s->{dir}/k.csv", "编号,名称,地址,信用等级\n"
        . "12,丑食堂,江拔路1号,D\n１２,乙食堂,,Ａ\n");
    $j = ctl_json($s, 'import', 'credit', $credit);
    is "$j->{changed} $j->{rejected}", '1 1', 'nor a credit level';
    ok ctl_json($s, 'verify')->{ok};
};

subtest 'lists as offices send them' => sub {
    my $import = sub {
        my ($text, @more) = @_;
        my $s = new_store();
        my $file = spew("$s->{dir}/o.csv", $text);
        my $r = ctl($s, '--json', 'import', 'venues', $file, @more);
        return ($s, $r, $file);
    };
    my $first = sub {
        my ($s) = $import->(@_);
        my ($v) = venues($s);
        return $v ? Encode::encode('UTF-8', join '|', map { $_ // '' }
            @$v{qw(ref name address licence_expires_on)}) : 'none';
    };

    for my $head ('*单位名称,经营地址(必填),编号(选填)',
                  '单位名称*,＊经营地址：, 编号（选填） ',
                  '"* 单位名称（必填）",经营地址（非必填）,编号:')
    {
        is $first->("$head\r\n未食堂,中山路17号,008\r\n"),
            '008|未食堂|中山路17号|', $head;
    }

    for my $above ("名单\n", "奉化区餐饮单位名单,,,\n填报日期:2026年11月,,,\n",
                   "\"名单, 2026\"\r\n\r\n", "\n\n单位名称\n说明：,\n")
    {
        my $text = "$above编号,单位名称,经营地址,有效期至\n"
            . "001,甲食堂,中山路1号,2027-01-05\n002,,x,\n";
        is $first->($text), '001|甲食堂|中山路1号|2027-01-05', $above;
        my ($t, undef, $file) = $import->($text);
        my $line = $text =~ tr/\n//;
        like slurp("$file.rejected.csv"), qr/^$line,no name/m,
            'lines are those of the file';
    }

    # Characters beyond GB 2312, above all traditional ones.
    for my $names ("龍鳳樓餐廳", "喆囍麵館", "髙記") {
        my $text = decode('UTF-8', "ref,name,address\n1,$names,奉化錦屏街道\n"
            . "2,$names,錦屏路\n");
        is $first->(Encode::encode('GBK', $text)),
            "1|$names|奉化錦屏街道|", "$names in GBK";
    }
    is $first->(Encode::encode('cp1252', "ref,name,address\n"
        . "1,Cr\x{ea}perie \x{201c}\x{c9}t\x{e9}\x{201d},Stra\x{df}e\n")),
        '1|Crêperie “Été”|Straße|', 'accents are no Han';

    for my $case (['2026115', ''], ['20261105', '2026-11-05'],
                  ['2026/1/5', '2026-01-05'], ['202611051', ''],
                  ['２０２６年１月５日', '2026-01-05'], ['2026-1-5 0:00',
                  '2026-01-05'], ['2026.11', ''], ['="2026-01-05"',
                  '2026-01-05'], ['46349', ''])
    {
        is $first->("编号,单位名称,经营地址,有效期至\n1,a,b,$case->[0]\n"),
            "1|a|b|$case->[1]", "the date $case->[0]";
    }

    for my $case (["PK\3\4\24\0\6\0", qr/an Excel workbook \(\.xlsx\)/],
                  ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", qr/\(\.xls\)/],
                  ['%PDF-1.7', qr/a PDF/], ["\x1f\x8b\x08\0", qr/gzip/],
                  ['<html><table>', qr/a web page/])
    {
        my ($s, $r) = $import->("$case->[0]name,address\nA,B\n" x 20);
        is $r->{status}, 1;
        like $r->{err}, $case->[1], 'what is no list says what it is';
        is scalar(() = $r->{err} =~ /\n/g), 1, 'in one line';
        is scalar(venues($s)), 0;
    }
};

# Runs it on a terminal of its own, or none: what it printed, what it took.
sub run_large {
    my ($s, $file, $terminal) = @_;
    my @command = (Shian::build() . '/shianctl', '--store', $s->{store},
                   '--keys', $s->{keys}, 'import', 'venues', $file);
    @command = ('script', '-qec', "@command", '/dev/null') if $terminal;
    my $peak = 0;
    my $pid = open(my $out, '-|') // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command;
    }
    my $text = '';
    while (!$terminal && kill 0, $pid) {
        my ($kb) = (slurp("/proc/$pid/status") // '')
            =~ /^RssAnon:\s+(\d+)/m or last;
        $peak = $kb if $kb > $peak;
        select undef, undef, undef, 0.005;
    }
    local $/;
    $text .= <$out> // '';
    close $out;
    return ($text, $peak);
}

subtest 'a long list' => sub {
    my $list = sub {
        my ($s, $rows) = @_;
        return spew("$s->{dir}/large.csv", join '',
            "ref,name,address,district\n", map { "L$_,Kitchen $_,$_ Long "
                . "Street in the Old Town,West\n" } 1 .. $rows);
    };
    my ($s, $t, $u) = map { new_store() } 1 .. 3;
    my ($text, $small) = run_large($s, $list->($s, 4_000));
    like $text, qr/read 4000: new 4000,.* \(\d+ rows a second\)/,
        'all of it, and how fast';
    unlike $text, qr/\r/, 'no bar where nobody looks';
    ($text, my $large) = run_large($t, $list->($t, 40_000));
    like $text, qr/read 40000: new 40000,/;
    cmp_ok $small, '>', 0;
    cmp_ok $large, '<', $small + 8_000,
        "memory is bounded: $small kB, and $large kB for ten times the rows";

    # A bar is for what takes over a second.
    my ($speed) = $text =~ /\((\d+) rows/;
    SKIP: {
        skip 'too quick for a bar', 2 if $speed > 32_000;
        skip 'no script(1)', 2 if !grep { -x "$_/script" }
            split /:/, $ENV{PATH};
        ($text) = run_large($u, $list->($u, 40_000), 1);
        like $text, qr/\r\S+.*\[#+\.+\] +\d+ %/, 'a bar on a terminal';
        like $text, qr/\r\e\[K/, 'which is taken away again';
    }
};

subtest 'files that are none' => sub {
    my $s = new_store();
    my $r = ctl($s, 'import', 'venues', $s->{dir});
    is $r->{status}, 1, 'a folder';
    like $r->{err}, qr/not a file/;
    is ctl($s, 'import', 'venues', "$s->{dir}/none")->{status}, 1;
    is ctl($s, 'import', 'venues')->{status}, 2;
    is ctl({ %$s, store => "$s->{dir}/none" }, 'import', 'venues',
           "$fixtures/faults.csv")->{status}, 1, 'no store';
};

done_testing;
