# What complainants write is planted, and then looked for wherever it must not
# be: pages, lists, feeds and exports for everybody but the bureau, logs, and
# the store's own file.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use POSIX ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl get post request json
             plaque_of open_venues sign_in log_of slurp root filing shared id_of);

my $s = demo_store();
configure($s, level => 'debug');
start($s);

my ($v, $v2) = open_venues($s);
my $district = json(get($s, "/v/$v.json"))->{district};
my %planted = (
    name => '张暗号甲', contact => '13987654321',
    text => '蓝鲸七号在后厨', place => '无名巷九十九号',
    file => 'SECRETFILE', device => 'SECRETCAMERA',
);

# A photo that names its camera, under a name that names its owner.
my $jpeg = slurp(root() . '/t/fuzz/corpus/photo/grey.jpg');
substr($jpeg, 2, 0) = "\xff\xfe\x00\x0eSECRETCAMERA";
my $jar = {};
get($s, '/q/' . plaque_of($s, $v), jar => $jar);
my $a = post($s, '/photos', jar => $jar, multipart =>
             [photo => { name => 'SECRETFILE.jpg', type => 'image/jpeg',
                         data => $jpeg }]);
my $hash = json($a)->{hash} or die $a->{body};

my %form = map { $_ => $planted{$_} } qw(name contact text);
$a = post($s, '/complaints', jar => $jar, headers => [Accept =>
    'application/json'], multipart => [%form, venue => $v, kind => 'both',
    category => 'illness', photo => { name => 'SECRETFILE.jpg',
    type => 'image/jpeg', data => $jpeg }]);
is $a->{status}, 201, 'filed as people do' or diag $a->{body};
my $number = json($a)->{number};
filing($s, 1, { %form, place => $planted{place}, kind => 'report',
                district => $district, category => 'dirty' });

sub user {
    my ($login, $role, @more) = @_;
    my $r = ctl($s, qw(user add --login), $login, '--role', $role, '--name',
                $login, @more);
    die $r->{err} if $r->{status} != 0;
    return sign_in($s, login => $login);
}

my @far = ('--district', Encode::encode_utf8('别处街道'));
user('sent', 'inspector', '--district', Encode::encode_utf8($district));
my %who = (
    public => {},
    owner => sign_in($s, venue => $v),
    neighbour => sign_in($s, venue => $v2),
    'a far officer' => user('far', 'officer', @far),
    'a far inspector' => user('farwalker', 'inspector', @far),
    'an inspector here' => user('walker', 'inspector', '--district',
                                Encode::encode_utf8($district)),
    bank => user('abank', 'bank'),
    media => user('amedia', 'media'),
);

# Taken through to the end, so that it has been on every page there is.
my $chief = sign_in($s, login => 'chief');
my $id = id_of($s, $chief, $number);
my $people = json(get($s, '/desk/users.json?limit=100', jar => $chief));
my ($to) = map { $_->{id} } grep { $_->{login} eq 'sent' }
    @{$people->{items}};
my $soon = POSIX::strftime('%Y-%m-%d', gmtime(time + 3 * 86400));
for my $step ({ action => 'accept' },
              { action => 'look', reason => 'to phone them' },
              { action => 'dispatch', to => $to, due_on => $soon }) {
    my $answer = post($s, "/desk/complaints/$id", jar => $chief,
                      json => $step);
    is $answer->{status}, 200, $step->{action};
}

sub holds {
    my ($bytes, @only) = @_;
    return join ' ', grep {
        index($bytes, Encode::encode_utf8($planted{$_})) >= 0
    } @only ? @only : sort keys %planted;
}

# Every address that the routes have, with numbers of ours in it.
my @paths;
my $routes = slurp(root() . '/src/http/ngx_http_shian_routes.c');
while ($routes =~ /\{ GET, "([^"]+)", \w/g) {
    my $path = $1;
    next if $path =~ m{/events|\{token\}|\{rest\}|\{code\}|/sw\.js};
    my @filled = $path;
    if ($path =~ /\{id\}/) {
        @filled = map { my $p = $path; $p =~ s/\{id\}/$_/; $p }
            $v, $id, $id + 1, $id + 2;
    }
    s/\{n\}/1/, s/\{hash\}/$hash/ for @filled;
    push @paths, @filled;
}
cmp_ok scalar(@paths), '>', 60, 'there are addresses to look at';

