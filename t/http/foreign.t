# faults B2, D2: every role on every row of routes[], with what is theirs and
# with what is another venue's or another district's.  Rows come from the
# table: one that this file does not know is a failure.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
use JSON::PP ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl get post request json
             open_venues plaque_of sign_in seq log_of slurp root csv_rows id_of);
use Visit qw(visit spotless);

my $s = start(demo_store(80));
my ($v) = spotless($s);
my ($other) = grep { $_ != $v } open_venues($s);
my $district = json(get($s, "/v/$v.json"))->{district};
my $JSON = [Accept => 'application/json'];
my $grey = slurp(root() . '/t/fuzz/corpus/photo/grey.jpg');
my @photo = (photo => { name => 'a.jpg', type => 'image/jpeg',
                        data => $grey });
my @staff = qw(inspector officer chief admin);

sub user {
    my ($login, $role, $where) = @_;
    my $r = ctl($s, qw(user add --login), $login, '--role', $role, '--name',
                $login, '--district', Encode::encode_utf8($where));
    die $r->{err} if $r->{status} != 0;
    return sign_in($s, login => $login);
}

my $chief = sign_in($s, login => 'chief');
my %own = (venue => sign_in($s, venue => $v),
           map { $_ => user("near-$_", $_, $district) } @staff);
my %foreign = (venue => sign_in($s, venue => $other),
               map { $_ => user("far-$_", $_, '别处街道') } @staff);

sub made {
    my ($who, $path, %o) = @_;
    my $a = post($s, $path, jar => { %$who }, headers => $JSON, %o);
    die "$path: $a->{status} $a->{body}" if $a->{status} !~ /^20[01]$/;
    my $j = json($a);
    return $j->{number} ? id_of($s, $chief, $j->{number})
                        : $j->{id} || $j->{hash};
}

# One of each, about the venue, each with a photo.
my $jar = {};
get($s, '/q/' . plaque_of($s, $v), jar => $jar);
my $review = made($jar, "/v/$v/reviews", multipart => [hygiene => 3, @photo]);
made($own{venue}, "/my/reviews/$review", json =>
     { action => 'flag', text => 'not us' });
my $hash = made($own{inspector}, '/photos', multipart => [@photo]);
my $fail = { L1 => { photos => [$hash] } };
my $seen = visit($s, $own{inspector}, $v, fail => $fail);
my $doubt = visit($s, $own{inspector}, $v, lat => 20, lng => 100,
                  fail => $fail);
my $appeal = made($own{venue}, '/my/appeals',
                  multipart => [text => 'no', @photo]);
my ($complaint, $proven) = map {
    made({}, '/complaints', multipart => [venue => $v, kind => 'report',
                                          category => $_, text => 'x',
                                          contact => '13800138000', @photo])
} qw(dirty waste);
my ($finding) = map { $_->{id} }
    @{json(get($s, '/my/findings.json', jar => $own{venue}))->{items}};
my $people = json(get($s, '/desk/users.json?limit=100', jar => $chief));
my %id = map { $_->{login} => $_->{id} } @{$people->{items}};
my $near = $id{'near-inspector'};
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
my $sent = made({}, '/complaints', multipart => [venue => $v,
    kind => 'report', category => 'pests', text => 'x', @photo]);
made($chief, "/desk/complaints/$sent", json => $_)
    for { action => 'accept' },
        { action => 'dispatch', to => $near, due_on => Visit::day(2) },
        { action => 'look', reason => 'to call back' };
my $case = made($chief, '/desk/cases', json =>
                { venue => $v, complaint => $proven, text => 'x' });

# ---- a record and what can be done with it ----------------------------------

# An inspector has what was sent to them.
my %object = (
    '/v/{id}' => $v, '/patrol/v/{id}' => $v,
    '/my/reviews/{id}' => $review, '/desk/reviews/{id}' => $review,
    '/my/findings/{id}' => $finding, '/desk/findings/{id}' => $finding,
    '/my/inspections/{id}' => $seen->{id},
    '/desk/inspections/{id}' => $doubt->{id},
    '/desk/evaluations/{id}' => $v,
    '/my/appeals/{id}' => $appeal, '/desk/appeals/{id}' => $appeal,
    '/desk/complaints/{id}' => $complaint, '/desk/cases/{id}' => $case,
    'inspector /desk/complaints/{id}' => $sent,
    '/desk/officers/{id}' => $near, '/desk/users/{id}' => $near,
    '/desk/supervisors/{id}' => $near,
);

