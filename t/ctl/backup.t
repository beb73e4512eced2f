# Backups and key files that are whole or are none (faults B8, B10, G11):
# whatever ends an attempt, the next one goes through.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Find ();
use File::Path qw(make_path);
use Shian qw(new_store demo_store ctl ctl_json slurp spew build wait_for);

my $s = demo_store(60);
my $n = 0;

# A folder of that name that is not there.
sub fresh { return "$s->{dir}/" . (shift // 'f') . ++$n }

# Files of photos, by their names.
sub photos {
    my ($dir) = @_;
    my %p;
    File::Find::find(sub { $p{$_} = $File::Find::name if -f },
                     "$dir/photos") if -d "$dir/photos";
    return \%p;
}

sub modes {
    my ($dir) = @_;
    my %m;
    File::Find::find(sub { $m{sprintf '%04o', (lstat)[2] & 07777}++ if -e },
                     $dir);
    return join ' ', sort keys %m;
}

my @named = sort keys %{photos($s->{store})};
cmp_ok scalar @named, '>=', 5, 'the city has photos';

subtest 'a backup is private, whole, and all that is named' => sub {
    spew("$s->{store}/photos/stray", 'what nobody names');
    mkdir "$s->{store}/photos/ab";
    spew("$s->{store}/photos/ab/abc.part", 'half a photo');
    umask 0022;

    for my $there (0, 1) {
        my $dir = fresh('b');
        mkdir $dir, 0755 if $there;
        my $j = ctl_json($s, 'backup', $dir);
        is "$j->{photos} $j->{missing}", @named . ' 0';
        is modes($dir), '0600 0700',
            'nobody else reads it, in a folder that was there as well'
            or diag modes($dir);
        is_deeply [sort keys %{photos($dir)}], \@named,
            'photos that records name, and nothing else';
        is_deeply [sort map { s{.*/}{}r } glob "$dir/{*,.[a-z]*}"],
            ['backup.epoch', 'backup.json', 'data.mdb', 'photos'],
            'nothing is left over';
        my $about = JSON::PP->new->decode(slurp("$dir/backup.json"));
        is $about->{head}, ctl_json($s, 'stat')->{head}, 'it says of what';

        my $t = { %$s, store => fresh('r') };
        is ctl($t, 'restore', $dir, '--no-erasures')->{status}, 0;
        ok ctl_json($t, 'verify')->{ok}, 'and is a whole store again';
        is modes($t->{store}), '0600 0640 0700 0750', 'as a store is';
    }
};

subtest 'a photo that has another name for a moment' => sub {
    my $there = photos($s->{store});
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        while (1) {
            for (values %$there) {
                rename $_, "$_.leaving";
                rename "$_.leaving", $_;
            }
        }
    }
    for (1 .. 8) {
        my $j = ctl_json($s, 'backup', fresh('b'));
        is "$j->{photos} $j->{missing}", @named . ' 0', 'is in it';
    }
    kill 'KILL', $pid;
    waitpid $pid, 0;
    for (values %$there) { rename "$_.leaving", $_ if -e "$_.leaving" }
};

subtest 'a photo that is missing or changed' => sub {
    my $there = photos($s->{store});
    my ($gone, $changed) = @$there{@named[0, 1]};
    rename $gone, "$s->{dir}/kept" or die;
    my $bytes = slurp($changed);
    spew($changed, $bytes . 'x');

    my $dir = fresh('b');
    my $r = ctl($s, 'backup', $dir);
    is $r->{status}, 1, 'is no success';
    like $r->{err}, qr/photo $_ is missing or changed/ for @named[0, 1];
    like $r->{err}, qr/whole but for 2 photos; take them from an earlier/;
    ok -e "$dir/data.mdb", 'the rest is there all the same';
    is scalar(keys %{photos($dir)}), @named - 2;

    my $t = { %$s, store => fresh('r') };
    $r = ctl($t, 'restore', $dir, '--no-erasures');
    is $r->{status}, 1, 'restoring says it too';
    like $r->{err}, qr/whole but for 2 photos/;
    is ctl($t, 'verify')->{status}, 1;

    spew($changed, $bytes);
    rename "$s->{dir}/kept", $gone or die;
    ok ctl_json($s, 'verify')->{ok};
};

subtest 'an attempt that ended half way' => sub {
    my $dir = fresh('b');
    make_path("$dir/.part", "$dir/photos/00");
    spew("$dir/.part/data.mdb", 'half');
    spew("$dir/.part/lock.mdb", 'x');
    my ($first) = @named;
    my $sub = substr $first, 0, 2;
    make_path("$dir/photos/$sub");
    spew("$dir/photos/$sub/$first", 'half of it');
    spew("$dir/photos/$sub/$first.part", 'half of it');
    my $erased = '00' . 'ab' x 31;
    spew("$dir/photos/00/$erased", 'erased since');
    is ctl($s, 'backup', $dir)->{status}, 0, 'is gone on from';
    ok !-e "$dir/photos/00/$erased", 'a photo that nobody names now goes';
    my $t = { %$s, store => fresh('r') };
    make_path("$t->{store}/.part");
    spew("$t->{store}/.part/data.mdb", 'half');
    is ctl($t, 'restore', $dir, '--no-erasures')->{status}, 0, 'restoring as well';
    ok ctl_json($t, 'verify')->{ok};

    # What is no backup makes no store, and is no reason to refuse the next.
    my $bad = fresh('bad');
    make_path($bad);
    spew("$bad/data.mdb", 'x' x 20000);
    $t = { %$s, store => fresh('r') };
    is ctl($t, 'restore', $bad, '--no-erasures')->{status}, 1;
    ok !-e "$t->{store}/data.mdb", 'a bad backup becomes no store';
    is ctl($t, 'restore', $dir, '--no-erasures')->{status}, 0, 'a good one after it does';
    is ctl($t, 'restore', $dir, '--no-erasures')->{status}, 1, 'but over no other';
    is ctl($s, 'backup', $dir)->{status}, 1, 'nor a backup over another';
    is ctl($s, 'backup', "$dir/data.mdb")->{status}, 1;
};

# Killed at many instants: the next attempt always goes through.
subtest 'killed, and tried again' => sub {
    for my $command ('backup', 'restore') {
        my $good = fresh('b');
        is ctl($s, 'backup', $good)->{status}, 0;
        my $killed = 0;
        for my $ms (1 .. 12) {
            my $dir = fresh('k');
            my $t = $command eq 'backup' ? $s : { %$s, store => $dir };
            my $from = $command eq 'backup' ? $dir : $good;
            my $pid = fork // die "fork: $!";
            if ($pid == 0) {
                open STDOUT, '>', '/dev/null' or die;
                exec build() . '/shianctl', '--store', $t->{store},
                    '--keys', $t->{keys}, $command, $from,
                    $command eq 'restore' ? '--no-erasures' : ();
            }
            select undef, undef, undef, $ms / 1000;
            kill 'KILL', $pid;
            waitpid $pid, 0;
            $killed += $? != 0;
            next if -e "$dir/data.mdb";
            is ctl($t, $command, $from, $command eq 'restore'
                   ? '--no-erasures' : ())->{status}, 0,
                "$command after one killed in $ms ms";
        }
        cmp_ok $killed, '>', 0, 'some were killed';
    }
};

# The order of calls that a power cut tests: bytes, then names.
subtest 'on disk before it has its name' => sub {
    plan skip_all => 'no strace here'
        if !grep { -x "$_/strace" } split /:/, $ENV{PATH};
    my $calls = sub {
        my ($t, @command) = @_;
        my $log = fresh('log');
        system('strace', '-o', $log, '-y', '-e',
               'trace=fsync,fdatasync,syncfs,rename,renameat,renameat2',
               build() . '/shianctl', '--store', $t->{store}, '--keys',
               $t->{keys}, @command) == 0 or return '';
        return slurp($log);
    };
    my $dir = fresh('b');
    like $calls->($s, 'backup', $dir),
        qr{syncfs.*fsync\([^\n]*data\.mdb>\).*rename\([^\n]*data\.mdb"\)
           .*fsync\([^\n]*/\w+>\)}xs, 'backup';
    my $t = { %$s, store => fresh('r') };
    like $calls->($t, 'restore', $dir, '--no-erasures'),
        qr{syncfs.*fsync\([^\n]*data\.mdb>\).*rename\([^\n]*data\.mdb"\)
           .*fsync\([^\n]*/\w+>\)}xs, 'restore';
    $t->{keys} = fresh('keys');
    my $keys = qr{fsync\([^\n]*part>\).*rename\([^\n]*keys\d+"\)
                  .*fsync\([^\n]*/[\w-]+>\)}xs;
    like $calls->({ %$t, store => fresh('r') }, 'init'), $keys, 'init';
    like $calls->($t, 'keys', 'rotate'), $keys, 'keys rotate';
};

subtest 'key files' => sub {
    my $t = new_store();
    my $keys = slurp($t->{keys});
    spew("$t->{keys}.part", 'half a key');
    is ctl($t, 'keys', 'rotate')->{status}, 0,
        'what a killed one has left is in nobody\'s way';
    isnt slurp($t->{keys}), $keys;
    ok !-e "$t->{keys}.part";
    is +(stat $t->{keys})[2] & 0777, 0600;

    $keys = slurp($t->{keys});
    mkdir "$t->{keys}.part" or die;
    my $r = ctl($t, 'keys', 'rotate');
    is $r->{status}, 1;
    like $r->{err}, qr/\Ashianctl: .*keys.*: .+\n\z/, 'it says why';
    is slurp($t->{keys}), $keys, 'the old one stands';
    rmdir "$t->{keys}.part";

    for my $bad ('/nonexistent/keys', $t->{dir}) {
        $r = ctl({ %$t, keys => $bad }, 'keys', 'rotate');
        is $r->{status}, 1;
        like $r->{err}, qr/\Ashianctl: .*\Q$bad\E.*: .+\n\z/, $bad;
    }

    # Two at once lose nothing.
    my @pid = map {
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            open STDOUT, '>', '/dev/null' or die;
            exec build() . '/shianctl', '--keys', $t->{keys}, 'keys',
                'rotate';
        }
        $pid;
    } 1 .. 8;
    waitpid $_, 0 for @pid;
    my $before = () = $keys =~ /^\w/mg;
    is scalar(() = slurp($t->{keys}) =~ /^\w/mg), $before + 8,
        'eight at once';
};

subtest 'a disk that cannot be written' => sub {
    plan skip_all => 'no mount of our own'
        if $> != 0 || system('unshare -m true 2>/dev/null') != 0;
    my $dir = fresh('b');
    my $out = fresh('out');
    my $c = build() . "/shianctl --store $s->{store} --keys $s->{keys}";
    system('unshare', '-m', 'sh', '-c', "mount --bind $s->{store} "
           . "$s->{store} && mount -o remount,ro,bind $s->{store} && "
           . "! touch $s->{store}/x 2>/dev/null && $c backup $dir && "
           . "$c verify && $c stat && ! $c user disable officer >$out 2>&1");
    is $?, 0, 'backup, verify and stat read it, and nothing else writes';
    ok -e "$dir/data.mdb";
    like slurp($out), qr/\Ashianctl: .+\n\z/, 'which is said';
};

subtest 'the owner gets it back' => sub {
    my @nobody = getpwnam 'nobody';
    plan skip_all => 'not root' if $> != 0 || !@nobody;
    my $dir = File::Temp->newdir('shian-XXXXXX', TMPDIR => 1);
    chmod 0711, $dir;
    my $t = { %$s, store => "$dir/store", keys => "$dir/keys" };
    my $owners = sub {
        my %o;
        File::Find::find(sub { $o{getpwuid((lstat)[4])}++ }, $_[0]);
        return join ' ', sort keys %o;
    };
    is ctl($t, 'init', '--owner', 'nobody')->{status}, 0;
    is ctl($t, 'backup', "$dir/b")->{status}, 0;
    is $owners->("$dir/b"), 'root', 'a backup is root\'s';
    is ctl({ %$t, store => "$dir/again" }, 'restore', "$dir/b", '--no-erasures')->{status}, 0;
    is $owners->("$dir/again"), 'nobody', 'the store is as it was';
    my $demo = fresh('b');
    ctl($s, 'backup', $demo);
    is ctl({ %$t, store => "$dir/named" }, 'restore', $demo, '--no-erasures', '--owner',
           'nobody')->{status}, 0;
    is $owners->("$dir/named"), 'nobody', 'or as it is said, photos too';
    mkdir "$dir/waits";
    chown @nobody[2, 3], "$dir/waits";
    is ctl({ %$t, store => "$dir/waits" }, 'restore', $demo, '--no-erasures')->{status}, 0;
    is $owners->("$dir/waits"), 'nobody', 'or as the folder is that waits';

    my $r = ctl({ %$t, store => "$dir/x" }, 'restore', $demo, '--no-erasures', '--owner',
                'no-such-user');
    is $r->{status}, 1;
    like $r->{err}, qr/there is no user "no-such-user" here/;
    ok !-e "$dir/x", 'nothing is made';
    unlink "$demo/backup.json";
    $r = ctl({ %$t, store => "$dir/x" }, 'restore', $demo, '--no-erasures');
    is $r->{status}, 1;
    like $r->{err}, qr/does not say whose the store was; name .* --owner\n/;
};

done_testing;
