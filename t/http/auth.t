# Who may do what: links, sessions, keys, and every role on every route.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure start stop ctl get post request header
             cookies json plaque_of open_venues sign_in link_of seq log_of
             slurp spew root connect_to send_request read_answer workers
             wait_for);

my $s = demo_store(40, '--complaints', 0);
configure($s, location => 'shian_sso $http_x_login;');
start($s);

my $JSON = [Accept => 'application/json'];
my @roles = qw(public venue inspector officer chief bank media admin);

# Reload, and wait until only new workers are left.
sub reload {
    my %old = map { $_ => 1 } workers($s);
    kill 'HUP', $s->{pid};
    return wait_for(sub {
        my @now = workers($s);
        return @now == 2 && !grep { $old{$_} } @now;
    });
}

subtest 'a link' => sub {
    my $link = link_of($s, login => 'officer');
    my $n = seq($s);
    for (1 .. 3) {
        my $a = get($s, $link);
        is $a->{status}, 200, 'looking';
        like $a->{body}, qr/<form[^>]+method="post"/;
        is header($a, 'cache-control'), 'no-store';
        is header($a, 'set-cookie'), '';
    }
    is request($s, 'HEAD', $link)->{status}, 200;
    is seq($s), $n, 'spends nothing';

    my %jar;
    my $a = post($s, $link, jar => \%jar);
    is $a->{status}, 303;
    is header($a, 'location'), '/desk';
    my $set = cookies($a)->{session};
    ok $set->{httponly}, 'HttpOnly';
    is $set->{samesite}, 'Lax';
    is $set->{path}, '/';
    is header($a, 'cache-control'), 'no-store';
    is get($s, '/desk', jar => { %jar })->{status}, 200, 'signed in';
    is seq($s), $n + 1;
    is post($s, $link)->{status}, 410, 'works once';
    is get($s, $link)->{status}, 410;
    is seq($s), $n + 1;
};

subtest 'a race for it' => sub {
    for (1 .. 5) {
        my $link = link_of($s, login => 'chief');
        my @c = map { connect_to($s) } 1 .. 4;
        send_request($s, $_, 'POST', $link) for @c;
        my @got = sort map { read_answer($_)->{status} } @c;
        is "@got", '303 410 410 410', 'exactly one wins';
    }
};

subtest 'one that may be used again' => sub {
    my $link = link_of($s, 'login', 'bank', '--reuse');
    is post($s, $link)->{status}, 303 for 1 .. 2;
};

my $token = do {
    my $r = ctl($s, qw(link --login officer --bearer));
    $r->{out} =~ /(v4\.local\.\S+)\s*\z/ ? $1 : die $r->{err};
};

sub bearer {
    my ($what, $path) = @_;
    return get($s, $path || '/desk.json',
               headers => [Authorization => "Bearer $what"]);
}

subtest 'wrong tokens' => sub {
    is bearer($token)->{status}, 200, 'a good one';
    my ($login) = link_of($s, login => 'officer') =~ m{/s/(.*)};
    my $session = sign_in($s, login => 'officer')->{session};
    my %scan;
    get($s, '/q/' . plaque_of($s, (open_venues($s))[0]), jar => \%scan);

    is bearer($login)->{status}, 401, 'a link is no session';
    is bearer($scan{scan})->{status}, 401, 'a scan is no session';
    is get($s, '/desk', jar => { session => $login })->{status}, 401;
    for my $other ($session, $token, $scan{scan}) {
        is get($s, "/s/$other")->{status}, 404, 'nor is it a link';
        is post($s, "/s/$other")->{status}, 404;
    }

    my $elsewhere = demo_store(1);
    my ($foreign) = link_of($elsewhere, login => 'officer') =~ m{/s/(.*)};
    is get($s, "/s/$foreign")->{status}, 404, 'made for another site';

    my @passed;
    for my $i (0 .. length($token) - 1) {
        my $changed = $token;
        my $c = substr $changed, $i, 1;
        substr($changed, $i, 1) = $c eq 'A' ? 'B' : 'A';
        push @passed, $i if bearer($changed)->{status} != 401;
    }
    is_deeply \@passed, [], 'no changed character passes';
    for my $odd ('', 'x', "$token x", "${token}A", substr($token, 0, -1),
                 'v4.public.' . 'A' x 100, 'v4.local.', 'A' x 6000,
                 'v2' . substr($token, 2))
    {
        my $status = bearer($odd)->{status};
        ok $status == 401, substr("\"$odd\"", 0, 20) . " $status";
    }
};

