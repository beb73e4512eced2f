# Erasing is destroying a key (faults B5): what a backup of before still has,
# and how it hears of what was erased since.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Shian qw(demo_store ctl ctl_json slurp spew build);

my $s = demo_store(60);
my $n = 0;

sub fresh { return "$s->{dir}/" . (shift // 'f') . ++$n }

sub reviews {
    my ($t) = @_;
    my $r = ctl($t, 'export', 'reviews', '--format', 'json');
    is $r->{status}, 0;
    return { map { my $v = JSON::PP->new->decode($_); $v->{id} => $v }
             grep { /\S/ } split /\n/, $r->{out} };
}

sub epochs { return map { s{.*/}{}r } glob "$_[0]{store}/epoch/*.*" }

my $before = reviews($s);
my ($id) = grep { $before->{$_}{text} } sort { $a <=> $b } keys %$before;
my $words = $before->{$id}{text};
my $old = fresh('backup');
my @first = epochs($s);
is ctl($s, 'backup', $old)->{status}, 0;

subtest 'an erasure destroys the key' => sub {
    cmp_ok scalar @first, '>', 100, 'there is one for each bucket';
    is scalar(grep { !/\.1\z/ } @first), 0, 'all of the first epoch';
    my $r = ctl_json($s, 'erase', "review:$id");
    is $r->{waits}, 0;
    my @now = epochs($s);
    is scalar @now, scalar @first, 'as many';
    is scalar(grep { /\.2\z/ } @now), 1, 'one of them the second';
    is slurp("$s->{store}/erased") =~ tr/ //, 1, 'one record is on the list';
    unlike slurp("$s->{store}/erased"), qr/[^0-9a-f \n]/, 'without a word';
    my $after = reviews($s);
    ok $after->{$id}{erased} && !$after->{$id}{text}, 'its words are gone';
    is scalar(grep { ($after->{$_}{text} // '') ne
                     ($before->{$_}{text} // '') } keys %$before), 1,
        'and no others';
    is ctl_json($s, 'verify')->{not_opened}, 0;
};

subtest 'a later backup tells the earlier one' => sub {
    ok !-e "$old/erased";
    is ctl($s, 'backup', fresh('backup'))->{status}, 0;
    is slurp("$old/erased") =~ tr/ //, 1;

    my $t = { %$s, store => fresh('r') };
    is ctl_json($t, 'restore', $old)->{erased}, 1, 'it is erased again';
    my $r = reviews($t);
    ok $r->{$id}{erased} && !$r->{$id}{text};
    is scalar(grep { $_->{text} } values %$r),
        scalar(grep { $_->{text} } values %$before) - 1;
    is scalar(grep { /\.2\z/ } epochs($t)), 1, 'with its key';
    is ctl_json($t, 'verify')->{not_opened}, 0;
};

subtest 'without a newer list somebody has to want it' => sub {
    my $list = fresh('list');
    rename "$old/erased", $list or die;
    my $t = { %$s, store => fresh('r') };
    my $r = ctl($t, 'restore', $old);
    is $r->{status}, 1;
    like $r->{err}, qr/--erased.*--no-erasures/s;
    ok !-e "$t->{store}/data.mdb", 'nothing is there';

    is ctl_json($t, 'restore', $old, '--no-erasures')->{erased}, 0;
    is reviews($t)->{$id}{text}, $words, 'an old backup has the old words';

    $t = { %$s, store => fresh('r') };
    is ctl_json($t, 'restore', $old, '--erased', $list)->{erased}, 1;
    ok !reviews($t)->{$id}{text}, 'but not with the list';

    # Lines that were cut short spoil none.
    spew($list, substr(slurp($list), 0, -9) . "\n\nxyz 1\n"
                . slurp($list));
    $t = { %$s, store => fresh('r') };
    is ctl_json($t, 'restore', $old, '--erased', $list)->{erased}, 1;

    # Nor do the line ends of another system.
    spew($list, slurp($list) =~ s/\n/\r\n/gr);
    $t = { %$s, store => fresh('r') };
    is ctl_json($t, 'restore', $old, '--erased', $list)->{erased}, 1;

    # But what is no list is refused: the words would come back.
    for my $no ('', "hello\nworld\n", "a,b\n1,2\n3,4\n") {
        spew($list, $no);
        $t = { %$s, store => fresh('r') };
        my $r = ctl($t, 'restore', $old, '--erased', $list);
        is $r->{status}, 1, 'no list';
        like $r->{err}, qr/is no list of what was erased/;
        ok !-e "$t->{store}/data.mdb", 'and no store';
    }
};

subtest 'a backup whose epoch keys are elsewhere, or gone' => sub {
    my $keys = fresh('epoch');
    rename "$old/backup.epoch", $keys or die;
    my $v = ctl_json({ %$s, store => $old }, 'verify');
    ok $v->{ok}, 'still verifies';
    cmp_ok $v->{sealed}, '>', 100;
    is $v->{not_opened}, $v->{sealed}, 'and says how much was not opened';

    my $t = { %$s, store => fresh('r') };
    my $r = ctl($t, 'restore', $old, '--no-erasures');
    is $r->{status}, 1;
    like $r->{err}, qr/--epoch.*--without-words/;
    is ctl($t, 'restore', $old, '--no-erasures', '--epoch', $keys)->{status},
        0;
    is reviews($t)->{$id}{text}, $words;

    $t = { %$s, store => fresh('r') };
    is ctl($t, 'restore', $old, '--no-erasures', '--without-words')->{status},
        0;
    is scalar(grep { $_->{text} } values %{reviews($t)}), 0;
    ok ctl_json($t, 'verify')->{ok};
};

# What a power cut tests: the new key before the store names it, no row under
# the old one before that goes.
subtest 'the order in which it reaches the disk' => sub {
    plan skip_all => 'no strace here'
        if !grep { -x "$_/strace" } split /:/, $ENV{PATH};
    my ($next) = grep { $_ != $id && $before->{$_}{text} } sort keys %$before;
    my $log = fresh('log');
    is system('strace', '-f', '-o', $log, '-y', '-e',
              'trace=fsync,fdatasync,rename,unlink,openat', build()
              . '/shianctl', '--store', $s->{store}, '--keys', $s->{keys},
              'erase', "review:$next"), 0;
    my $calls = join "\n", grep { m{/epoch|data\.mdb|/erased} }
        split /\n/, slurp($log);
    like $calls, qr{fsync\([^\n]*/epoch/(..)\.(\d+)\.new>\)
                    .*rename\([^\n]*/epoch/\1\.\2\.new
                    .*fsync\([^\n]*/epoch>\)
                    .*fsync\([^\n]*/erased>\)
                    .*f(?:data)?sync\([^\n]*/data\.mdb>\)
                    .*fsync\([^\n]*/epoch/\1\.\d+>\)
                    .*unlink\([^\n]*/epoch/\1\.\d+"\)
                    .*fsync\([^\n]*/epoch>\)}xs;
    unlike $calls, qr{unlink\([^\n]*/epoch.*data\.mdb>\)}s,
        'nothing is written after that';
};

done_testing;
