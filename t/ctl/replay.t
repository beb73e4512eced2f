# A log means the same for ever (faults B10): each entry is checked and applied
# anew, and gives what it gave.  With every build a log that this program has
# just written, and the one that is kept for each number of the rules.  Where
# the first number may still change, `make replay-log` makes that one anew.

use strict;
use warnings;

use FindBin;
use IO::Compress::Gzip qw(gzip);
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/../lib";
use Shian qw(new_store demo_store ctl build root slurp spew);

my $tool = build() . '/replay';
system('make', '-s', '-C', root(), 'B=' . build(), $tool) == 0 or die 'replay';
my $kept = root() . '/t/replay';

# A day after all of what the kept log tells.
my $day = '2026-12-01';

sub run_tool { my $said = `$tool @_ 2>&1`; return ($? >> 8, $said) }

# What a store shows, as lines of JSON.
sub shown {
    my ($s) = @_;
    my $out = '';
    for my $what ([qw(grade --as-of), $day], [qw(export venues --format json)],
                  [qw(export inspections --format json)],
                  [qw(export reviews --format json)],
                  [qw(export complaints --format json)])
    {
        my $r = ctl($s, '--json', @$what);
        is $r->{status}, 0, "@$what" or diag $r->{err};
        $out .= "@$what\n$r->{out}";
    }
    # Words are in the vault, which is no part of a log.
    $out =~ s/,"(?:text|erased)":(?:"(?:[^"\\]|\\.)*"|true)//g;
    return $out;
}

# The store that a dump gives, in a folder of its own.
sub loaded {
    my ($file, $what) = @_;
    my $s = new_store();
    $s->{store} = "$s->{dir}/again";
    my ($status, $said) = run_tool('load', $file, $s->{store});
    is $status, 0, $what or do { diag $said; return };
    return $s;
}

# Makes the kept one: REPLAY_LOG is set by the Makefile.
if ($ENV{REPLAY_LOG}) {
    my $s = demo_store(300, '--today', '2026-11-30');
    is((run_tool('dump', $s->{store}, "$kept/1.log.gz"))[0], 0, 'dumped');
    my $out = shown($s);
    gzip(\$out, "$kept/1.shown.gz", -Level => 9, Minimal => 1) or die;
    done_testing;
    exit;
}

subtest 'a log that was just written' => sub {
    my $s = demo_store(60, '--today', '2026-11-30');
    my $file = "$s->{dir}/log.gz";
    is((run_tool('dump', $s->{store}, $file))[0], 0, 'dumped');
    my $again = loaded($file, 'each entry means what it meant') or return;
    ok shown($again) eq shown($s), 'and shows the same';
    is ctl($again, 'export', 'log')->{out}, ctl($s, 'export', 'log')->{out},
        'hash by hash';

    my $stat = decode_json(ctl($s, '--json', 'stat')->{out});
    my $head = "$stat->{seq}:$stat->{head}";
    is ctl($s, 'verify', '--from', $head)->{status}, 0,
        'the log goes on from a head of before';
    is ctl($s, 'user', 'add', '--login', 'new', '--role', 'officer', '--name',
           'New')->{status}, 0;
    is ctl($s, 'verify', '--from', $head)->{status}, 0, 'later as well';
    my $r = ctl($s, 'verify', '--from', $head =~ s/:/1:/r);
    is $r->{status}, 1, 'not from one that it has not got';
    like $r->{err}, qr/does not go on/;
    $r = ctl($s, 'verify', '--from', $stat->{seq} - 1 . ":$stat->{head}");
    is $r->{status}, 1, 'nor from another hash';

    gunzip($file, \my $raw) or die;
    my $at = length($raw) / 2;
    my @bad = (
        [cut => substr($raw, 0, $at)],
        [changed => substr($raw, 0, $at)
            . chr(ord(substr($raw, $at, 1)) ^ 1) . substr($raw, $at + 1)],
    );
    for (@bad) {
        my ($what, $bytes) = @$_;
        gzip(\$bytes, "$s->{dir}/bad.gz") or die;
        my ($status) = run_tool('load', "$s->{dir}/bad.gz",
                                "$s->{dir}/$what");
        is $status, 1, "one that is $what is refused";
    }
};

for my $file (glob "$kept/*.log.gz") {
    my ($n) = $file =~ m{([0-9]+)\.log\.gz$};
    subtest "the log kept for number $n of the rules" => sub {
        my $s = loaded($file, 'each entry means what it meant');
        gunzip("$kept/$n.shown.gz", \my $then) or die;
        ok $s && shown($s) eq $then, 'and shows the same'
            or diag "What number $n means has changed.  Before the first "
                  . "release: make replay-log, and say why in the commit.";
    };
}

done_testing;