subtest 'tokens that are over' => sub {
    my $link = link_of($s, 'login', 'officer', '--ttl', '1s');
    my $t = ctl($s, qw(link --login officer --bearer --ttl 1s))->{out};
    $t =~ s/\s+\z//;
    my $n = seq($s);
    ok wait_for(sub { get($s, $link)->{status} != 200
                      && bearer($t)->{status} != 200 }, 5), 'after a second';
    for my $lang (qw(zh en)) {
        my $a = get($s, "$link?lang=$lang");
        is $a->{status}, 410, 'a link';
        like $a->{body}, qr{<main.*<a class="button" href="/}s, 'a way on';
        unlike $a->{body}, qr/<form[^>]+method="post"/, 'nothing to press';
    }
    my $a = post($s, $link);
    is $a->{status}, 410;
    is header($a, 'set-cookie'), '', 'signs in nobody';
    is bearer($t)->{status}, 401, 'a bearer token';
    like bearer($t)->{body}, qr/is over/, 'which is told';
    is get($s, '/desk', jar => { session => $t })->{status}, 401;
    is seq($s), $n, 'nothing was written';
};

subtest 'sign-out' => sub {
    my $jar = sign_in($s, login => 'media');
    my %kept = %$jar;
    my $a = post($s, '/signout', jar => $jar);
    is $a->{status}, 303;
    ok !$jar->{session}, 'the cookie goes';
    is get($s, '/desk', jar => { %kept })->{status}, 401,
        'and what was kept of it is worth nothing';
    is post($s, '/signout')->{status}, 303, 'who is not in may go too';
};

# faults C1: nginx 1.29.6 parses cookies by another function than before.
subtest 'a session among other cookies' => sub {
    my $id = sign_in($s, login => 'officer')->{session};
    for ("session=$id", "lang=en; session=$id", "session=$id; lang=en",
        "lang=en;session=$id", "a=1; b=2=3; session=$id; c=",
        "sessions=1; session=$id", "xsession=1; session=$id",
        "a; session=$id")
    {
        (my $shown = $_) =~ s/\Q$id\E/…/;
        is get($s, '/desk', headers => [Cookie => $_])->{status}, 200, $shown;
    }
    is get($s, '/desk', headers => [Cookie => 'lang=en',
                                    Cookie => "session=$id"])->{status}, 200,
        'a header for each, as HTTP/2 sends them';
    is get($s, '/desk', headers => [Cookie => "sessions=$id; a=session"])
        ->{status}, 401, 'another name is no session';
};

subtest 'a disabled user' => sub {
    ctl($s, qw(user add --login temp --role officer --name Temp));
    my $jar = sign_in($s, login => 'temp');
    my $link = link_of($s, login => 'temp');
    my $r = ctl($s, qw(link --login temp --bearer));
    my ($t) = $r->{out} =~ /(v4\.local\.\S+)\s*\z/;
    is get($s, '/desk', jar => { %$jar })->{status}, 200;
    is bearer($t)->{status}, 200;

    my $chief = sign_in($s, login => 'chief');
    my ($id) = grep { $_ } map { $_->{login} eq 'temp' ? $_->{id} : 0 }
        @{json(get($s, '/desk/users.json?limit=100', jar => $chief))
              ->{items}};
    is post($s, "/desk/users/$id", jar => $chief,
            json => { action => 'disable' })->{status}, 200;
    is get($s, '/desk', jar => { %$jar })->{status}, 401, 'is out at once';
    is bearer($t)->{status}, 401;
    is post($s, $link)->{status}, 410, 'and does not come in again';

    ctl($s, qw(user add --login temp --role officer --name Temp));
    is get($s, '/desk', jar => { %$jar })->{status}, 401,
        'let in again, old sessions stay ended';
    is get($s, '/desk', jar => sign_in($s, login => 'temp'))->{status}, 200;

    is post($s, '/desk/users', jar => $chief, json =>
        { login => 'boss', role => 'admin', name => 'B' })->{status}, 403,
        'a chief makes no admin';
    is post($s, '/desk/users', jar => $chief, json =>
        { login => 'admin', role => 'bank', name => 'B' })->{status}, 403,
        'nor changes one';
    my ($admin) = map { $_->{login} eq 'admin' ? $_->{id} : () }
        @{json(get($s, '/desk/users.json?limit=100', jar => $chief))
              ->{items}};
    is post($s, "/desk/users/$admin", jar => $chief,
            json => { action => 'disable' })->{status}, 403, 'nor ends one';
    is post($s, '/desk/users', jar => $chief, json =>
        { login => 'new1', role => 'inspector', name => 'N' })->{status},
        201, 'but others';
};

subtest 'what nginx vouches for' => sub {
    my $a = get($s, '/desk', headers => ['X-Login' => 'officer']);
    is $a->{status}, 200;
    is header($a, 'cache-control'), 'no-store';
    is get($s, '/', headers => ['X-Login' => 'nobody'])->{status}, 403;
    is get($s, '/desk/users', headers => ['X-Login' => 'officer'])
        ->{status}, 403, 'within the role';
};

subtest 'posts from elsewhere' => sub {
    my $chief = sign_in($s, login => 'chief');
    my $bank = link_of($s, login => 'bank');
    my $n = seq($s);
    for my $h (['Sec-Fetch-Site' => 'cross-site'],
               ['Sec-Fetch-Site' => 'same-site'],
               [Origin => 'https://evil.example'], [Origin => 'null'],
               [Origin => "$s->{base}.evil.example"],
               [Origin => 'http://127.0.0.1'],
               ['Sec-Fetch-Site' => 'cross-site', Origin => $s->{base}])
    {
        my $a = post($s, '/desk/users', jar => $chief,
                     headers => [@$h, @$JSON],
                     form => [qw(login evil role officer name E)]);
        is $a->{status}, 403, "@$h";
        is json($a)->{code}, 'cross_site';
    }
    is post($s, $bank,
            headers => ['Sec-Fetch-Site' => 'cross-site'])->{status}, 403,
        'nobody is signed in from outside';
    is seq($s), $n, 'nothing was written';
    for my $h (['Sec-Fetch-Site' => 'same-origin'], [Origin => $s->{base}],
               ['Sec-Fetch-Site' => 'none'])
    {
        is post($s, '/desk/users', jar => $chief, headers => $h,
                form => [qw(login ours role officer name O)])->{status},
            303, "@$h";
    }
};

# ---- the whole table, from its source ---------------------------------------

my $source = slurp(root() . '/src/http/ngx_http_shian_routes.c');
my %set = (ANY => [@roles]);

sub roles_of {
    my ($expression) = @_;
    my %in;
    for my $word (split /\s*\|\s*/, $expression) {
        $word =~ s/^\(|\)$//g;
        if ($word =~ /SHIAN_ROLE\((\w+)\)?/) {
            $in{$1} = 1;
        } elsif ($word ne 'SHIAN_ANYBODY' && $word ne 'SHIAN_CITY') {
            $in{$_} = 1 for @{$set{$word} || die "what is $word"};
        }
    }
    return [grep { $in{$_} } @roles];
}

while ($source =~ /^#define (\w+) +(\(?SHIAN_ROLE.*)$/mg) {
    my ($name, $expression) = ($1, $2);
    $set{$name} = roles_of($expression);
}

my @rows;
while ($source =~ /\{ (GET|POST), "([^"]+)", ([A-Z |]+?), /g) {
    push @rows, { method => $1, pattern => $2, roles => roles_of($3) };
}