for my $name (sort keys %who) {
    my @found;
    my $seen = 0;
    for my $path (@paths) {
        for my $suffix ('', '.json', '.csv', '.geojson', '.atom') {
            my $answer = get($s, $path eq '/' && $suffix
                             ? "/$suffix" : "$path$suffix",
                             jar => $who{$name});
            $seen++ if $answer->{status} == 200;
            my $what = holds("$answer->{head}$answer->{body}");
            push @found, "$path$suffix: $what" if $what;
        }
    }
    is_deeply \@found, [], "$name finds nothing in $seen answers";
    my $answer = get($s, '/venues.json?q=' . Shian::escape($planted{name}),
                     jar => $who{$name});
    is scalar @{json($answer)->{items} || []}, 0, "$name: nor by search";

    is get($s, "/photos/$hash", jar => $who{$name})->{status}, 404,
        "$name: not the photo";
}

# The bureau reads the words, and a contact only by a look.
my @found;
for my $path (@paths) {
    for my $suffix ('', '.json', '.csv') {
        my $answer = get($s, "$path$suffix", jar => $chief);
        my $what = holds("$answer->{head}$answer->{body}",
                         qw(name contact file device));
        push @found, "$path$suffix: $what" if $what;
    }
}
is_deeply \@found, [], 'no name and no contact without a look';
is get($s, "/photos/$hash", jar => $chief)->{status}, 404,
    'a photo opens for nobody by its role';
my ($link) = get($s, "/desk/complaints/$id", jar => $chief)->{body}
    =~ m{(/desk/complaints/$id/photos/\d+)};
my $photo = get($s, $link // '/none', jar => $chief);
is $photo->{status}, 200, 'the photo is for the bureau';
is holds("$photo->{head}$photo->{body}"), '', 'and tells nothing of its maker';

for my $what (qw(venues inspections reviews complaints log)) {
    my $r = ctl($s, 'export', $what);
    is holds($r->{out} . $r->{err}), '', "export $what";
}

is holds(log_of($s, $_)), '', "$_.log" for qw(error access);
is holds(slurp("$s->{store}/data.mdb")), '', 'the store itself, in clear';
my @files = glob "$s->{store}/photos/*/*";
is holds(join '', map { slurp($_) } @files), '', 'photos on disk';
unlike join(' ', @files), qr/SECRET/, 'and their names';

SKIP: {
    my $real = shared('photos') or skip 'no photos beside the checkout', 1;
    my @real = grep { slurp($_) =~ /GPS|Exif/ } glob "$real/*.jpg";
    skip 'none with a position', 1 if !@real;
    my $sent = post($s, '/photos', jar => $jar, multipart =>
                    [photo => { name => 'g.jpg', type => 'image/jpeg',
                                data => slurp($real[0]) }]);
    my $name = json($sent)->{hash} // 'none';
    my ($file) = glob "$s->{store}/photos/*/$name";
    ok $file && slurp($file) !~ /Exif|GPS/, 'no position is left in a photo';
}

# Erased while the site serves: the words are gone, the chain is whole.
is ctl($s, 'erase', "complaint:$id")->{status}, 0, 'erased';
ok scalar(grep { s{/}{}gr =~ /\Q$hash\E/ } @files), 'it was on the disk';
my $read = get($s, "/desk/complaints/$id", jar => $chief);
is $read->{status}, 200, 'what was done about it stays';
is holds("$read->{head}$read->{body}", qw(text name contact)), '',
    'what was said is gone';
is get($s, $link // '/none', jar => $chief)->{status}, 404,
    'and its photo';
my @left = glob "$s->{store}/photos/*/*";
ok !(grep { s{/}{}gr =~ /\Q$hash\E/ } @left), 'from the disk as well'
    or diag "@left";
my $verified = ctl($s, 'verify');
is $verified->{status}, 0, 'and the log still proves itself'
    or diag $verified->{err};

stop($s);
done_testing;
