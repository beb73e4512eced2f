# Every role on every object that is not theirs: another venue's, another
# district's.  Routes come from the table, so a new one needs its object here.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl get post request json
             open_venues plaque_of sign_in seq log_of slurp root);
use Visit qw(visit spotless);

my $s = start(demo_store(80));
my ($v) = spotless($s);
my ($other) = grep { $_ != $v } open_venues($s);
my $district = json(get($s, "/v/$v.json"))->{district};
my $JSON = [Accept => 'application/json'];

sub user {
    my ($login, $role, $where) = @_;
    my $r = ctl($s, qw(user add --login), $login, '--role', $role, '--name',
                $login, '--district', Encode::encode_utf8($where));
    die $r->{err} if $r->{status} != 0;
    return sign_in($s, login => $login);
}

my $chief = sign_in($s, login => 'chief');
my %own = (venue => sign_in($s, venue => $v),
           inspector => user('near1', 'inspector', $district),
           officer => user('near2', 'officer', $district));
my %foreign = (venue => sign_in($s, venue => $other),
               inspector => user('far1', 'inspector', '别处街道'),
               officer => user('far2', 'officer', '别处街道'));

sub made {
    my ($who, $path, %o) = @_;
    my $a = post($s, $path, jar => { %$who }, headers => $JSON, %o);
    die "$path: $a->{status} $a->{body}" if $a->{status} !~ /^20[01]$/;
    return json($a)->{id};
}

# One of each, about the venue.
my $jar = {};
get($s, '/q/' . plaque_of($s, $v), jar => $jar);
my $review = made($jar, "/v/$v/reviews", json => { hygiene => 3 });
my $seen = visit($s, $own{inspector}, $v, fail => { L1 => {} });
my $doubt = visit($s, $own{inspector}, $v, lat => 20, lng => 100);
my $appeal = made($own{venue}, '/my/appeals', json => { text => 'no' });
my ($complaint, $proven) = map {
    made({}, '/complaints', json => { venue => $v, kind => 'report',
                                      category => $_, text => 'x' })
} qw(dirty waste);
my ($finding) = map { $_->{id} }
    @{json(get($s, '/my/findings.json', jar => $own{venue}))->{items}};
my $people = json(get($s, '/desk/users.json?limit=100', jar => $chief));
my ($near) = map { $_->{id} } grep { $_->{login} eq 'near1' }
    @{$people->{items}};
for my $step ({ action => 'accept' },
              { action => 'dispatch', to => $near, due_on => Visit::day(2) },
              { action => 'check_in', lat => 29.65, lng => 121.4 },
              { action => 'report', text => 'x',
                recommend => 'substantiated' },
              { action => 'decide', outcome => 'substantiated',
                public_text => 'x' })
{
    made($chief, "/desk/complaints/$proven", json => $step);
}
my $case = made($chief, '/desk/cases', json =>
                { venue => $v, complaint => $proven, text => 'x' });

my %object = (
    '/v/{id}' => $v, '/patrol/v/{id}' => $v,
    '/my/reviews/{id}' => $review, '/desk/reviews/{id}' => $review,
    '/my/findings/{id}' => $finding, '/desk/findings/{id}' => $finding,
    '/my/inspections/{id}' => $seen->{id},
    '/desk/inspections/{id}' => $doubt->{id},
    '/my/appeals/{id}' => $appeal, '/desk/appeals/{id}' => $appeal,
    '/desk/complaints/{id}' => $complaint, '/desk/cases/{id}' => $case,
    '/desk/officers/{id}' => $near,
);

# What each could do there, were it theirs.
my %deed = (
    '/v/{id}' => {}, '/my/reviews/{id}' => { action => 'reply', text => 'x' },
    '/desk/reviews/{id}' => { action => 'remove', reason => 'unlawful' },
    '/my/findings/{id}' => { action => 'submit', text => 'x' },
    '/desk/findings/{id}' => { action => 'reject', reason => 'x' },
    '/my/inspections/{id}' => { action => 'reply', text => 'x' },
    '/desk/inspections/{id}' => { action => 'confirm' },
    '/my/appeals/{id}' => { action => 'withdraw' },
    '/desk/appeals/{id}' => { action => 'reject', text => 'x' },
    '/desk/complaints/{id}' => { action => 'note', text => 'x' },
    '/desk/cases/{id}' => { action => 'decide', penalty => JSON::PP::false() },
);

# A complaint is an inspector's once it is sent to them.
my %unlike_others = ('inspector /desk/complaints/{id}' => 1);

my %roles = (VENUE => ['venue'], STAFF => [qw(inspector officer)],
             OFFICER => ['officer'], CHIEF => []);
my $source = slurp(root() . '/src/http/ngx_http_shian_routes.c');
my ($n, @wrong, @deeds) = (0);
my $before = seq($s);

while ($source =~ /\{ (GET|POST), "([^"]+)", ([A-Z |]+?), /g) {
    my ($method, $pattern, $who) = ($1, $2, $3);
    next if $pattern !~ /\{id\}/ || $who eq 'ANY' || $who eq 'CHIEF';
    my ($stem) = $pattern =~ /^(.*?\{id\})/;
    my $id = $object{$stem};
    ok $id, "there is an object for $pattern" or next;
    (my $path = $pattern) =~ s/\{id\}/$id/;

    for my $role (map { @{$roles{$_}} } split / \| /, $who) {
        $n++;
        my @more = $method eq 'GET' ? () : (json => $deed{$stem});
        my $theirs = request($s, $method, $path,
                             jar => { %{$foreign{$role}} },
                             headers => $JSON, @more)->{status};
        push @wrong, "$role $method $pattern: foreign $theirs"
            if $theirs !~ /^40[34]$/;
        next if $unlike_others{"$role $stem"};
        push @deeds, [$role, $path, @more] if @more;
        next if $method ne 'GET';
        my $mine = get($s, $path, jar => { %{$own{$role}} },
                       headers => $JSON)->{status};
        push @wrong, "$role $pattern: own $mine" if $mine != 200;
    }
}

cmp_ok $n, '>', 30, "$n cases";
is_deeply \@wrong, [], 'one\'s own opens, another\'s does not';
is seq($s), $before, 'nothing was written';
@wrong = ();
for (@deeds) {
    my ($role, $path, @more) = @$_;
    my $status = post($s, $path, jar => { %{$own{$role}} }, headers => $JSON,
                      @more)->{status};
    push @wrong, "$role $path: $status" if $status =~ /^(?:40[0134]|5..)$/;
}
is_deeply \@wrong, [], 'the same is open to those whose it is';
cmp_ok seq($s), '>', $before + 8, 'and most of it was done';
unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
stop($s);
done_testing;