my ($own, $foreign) = open_venues($s);
my $code = plaque_of($s, $own);
my $district = json(get($s, "/v/$own.json"))->{district};

subtest 'every role on every route' => sub {
    cmp_ok scalar(@rows), '>=', 30, 'the table was read';
    is scalar(@rows), () = $source =~ /\bF\(\w+\) \}/g, 'every row of it';
    my %with = (id => $own, n => 1, code => $code, hash => '0' x 64,
                token => 'v4.local.AAAA', rest => 'shian.css');
    my @wrong;
    for my $role (@roles) {
        my $jar;
        for my $row (@rows) {
            my $path = $row->{pattern};
            $path =~ s/\{(\w+)\}/$with{$1}/g;
            $jar ||= $role eq 'public' ? {}
                : $role eq 'venue' ? sign_in($s, venue => $own)
                : sign_in($s, login => $role);
            my $a = request($s, $row->{method}, $path, jar => { %$jar },
                            headers => $JSON);
            my $may = grep { $_ eq $role } @{$row->{roles}};
            my $told = json($a);        # Open311's is a list
            my $code = ref $told eq 'HASH' && $told->{code} || '';
            my $right = $may
                ? $code !~ /^(?:signin_required|forbidden)$/
                  && $a->{status} < 500
                : $role eq 'public'
                ? $a->{status} == 401 && $code eq 'signin_required'
                : $a->{status} == 403 && $code eq 'forbidden';
            push @wrong, "$role $row->{method} $path: $a->{status} $code"
                if !$right;
            $jar = undef if $path eq '/signout';
            push @wrong, "$role $path: may be kept"
                if $row->{method} eq 'GET' && $may
                   && !grep({ $_ eq 'public' } @{$row->{roles}})
                   && header($a, 'cache-control') ne 'no-store';
        }
    }
    is_deeply \@wrong, [], scalar(@roles) * @rows . ' combinations';
};

