# Every command of shianctl: help, exit status, what it leaves behind.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Shian qw(new_store ctl ctl_json slurp spew);

my $none = { store => '/nonexistent/store', keys => '/nonexistent/keys',
             base => 'http://127.0.0.1:8080' };

# 40 venues are quick and still have every colour.
sub demo {
    my $s = new_store();
    my $j = ctl_json($s, 'demo', '--venues', 40, '--today', '2026-11-20', @_);
    die "demo: $j->{error}" if $j->{error};
    return ($s, $j);
}

sub lines {
    return map { JSON::PP->new->utf8->decode($_) } split /\n/, shift;
}

subtest 'help and usage' => sub {
    my $help = ctl($none, '--help');
    is $help->{status}, 0;
    my @commands = $help->{out} =~ /^  ([a-z]+(?: [a-z]+)?)(?: [A-Zr]\S*)?  /mg;
    cmp_ok scalar(@commands), '>=', 22, 'commands are listed';

    my %takes;
    for my $command (@commands) {
        my $r = ctl($none, split(/ /, $command), '--help');
        is $r->{status}, 0, "$command --help";
        like $r->{out}, qr/\Ashianctl \Q$command\E.*\n\n[A-Z].*\.\n/;

        # Options are told apart before the command is known.
        while ($r->{out} =~ /^  --(\S+)( \S+)?  /mg) {
            my $value = defined $2 ? 1 : 0;
            $takes{$1} //= $value;
            is $takes{$1}, $value, "--$1 means the same in $command"
                if $takes{$1} != $value;
        }
    }

    for my $case ([[], 'no command'], [['fly'], 'unknown command "fly"'],
                  [['stat', 'now'], 'does not take "now"'],
                  [['stat', '--no-such'], 'unknown option'],
                  [['stat', '--login', 'x'], 'has no option --login'],
                  [['link'], '--login or --venue'],
                  [['link', '--login'], '--login needs L'],
                  [['link', '--venue', 1, '--ttl', '5'], '--ttl'],
                  [['export', 'venues', '--format', 'xml'], 'csv or json'],
                  [['plaque', 'issue', 'x'], 'no venue'],
                  [['plaque', 'issue', 1, 2], 'name a folder'],
                  [['demo', '--venues', 0], '--venues'],
                  [['demo', '--today', 'May'], '--today'],
                  [['erase', 'me'], 'not review:ID or complaint:ID'],
                  [['keys', 'rotate', '--kind', 'all the'], '--kind'])
    {
        my ($args, $text) = @$case;
        my $r = ctl($none, @$args);
        is $r->{status}, 2, "usage: @$args";
        like $r->{err}, qr/\Q$text\E.*--help\n\z/;
        is scalar(() = $r->{err} =~ /\n/g), 1, 'in one line';
    }

    for my $args (['stat'], ['verify'], ['export', 'venues'],
                  ['user', 'list'], ['keys', 'list'], ['backup', '/tmp/x'],
                  ['restore', '/nonexistent'], ['plaque', 'withdraw', 'X'])
    {
        my $r = ctl($none, @$args);
        is $r->{status}, 1, "no store: @$args";
        like $r->{err}, qr/\Ashianctl: .*\n\z/;
    }
};

subtest 'init' => sub {
    my $s = new_store();
    my $keys = slurp($s->{keys});
    is ctl($s, 'init')->{status}, 0, 'again is fine';
    is slurp($s->{keys}), $keys, 'keys are left alone';
    is((stat $s->{keys})[2] & 0777, 0600);
    is ctl_json($s, 'stat')->{seq}, 1;

    # Faults B4: that the file is not there does not say that there was none.
    rename $s->{keys}, "$s->{keys}.away" or die;
    my $r = ctl($s, 'init');
    is $r->{status}, 1, 'a store whose keys are mislaid gets no others';
    like $r->{err}, qr/bring it back, or say --new-keys\n\z/;
    ok !-e $s->{keys};
    is ctl($s, 'init', '--new-keys')->{status}, 0, 'unless asked';
    isnt slurp($s->{keys}), $keys;
};