# What each could do there, were it theirs.
my %deed = (
    '/v/{id}' => {}, '/my/reviews/{id}' => { action => 'reply', text => 'x' },
    '/desk/reviews/{id}' => { action => 'remove', reason => 'unlawful' },
    '/my/findings/{id}' => { action => 'submit', text => 'x' },
    '/desk/findings/{id}' => { action => 'reject', reason => 'x' },
    '/my/inspections/{id}' => { action => 'reply', text => 'x' },
    '/desk/inspections/{id}' => { action => 'confirm' },
    '/desk/evaluations/{id}' =>
        { year => 2020, level => 'B', source => 'x' },
    '/my/appeals/{id}' => { action => 'withdraw' },
    '/desk/appeals/{id}' => { action => 'reject', text => 'x' },
    '/desk/complaints/{id}' => { action => 'note', text => 'x' },
    'inspector /desk/complaints/{id}' =>
        { action => 'check_in', lat => 29.65, lng => 121.4 },
    '/desk/cases/{id}' => { action => 'decide', penalty => JSON::PP::false() },
    '/desk/users/{id}' => { action => 'disable' },
);

# ---- lists: what of ours stands in them, and where --------------------------

# The field that has the id, or a sub that finds us in the JSON.
sub counts {
    my ($page) = @_;
    return grep { !ref && /^[1-9]\d*\z/ }
        map { $page->{$_} // 0 } qw(reviews_flagged findings_submitted
            findings_overdue inspections_waiting appeals_filed);
}

