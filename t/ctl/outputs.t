# Output before change (faults B7): where what a command gives out has no
# place, nothing has changed.  Made from the table of commands: a new one
# fails until it says here what it does.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(new_store demo_store ctl ctl_json slurp spew build root);

my $s = demo_store(20);
my $nowhere = '/nonexistent/x';
my $list = spew("$s->{dir}/list.csv", "ref,name\nZ1,Nobody\nZ2,\n");
my $visits = spew("$s->{dir}/visits.csv", "venue,on,score\n1,2026-01-05,9\n");
my $credit = spew("$s->{dir}/credit.csv", "venue,credit\n1,D\n2,X\n");
my $levels = spew("$s->{dir}/levels.csv",
                  "venue,year,level\n1,2020,A\n2,2020,X\n");
my $policy = "$s->{dir}/policy.json";
my $checklist = "$s->{dir}/checklist.json";
spew($policy, ctl($s, 'policy', 'show')->{out} =~ s/"version":\s*"\K/new-/r);
spew($checklist,
     ctl($s, 'checklist', 'show')->{out} =~ s/"version":\s*"\K/new-/r);

# What a command does: "reads"; "tells" what it did, which can be asked for
# again; "gives" out what is nowhere else.  Then its operands, and for places
# of output that are no --output the operands that name one that is not there.
my %does = (
    'init'               => ['tells', []],
    'demo'               => ['refused', []],
    'import venues'      => ['tells', [$list],
                             [$list, '--rejected', $nowhere]],
    'import inspections' => ['tells', [$visits],
                             [$visits, '--rejected', $nowhere]],
    'import evaluations' => ['tells', [$levels],
                             [$levels, '--rejected', $nowhere]],
    'import credit'      => ['tells', [$credit],
                             [$credit, '--rejected', $nowhere]],
    'export venues'      => ['reads', []],
    'export inspections' => ['reads', []],
    'export reviews'     => ['reads', []],
    'export complaints'  => ['reads', []],
    'export log'         => ['reads', []],
    'user add'           => ['tells', [qw(--login zhao --role chief
                                          --name Zhao)]],
    'user disable'       => ['tells', ['zhao']],
    'user list'          => ['reads', []],
    'link'               => ['gives', ['--login', 'officer']],
    'plaque issue'       => ['gives', [1]],
    'plaque withdraw'    => ['tells', [\&code]],
    'grade'              => ['reads', []],
    'policy show'        => ['reads', []],
    'policy set'         => ['tells', [$policy]],
    'policy preview'     => ['reads', [$policy]],
    'checklist show'     => ['reads', []],
    'checklist preview'  => ['reads', [$checklist]],
    'checklist set'      => ['tells', [$checklist]],
    'keys rotate'        => ['tells', []],
    'keys list'          => ['reads', []],
    'erase'              => ['tells', ['complaint:1']],
    'rules list'         => ['reads', []],
    'rules adopt'        => ['tells', [1]],
    'clock show'         => ['reads', []],
    'clock confirm'      => ['tells', []],
    'verify'             => ['reads', []],
    'stat'               => ['reads', []],
    'doctor'             => ['reads', ['--no-nginx']],
    'backup'             => ['reads', ["$s->{dir}/backup"], [$nowhere]],
    'restore'            => ['refused', [$s->{store}]],
    'notify'             => ['refused', []],
);

sub code {
    ctl($s, qw(plaque issue 2))->{out} =~ m{/Q/([0-9A-Z]{17})};
    return $1;
}

# Of the store and of the keys.
sub head {
    return ctl_json($s, 'stat')->{head} . slurp($s->{keys});
}

# Its status where standard output is full.
sub into_full {
    my (@args) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        delete @ENV{grep { /^SHIAN_/ } keys %ENV};
        open STDOUT, '>', '/dev/full' or die;
        open STDERR, '>', '/dev/null' or die;
        exec build() . '/shianctl', '--store', $s->{store}, '--keys',
            $s->{keys}, '--base-url', $s->{base}, '--html', root() . '/html',
            @args;
    }
    waitpid $pid, 0;
    return $? >> 8;
}

my ($help) = ctl($s, '--help')->{out} =~ /\n\n(.*?)\n\n/s;
my @commands = map { /^  ([a-z]+(?: [a-z]+)?)(?= )/ ? $1 : () }
    split /\n/, $help;
cmp_ok scalar @commands, '>=', 30, 'the table of commands';
is_deeply [sort @commands], [sort keys %does],
    'every command says in this test what it does';

for my $command (@commands) {
    my $row = $does{$command} or next;
    my ($what, $operands, $nowhere_to) = @$row;
    my @words = split / /, $command;
    my @args = map { ref ? $_->() : $_ } @$operands;
    my @bad = $nowhere_to ? [@words, @$nowhere_to] : ();

    push @bad, map { [@words, @args, '-o', $_] } $nowhere, $s->{dir} . '/x/y',
        '/dev/full'
        if ctl($s, @words, '--help')->{out} =~ /^  --output /m;

    for my $bad (@bad) {
        my $before = head();
        my $r = ctl($s, @$bad);
        is $r->{status}, 1, "@$bad: refused";
        like $r->{err}, qr/\A(?:shianctl: .+\n)+\z/, 'it says why';
        is head(), $before, 'and has changed nothing';
    }

    my $before = head();
    isnt into_full(@words, @args), 0, "$command: nobody is told";
    is head(), $before, "$command: and it changes nothing"
        if $what ne 'tells';
}

ok -c '/dev/full', 'the device is left';

subtest 'plaques' => sub {
    my $plaques = sub { ctl_json($s, 'stat')->{tables}{plaque} };
    my $n = $plaques->();
    my $old = spew("$s->{dir}/five.png", 'what hangs on the wall');
    my @five = ('plaque', 'issue', 5, '--format', 'png');

    # A folder where the file should be begun.
    mkdir "$old.part" or die;
    is ctl($s, @five, '-o', $old)->{status}, 1;
    is slurp($old), 'what hangs on the wall', 'the earlier file stands';
    is $plaques->(), $n, 'and the earlier plaque';
    rmdir "$old.part" or die;

    spew("$old.part", 'half of one, of a process that was killed');
    is ctl($s, @five, '-o', $old)->{status}, 0;
    like slurp($old), qr/\A\x89PNG/;
    ok !-e "$old.part", 'nothing is left beside it';
    is $plaques->(), $n + 1;

    # A venue that is closed: not even the others get theirs.
    my ($closed, @open) = map { $_->{id} }
        sort { ($b->{status} eq 'closed') <=> ($a->{status} eq 'closed') }
        map { JSON::PP->new->utf8->decode($_) } split /\n/,
        ctl($s, 'export', 'venues', '--format', 'json')->{out};
    for my $bad ([$open[0], $closed], [$open[0], 999], [$open[0], $open[0]]) {
        my $r = ctl($s, 'plaque', 'issue', @$bad, '-o', "$s->{dir}/many");
        is $r->{status}, 1, "venues @$bad";
        ok !-e "$s->{dir}/many", 'no folder is made';
        is $plaques->(), $n + 1, 'no plaque is issued';
    }
};

subtest 'many plaques' => sub {
    my $dir = "$s->{dir}/each";
    my @venues = grep { $_->{status} ne 'closed' }
        map { JSON::PP->new->utf8->decode($_) } split /\n/,
        ctl($s, 'export', 'venues', '--format', 'json')->{out};
    my $names = sub { join ' ', sort { $a <=> $b }
        map { /plaque-(\d+)\.$_[0]\z/ } glob "$dir/*" };
    my $ids = sub { join ' ', map { $_->{id} } @_ };

    my $j = ctl_json($s, qw(plaque issue --all --format png -o), $dir);
    is $j->{issued}, scalar @venues, 'all that are not closed';
    is $names->('png'), $ids->(@venues);
    my @codes = map { `zbarimg -q --raw '$_' 2>/dev/null` =~
        m{/Q/([0-9A-Z]{17})$} ? $1 : () } glob "$dir/*.png";
    is scalar(keys %{{ map { $_ => 1 } @codes }}), scalar @venues,
        'each decodes to its own code';
    is ctl($s, 'plaque', 'withdraw', $codes[0])->{status}, 0,
        'which is in the register';

    $j = ctl_json($s, qw(plaque issue --all --lacking -o), $dir);
    is $j->{issued}, 1, 'who has none gets one';
    $j = ctl_json($s, qw(plaque issue --all --lacking -o), $dir);
    is $j->{issued}, 0, 'nobody lacks one now';

    my $district = $venues[0]{district};
    my @there = grep { ($_->{district} // '') eq $district } @venues;
    utf8::encode($district);
    unlink glob "$dir/*";
    $j = ctl_json($s, qw(plaque issue --format svg --district), $district,
                  '-o', $dir);
    is $j->{issued}, scalar @there, 'of one district';
    is $names->('svg'), $ids->(@there);
    is ctl($s, qw(plaque issue --district none -o), $dir)->{status}, 1;

    unlink glob "$dir/*";
    my $from = "$s->{dir}/from.csv";
    spew($from, "\x{ef}\x{bb}\x{bf}id,name\r\n$venues[1]{id},\"a\nb\"\r\n"
        . "$venues[0]{id},c\r\n,,\r\n");
    is ctl($s, qw(plaque issue --from), $from, '-o', $dir)->{status}, 0;
    is $names->('svg'), $ids->(@venues[0, 1]), 'those of a file';
    spew($from, "$venues[2]{id}\n$venues[3]{id}\n");
    my $sheet = ctl($s, qw(plaque issue --format html --from), $from);
    is scalar(() = $sheet->{out} =~ /<section class="plaque">/g), 2,
        'a sheet, and a file without a header';
    ok ctl_json($s, qw(plaque issue --format html --from), $from, '-o',
                $dir)->{issued};
    is $names->('html'), $ids->(@venues[2, 3]), 'or a sheet each';
    spew($from, "id\n1\nx\n");
    my $r = ctl($s, qw(plaque issue --from), $from, '-o', $dir);
    is $r->{status}, 1;
    like $r->{err}, qr/line 3 does not begin with the id of a venue/;

    for my $bad ([], ['--all'], ['--all', 1, '-o', $dir], ['--all',
                 '--district', 'x', '-o', $dir], ['x'], [1, 2])
    {
        is ctl($s, 'plaque', 'issue', @$bad)->{status}, 2, "words: @$bad";
    }

    my @words = (1) x 400;
    like ctl($s, qw(plaque issue -o), $dir, @words)->{err},
        qr/venue 1 is named twice/, 'any number of words';
    ok ctl_json($s, 'verify')->{ok};
};

done_testing;