subtest 'users and links' => sub {
    my ($s) = demo();
    is ctl($s, 'user', 'add', '--login', 'li', '--role', 'officer',
           '--name', '李', '--district', 'A', '--district', 'B')->{status}, 0;
    my ($li) = grep { $_->{login} eq 'li' }
        lines(ctl($s, '--json', 'user', 'list')->{out});
    is_deeply $li->{districts}, ['A', 'B'];

    # Faults B4: an option left out gives nobody the whole city.
    my @again = qw(user add --login li --role chief --name Li);
    is ctl($s, @again)->{status}, 0;
    ($li) = grep { $_->{login} eq 'li' }
        lines(ctl($s, '--json', 'user', 'list')->{out});
    is_deeply [$li->{role}, $li->{districts}], ['chief', ['A', 'B']],
        'who is changed keeps the districts';
    is ctl($s, @again, '--everywhere', '--district', 'A')->{status}, 2;
    is ctl($s, @again, '--everywhere')->{status}, 0;
    ($li) = grep { $_->{login} eq 'li' }
        lines(ctl($s, '--json', 'user', 'list')->{out});
    ok !$li->{districts}, 'unless asked';

    like ctl($s, 'link', '--login', 'li')->{out},
        qr{\Ahttp://127\.0\.0\.1:8080/s/1[0-9A-HJKMNP-TV-Z]{30}\n\z};
    like ctl($s, 'link', '--venue', 1, '--bearer')->{out},
        qr{\Av4\.local\.[\w.-]+\n\z};
    is ctl($s, 'link', '--login', 'wang')->{status}, 1;
    is ctl($s, 'link', '--venue', 999)->{status}, 1;

    is ctl($s, 'user', 'disable', 'li')->{status}, 0;
    is ctl($s, 'user', 'disable', 'li')->{status}, 1;
    my $r = ctl($s, 'link', '--login', 'li');
    is $r->{status}, 1;
    like $r->{err}, qr/disabled/;

    for my $bad (['--login', 'X'], ['--login', 'ok', '--role', 'king',
                 '--name', 'n'], ['--login', 'ok', '--role', 'officer'])
    {
        is ctl($s, 'user', 'add', @$bad)->{status}, 2, "@$bad";
    }
    is ctl($s, 'user', 'add', '--login', 'v2', '--role', 'venue', '--name',
           'V', '--venue', 999)->{status}, 1, 'a venue there is not';
};

subtest 'plaques' => sub {
    my ($s) = demo();
    my $dir = "$s->{dir}/plaques";
    my ($one, $two, $three) = map { $_->{id} }
        grep { $_->{status} eq 'active' }
        lines(ctl($s, 'export', 'venues', '--format', 'json')->{out});
    is ctl($s, 'plaque', 'issue', $one, $two, '--format', 'png', '-o',
           $dir)->{status}, 0;
    my @codes = map {
        `zbarimg -q --raw $dir/plaque-$_.png 2>/dev/null` =~
            m{^HTTP://127\.0\.0\.1:8080/Q/([0-9A-Z]{17})$} ? $1 : ''
    } $one, $two;
    ok length $codes[0] && length $codes[1], 'both decode';

    my $svg = ctl($s, 'plaque', 'issue', $one)->{out};
    my ($code) = $svg =~ m{/Q/([0-9A-Z]{17})"};
    ok $code && $code ne $codes[0], 'another one';
    is ctl($s, 'plaque', 'withdraw', $codes[0])->{status}, 1,
        'which withdrew the first';
    is ctl($s, 'plaque', 'withdraw', lc $code)->{status}, 0;
    is ctl($s, 'plaque', 'withdraw', $code =~ s/.$/$& eq '0' ? 1 : 0/er)
        ->{status}, 1, 'a forged code';

    my $sheet = ctl($s, 'plaque', 'issue', $one, $two, $three,
                    '--format', 'html');
    is $sheet->{status}, 0 or diag $sheet->{err};
    is scalar(() = $sheet->{out} =~ /<section class="plaque">/g), 3;
    like $sheet->{out}, qr/<style>/, 'carries its style';
    unlike $sheet->{out}, qr/<link rel="stylesheet"/;
    is ctl($s, 'plaque', 'issue', 999)->{status}, 1;
};

subtest 'keys' => sub {
    my $s = new_store();
    is ctl($s, 'keys', 'rotate')->{status}, 0;
    is ctl($s, 'keys', 'rotate', '--kind', 'all')->{status}, 0;
    my @rows = lines(ctl($s, '--json', 'keys', 'list')->{out});
    is scalar(@rows), 9;
    is scalar(grep { $_->{issuing} } @rows), 5, 'the newest of each issues';
    is((stat $s->{keys})[2] & 0777, 0600);

    my $text = slurp($s->{keys});
    my @secrets = $text =~ /^\w+\s+\S+\s+(\S{43})/mg;
    is scalar(@secrets), 9;
    my $out = ctl($s, 'keys', 'list')->{out};
    is scalar(grep { index($out, $_) >= 0 } @secrets), 0,
        'keys are not shown';

    chmod 0644, $s->{keys};
    is ctl($s, 'keys', 'list')->{status}, 1, 'a key file all can read';
};

subtest 'the demo city' => sub {
    my ($s, $j) = demo();
    is join(' ', sort keys %{$j->{links}}),
        'admin bank chief inspector media officer venue';
    my $stat = ctl_json($s, 'stat');
    is $stat->{colours}{$_} > 0, 1, $_
        for qw(green yellow red ungraded closed);

    my ($t) = demo();
    my @venues = map { ctl($_, 'export', 'venues')->{out} } $s, $t;
    is $venues[0], $venues[1], 'the same seed, the same city';
    my ($u) = demo('--seed', 2);
    isnt ctl($u, 'export', 'venues')->{out}, $venues[0], 'another seed';

    my $r = ctl($s, 'demo', '--venues', 5);
    is $r->{status}, 1, 'not into a city that is there';
    like $r->{err}, qr/needs an empty one/;

    # Its own export can be imported again and says nothing new.
    my $file = spew("$s->{dir}/v.csv", $venues[0]);
    my $i = ctl_json($s, 'import', 'venues', $file, '--source', 'demo');
    is "$i->{read} $i->{unchanged} $i->{rejected}", '40 40 0';
};

subtest 'export' => sub {
    my ($s) = demo();
    my $stat = ctl_json($s, 'stat');
    for my $table (qw(inspections reviews log)) {
        my $name = $table =~ s/s$//r;
        my @json = lines(ctl($s, 'export', $table, '--format',
                             'json')->{out});
        is scalar(@json), $stat->{tables}{$name}, "$table as JSON";
        my $file = "$s->{dir}/$table.csv";
        is ctl($s, 'export', $table, '--format', 'csv', '-o',
               $file)->{status}, 0;
        is scalar(() = slurp($file) =~ /\r\n/g), @json + 1, 'and as CSV';
    }

    my ($log) = lines(ctl($s, 'export', 'log')->{out});
    like $log->{hash}, qr/\A[0-9a-f]{64}\z/;
    ok $log->{operation}{store_init};
};

subtest 'erase, backup, restore, verify' => sub {
    my ($s) = demo();
    my ($r) = grep { $_->{text} }
        lines(ctl($s, 'export', 'reviews', '--format', 'json')->{out});
    ok $r, 'there is a review with words';
    is ctl($s, 'erase', "review:$r->{id}")->{status}, 0;
    my ($e) = grep { $_->{id} == $r->{id} }
        lines(ctl($s, 'export', 'reviews', '--format', 'json')->{out});
    ok !$e->{text} && $e->{erased}, 'the words are gone';
    is ctl($s, 'erase', 'review:999999')->{status}, 1;
    ok ctl_json($s, 'verify')->{ok}, 'and the store is whole';

    my $photo = "$s->{store}/photos/ab";
    mkdir "$s->{store}/photos";
    mkdir $photo;
    spew("$photo/abc", 'bytes');
    is ctl($s, 'backup', "$s->{dir}/backup")->{status}, 0;
    is ctl($s, 'backup', "$s->{dir}/backup")->{status}, 1,
        'never over another';

    is ctl($s, 'restore', "$s->{dir}/backup", '--no-erasures')->{status}, 1,
        'a store that is not empty is refused';
    my $t = { %$s, store => "$s->{dir}/restored" };
    is ctl($t, 'restore', "$s->{dir}/backup", '--no-erasures')->{status}, 0;
    ok !-e "$t->{store}/photos/ab/abc", 'a file that no record names stays';
    ok ctl_json($t, 'verify')->{ok};
    is ctl_json($t, 'stat')->{tables}{log},
        ctl_json($s, 'stat')->{tables}{log} + 1, 'the log says that it was';

    # One bit of the log.
    my $data = slurp("$t->{store}/data.mdb");
    my $name = ctl($t, 'export', 'venues')->{out} =~ /(FH000001)/ ? $1 : '';
    my $n = ($data =~ s/$name/FH00000X/g);
    ok $n, 'changed behind its back';
    spew("$t->{store}/data.mdb", $data);
    is ctl($t, 'verify')->{status}, 1, 'is noticed';
};

subtest 'root acts as the owner of the store' => sub {
    my @nobody = getpwnam 'nobody';
    plan skip_all => 'not root' if $> != 0 || !@nobody;
    # A process that changed its user may not be traced, as leak checks do.
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
    my $dir = File::Temp->newdir('shian-XXXXXX', TMPDIR => 1);
    chmod 0711, $dir;
    mkdir "$dir/private", 0700;
    my $s = { store => "$dir/store", keys => "$dir/private/keys",
              base => 'http://127.0.0.1:8080', dir => $dir };

    is ctl($s, 'init', '--owner', 'nobody')->{status}, 0;
    my $file = spew("$dir/private/l.csv", "name,district\nA,N\n,N\n");
    my $j = ctl_json($s, 'import', 'venues', $file);
    is "$j->{new} $j->{rejected}", '1 1', 'a list only root can read';
    ok -e "$file.rejected.csv", 'and a place only root can write to';
    is ctl($s, 'backup', "$dir/private/backup")->{status}, 0;
    is ctl($s, 'verify')->{status}, 0;

    my @owners = map { (stat)[4] } glob "$dir/store/*";
    is scalar(grep { $_ != $nobody[2] } @owners), 0,
        'every file of the store is the owner\'s';
};

done_testing;