my %list = (
    '/my' => sub { $_[0]{venue} == $v },
    '/my/reviews' => [id => $review],
    '/my/complaints' => sub { grep { $_->{category} eq 'pests'
                                     && $_->{state} eq 'dispatched' }
                              @{$_[0]{items} || []} },
    '/my/findings' => [id => $finding],
    '/my/inspections' => [id => $seen->{id}],
    '/my/appeals' => [id => $appeal],
    '/my/reinspection' => sub { $_[0]{venue} == $v },
    '/my/self-check' => sub { ($_[0]{venue} // 0) == $v },
    '/desk' => sub { $_[1] eq 'inspector' ? @{$_[0]{events} || []}
                                          : counts($_[0]) },
    '/desk/reviews' => [id => $review],
    '/desk/users' => [id => $near],
    '/desk/complaints' => [id => $complaint],
    'inspector /desk/complaints' => [id => $sent],
    '/desk/cases' => [id => $case],
    '/desk/figures' => sub { grep { $_->{received} || $_->{count} }
                             @{$_[0]{items}} },
    '/desk/access' => [complaint => $sent],
    '/desk/findings' => [id => $finding],
    '/desk/inspections' => [id => $doubt->{id}],
    '/desk/appeals' => [id => $appeal],
    '/desk/supervisors' => [id => $near],
    '/patrol' => sub { @{$_[0]{items} || []} + @{$_[0]{tasks} || []} },
);

# What is sent where no record is named: about ours.
my $policy = json(get($s, '/policy.json'));
my %post = (
    '/desk/users' => { login => 'near-inspector', role => 'inspector',
                       name => 'again', district => [$district] },
    '/desk/complaints' => { complaint => [$complaint], to => $near,
                            due_on => Visit::day(2) },
    '/desk/cases' => { venue => $v, complaint => $proven, text => 'x' },
);

# Rows that neither list nor record describes, and why.
my %apart = (
    'GET /desk/events' => 'a stream: events.t, by district and role',
    'POST /my/appeals' => 'of the session\'s venue, and names no other',
    'POST /my/reinspection' => 'the same',
    'POST /my/self-check' => 'the same',
);

# ---- the table --------------------------------------------------------------

my %roles = (VENUE => ['venue'], STAFF => [@staff],
             OFFICER => [@staff[1 .. 3]], CHIEF => [@staff[2, 3]],
             CITY => [@staff[2, 3]], BANK => [], MEDIA => []);
my ($n, @wrong, @deeds) = (0);

sub ask {
    my ($whose, $method, $path, @more) = @_;
    return request($s, $method, $path, jar => { %$whose }, headers => $JSON,
                   @more);
}

sub wrong { push @wrong, join ' ', @_ }

sub record {
    my ($role, $method, $pattern) = @_;
    my ($stem) = $pattern =~ /^(.*?\{id\})/;
    my $id = $object{"$role $stem"} || $object{$stem};
    ok $id, "there is an object for $pattern" or return;
    (my $path = $pattern) =~ s/\{id\}/$id/;
    $path =~ s/\{n\}/1/;
    my @more = $method eq 'GET' ? ()
        : (json => $deed{"$role $stem"} || $deed{$stem});
    $n++;
    my $theirs = ask($foreign{$role}, $method, $path, @more)->{status};
    wrong("$role $method $pattern: foreign $theirs")
        if $theirs !~ /^40[34]$/;
    push @deeds, [$role, $path, @more] if @more;
    return if $method ne 'GET';
    my $mine = ask($own{$role}, $method, $path)->{status};
    wrong("$role $pattern: own $mine") if $mine != 200;
}

# All its pages as JSON: is ours on one of them?
sub on_list {
    my ($whose, $role, $path, $what) = @_;
    my $next = "$path.json";
    $next .= '?limit=100' if ref $what eq 'ARRAY';
    for (1 .. 40) {
        my $page = json(get($s, $next, jar => { %$whose }));
        return $what->($page, $role) ? 1 : 0 if ref $what eq 'CODE';
        return 1 if grep { ($_->{$what->[0]} // 0) == $what->[1] }
            @{$page->{items}};
        $next = $page->{next} or return 0;
    }
    return 'endless';
}

# The same as a file, of one page.
sub in_file {
    my ($whose, $path, $what) = @_;
    my $a = get($s, "$path.csv?limit=100", jar => { %$whose });
    return undef if $a->{status} != 200 || ref $what ne 'ARRAY';
    my ($head, @rows) = csv_rows(Encode::decode_utf8($a->{body}));
    my ($at) = grep { $head->[$_] eq $what->[0] } 0 .. $#$head;
    return undef if !defined $at;
    return scalar grep { $_->[$at] eq $what->[1] } @rows;
}

sub list {
    my ($role, $path) = @_;
    my $what = $list{"$role $path"} || $list{$path};
    ok $what, "something is known to stand in $path" or return;
    $n++;
    my $mine = on_list($own{$role}, $role, $path, $what);
    my $theirs = on_list($foreign{$role}, $role, $path, $what);
    wrong("$role $path: own $mine, foreign $theirs")
        if "$mine $theirs" ne '1 0';
    my $file = in_file($foreign{$role}, $path, $what);
    wrong("$role $path.csv: foreign") if $file;
}

sub city {
    my ($role, $method, $path) = @_;
    for my $whose ($own{$role}, $foreign{$role}) {
        $n++;
        my $status = ask($whose, $method, $path, $method eq 'GET' ? ()
            : (json => { action => 'publish', %$policy }))->{status};
        wrong("$role $method $path: $status") if $status != 403;
    }
}

sub sent {
    my ($role, $path) = @_;
    my $what = $post{$path};
    ok $what, "something is known to be sent to $path" or return;
    $n++;
    my $a = ask($foreign{$role}, 'POST', $path, json => $what);
    my $told = json($a);
    wrong("$role POST $path: foreign $a->{status}")
        if $a->{status} != 403
           && !($told->{items} && $told->{done} == 0
                && $told->{items}[0]{status} == 403
                && !$told->{items}[0]{item});
    push @deeds, [$role, $path, json => $what];
}

my $before = seq($s);
my $source = slurp(root() . '/src/http/ngx_http_shian_routes.c');
my @rows;
while ($source =~ /\{ (GET|POST), "([^"]+)", ([A-Z |]+?), /g) {
    push @rows, [$1, $2, $3];
}
is scalar(@rows), () = $source =~ /\bF\(\w+\) \}/g, 'every row of the table';

for (@rows) {
    my ($method, $pattern, $who) = @$_;
    next if $who eq 'ANY' || $apart{"$method $pattern"};
    for my $role (map { @{$roles{$_} || die $_} } split / \| /, $who) {
        if ($who eq 'CITY') {
            city($role, $method, $pattern);
        } elsif ($pattern =~ /\{id\}/) {
            record($role, $method, $pattern);
        } elsif ($method eq 'GET') {
            list($role, $pattern);
        } else {
            sent($role, $pattern);
        }
    }
}

cmp_ok $n, '>', 120, "$n cases";
is_deeply \@wrong, [], 'one\'s own opens, another\'s does not'
    or diag join "\n", @wrong;
is seq($s), $before, 'nothing was written';
is get($s, '/desk/users.json?limit=100', jar => { %{$foreign{chief}} })
    ->{body} =~ /near-/, '', 'nor is anybody told of them';

@wrong = ();
for (sort { ($a->[1] =~ /users/) <=> ($b->[1] =~ /users/) } @deeds) {
    my ($role, $path, @more) = @$_;
    my $status = ask($own{$role}, 'POST', $path, @more)->{status};
    wrong("$role $path: $status") if $status =~ /^(?:40[0134]|5..)$/;
}
is_deeply \@wrong, [], 'the same is open to those whose it is';
cmp_ok seq($s), '>', $before + 12, 'and most of it was done';
unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
stop($s);
done_testing;