subtest 'own and foreign' => sub {
    my $venue = sign_in($s, venue => $own);
    ctl($s, qw(user add --login near --role officer --name Near --district),
        do { my $d = $district; utf8::encode($d); $d });
    ctl($s, qw(user add --login far --role officer --name Far --district X));
    my $near = sign_in($s, login => 'near');
    my $far = sign_in($s, login => 'far');
    for my $what (qw(plaque qr.svg qr.png)) {
        is get($s, "/v/$own/$what", jar => $venue)->{status}, 200, $what;
        is get($s, "/v/$own/$what", jar => $near)->{status}, 200;
        is get($s, "/v/$own/$what", jar => $far)->{status}, 403,
            'another district';
        plaque_of($s, $foreign);
        is get($s, "/v/$foreign/$what", jar => $venue)->{status}, 403,
            'another venue';
    }
    like get($s, '/my', jar => $venue)->{body}, qr{/v/$own\b};
};

subtest 'keys change without a break' => sub {
    my $old = sign_in($s, login => 'officer');
    my $before = slurp($s->{keys});
    my $code = plaque_of($s, $own);
    is ctl($s, qw(keys rotate --kind all))->{status}, 0;
    ok reload(), 'reloaded';
    is get($s, '/desk', jar => { %$old })->{status}, 200,
        'a session under the old key goes on';
    is get($s, "/q/$code")->{status}, 307, 'so do plaques';
    my $new = sign_in($s, login => 'officer');
    is get($s, '/desk', jar => { %$new })->{status}, 200;

    my ($gone) = $before =~ /^(token .*\n)/m;
    my $keys = slurp($s->{keys});
    $keys =~ s/^\Q$gone\E//m or die 'no such key';
    spew($s->{keys}, $keys);
    ok reload(), 'the old one was taken out';
    is get($s, '/desk', jar => { %$old })->{status}, 401, 'it is over';
    is get($s, '/desk', jar => { %$new })->{status}, 200;
    is get($s, "/q/$code")->{status}, 307;
};

unlike log_of($s, 'access'), qr/v4\.local/, 'no token in the access log';
unlike log_of($s), qr/v4\.local/, 'nor in the error log';
unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
is ctl($s, 'verify')->{status}, 0, 'verify';
stop($s);
done_testing;
