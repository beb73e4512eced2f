# The grading policy at the chief's desk: what a change would do is told before
# anything is written, and is what happens once it is published.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Open2 ();
use Time::HiRes qw(time);
use Shian qw(demo_store start stop ctl ctl_json get post header json sign_in
             seq log_of wait_for connect_to send_request read_answer root
             spew);

# More venues than a preview takes in one piece.
my $venues = 2300;
my $s = demo_store($venues);
start($s, server => 'shian_grading on interval=100ms;');
my $chief = sign_in($s, login => 'chief');
my $JSON = [Accept => 'application/json'];

sub page { return json(get($s, '/desk/policy.json', jar => { %$chief })) }

# The document in force, changed by path.
sub document {
    my (%change) = @_;
    my $p = page()->{policy};
    for my $path (keys %change) {
        my ($section, $field) = split /\./, $path;
        defined $field ? ($p->{$section}{$field} = $change{$path})
                       : ($p->{$section} = $change{$path});
    }
    return $p;
}

# The same as the fields of a form.
sub form {
    my ($p, @more) = @_;
    my @f;
    for my $k (sort keys %$p) {
        push @f, ref $p->{$k}
            ? map { ("$k.$_" => $p->{$k}{$_}) } sort keys %{$p->{$k}}
            : ($k => $p->{$k});
    }
    return [@f, @more];
}

sub file {
    my ($p) = @_;
    return spew("$s->{dir}/policy.json", JSON::PP->new->utf8->encode($p));
}

sub preview {
    my ($p) = @_;
    return post($s, '/desk/policy?action=preview', jar => { %$chief },
                json => $p);
}

sub metric {
    my ($name) = @_;
    my ($v) = get($s, '/metrics')->{body} =~ /^shian_$name (\S+)$/m;
    return $v;
}

# The routine has gone through the city under the policy in force.
sub graded {
    return wait_for(sub {
        my $g = page()->{grading};
        return !$g->{waiting} && !defined $g->{done} && $g->{day};
    }, 20);
}

sub colours {
    my (%of, $at);
    $at = '/venues.json?limit=100';
    while ($at) {
        my $list = json(get($s, $at));
        $of{$_->{id}} = $_ for @{$list->{items}};
        $at = $list->{next};
    }
    return \%of;
}

ok graded(), 'the routine has gone through';

subtest 'what is in force' => sub {
    my $p = page();
    is $p->{policy}{version}, 'default-1';
    is $p->{policy}{credit}{D}, -15;
    is_deeply [map { $_->{version} } @{$p->{versions}}], ['default-1'],
        'none was published after the one that the city began with';
    ok !$p->{form}, 'the form is for people';
    is $p->{grading}{venues}, $venues;
    ok $p->{grading}{on};
    is metric('grading_venue'), 0, 'idle';
    is metric('grading_day'), int((time + 28800) / 86400), 'done for today';

    my $html = get($s, '/desk/policy', jar => { %$chief })->{body};
    like $html, qr/name="credit\.D" value="-15" required min="-100" max="100"/;
    like $html, qr/name="stale_days" value="730" required min="1" max="3650"/;
    like $html, qr/name="tz_minutes" value="480" required readonly/;
    my @names = $html =~ /<input type="number" id="([^"]+)"/g;
    is_deeply [sort @names],
        [sort grep { $_ ne 'version' }
             map { $_->[0] } pairs(form($p->{policy}))],
        'every number of the document';
    like get($s, '/desk', jar => { %$chief })->{body},
        qr{href="/desk/policy"}, 'the desk leads there';
};

sub by_number { return sort { $a <=> $b } @_ }

sub pairs {
    my ($list) = @_;
    my (@p, @l) = ();
    @l = @$list;
    push @p, [splice @l, 0, 2] while @l;
    return @p;
}

subtest 'who may' => sub {
    my $n = seq($s);
    for my $role (qw(public inspector officer bank media)) {
        my $jar = $role eq 'public' ? {} : sign_in($s, login => $role);
        $n = seq($s);
        for my $a (get($s, '/desk/policy.json', jar => $jar),
                   post($s, '/desk/policy?action=publish', jar => $jar,
                        json => document(version => 'no')),
                   post($s, '/desk/policy', jar => $jar, headers => $JSON,
                        form => form(document(version => 'no'),
                                     action => 'preview')))
        {
            is $a->{status}, $role eq 'public' ? 401 : 403, $role;
        }
        is seq($s), $n, 'nothing is written';
    }
    my $admin = sign_in($s, login => 'admin');
    is get($s, '/desk/policy', jar => $admin)->{status}, 200, 'admin';
    is get($s, '/desk/policy', jar => { %$chief })->{status}, 200, 'chief';
    is post($s, '/desk/policy?action=publish', jar => { %$chief },
            headers => [Origin => 'https://evil.example'],
            json => document(version => 'no'))->{status}, 403,
        'not from another site';
};

subtest 'wrong fields' => sub {
    my $n = seq($s);
    for my $bad ([{ 'colour.green' => 500 }, 'colour.green', 'range'],
                 [{ 'colour.yellow' => 99 }, 'colour.yellow', 'range'],
                 [{ 'finding.minor' => 90 }, 'finding.major', 'range'],
                 [{ 'colour.blue' => 1 }, 'colour.blue', 'unknown'],
                 [{ 'credit.D' => 'much' }, 'credit.D', 'pattern'],
                 [{ tz_minutes => 60 }, 'tz_minutes', 'range'],
                 [{ version => 'a b' }, 'version', 'pattern'])
    {
        my ($change, $field, $code) = @$bad;
        my $p = document(version => 'bad', %$change);
        for my $action (qw(preview publish)) {
            my $a = post($s, "/desk/policy?action=$action",
                         jar => { %$chief }, json => $p);
            is $a->{status}, 422, "$action $field";
            is_deeply [map { [@$_{qw(field code)}] } @{json($a)->{errors}}],
                [[$field, $code]];

            $a = post($s, '/desk/policy', jar => { %$chief },
                      form => form($p, action => $action));
            is $a->{status}, 422, 'as a form';
            like $a->{body}, qr/href="#\Q$field\E"/, 'in the summary';
            next if $field eq 'colour.blue';
            like $a->{body}, qr/id="\Q$field\E-error"/, 'at the field';
            my ($path, $value) = %$change;
            like $a->{body}, qr/name="\Q$path\E" value="\Q$value\E"/,
                'what was typed is there';
            like $a->{body}, qr/name="complaint\.days" value="365"/,
                'and all the rest';
        }
    }

    my $a = post($s, '/desk/policy', jar => { %$chief }, headers => $JSON,
                 form => form(document('reviews.days' => '', version => ''),
                              'colour.green' => 80, action => 'publish'));
    is_deeply { map { $_->{field} => $_->{code} } @{json($a)->{errors}} },
        { version => 'required', 'reviews.days' => 'required',
          'colour.green' => 'duplicate' }, 'a form must be whole';

    for my $action ('', '?action=burn') {
        is post($s, "/desk/policy$action", jar => { %$chief },
                json => document(version => 'x'))->{status}, 422, 'no action';
    }
    is post($s, '/desk/policy?action=preview', jar => { %$chief },
            json => '[')->{status}, 400, 'no document';
    is seq($s), $n, 'nothing was written';
};

my ($strict, $seen);

subtest 'a preview' => sub {
    my $n = seq($s);
    $strict = document(version => 'strict', 'colour.green' => 99,
                       'colour.yellow' => 90);
    my $a = preview($strict);
    is $a->{status}, 200;
    $seen = json($a);
    is_deeply $seen->{policy}, $strict, 'of this document';
    is $seen->{venues}, $venues;
    cmp_ok $seen->{changed}, '>', 300, 'it would change many';
    cmp_ok $seen->{changed}, '<', $venues, 'not all';

    my %sum;
    $sum{$_->{venues}}{"$_->{from} $_->{to}"} = 1 for @{$seen->{changes}};
    my ($all, %pair) = (0);
    for my $d (@{$seen->{districts}}) {
        my $of = 0;
        for (@{$d->{changes}}) {
            $of += $_->{venues};
            $pair{"$_->{from} $_->{to}"} += $_->{venues};
        }
        is $d->{changed}, $of, 'the sum of a district';
        $all += $d->{changed};
    }
    is $all, $seen->{changed}, 'districts add up';
    is_deeply \%pair, { map { ("$_->{from} $_->{to}" => $_->{venues}) }
                        @{$seen->{changes}} }, 'so do colours';
    is scalar(@{$seen->{items}}), 100, 'the first are named';

    my $r = ctl_json($s, 'policy', 'preview', file($strict));
    is_deeply [@$r{qw(venues changed changes)}],
        [@$seen{qw(venues changed changes)}], 'shianctl says the same';

    $a = post($s, '/desk/policy', jar => { %$chief },
              form => form($strict, action => 'preview'));
    is $a->{status}, 200, 'for people';
    like $a->{body}, qr{<b class="big">$seen->{changed}</b>};
    like $a->{body}, qr/<svg class="bars"/, 'a chart';
    is scalar(() = $a->{body} =~ /<rect /g),
        @{$seen->{districts}} > 12 ? 12 : @{$seen->{districts}},
        'with a bar for each district';
    like $a->{body}, qr{href="/v/$_->{id}"} for @{$seen->{items}}[0 .. 4];
    like $a->{body},
        qr/<input type="hidden" name="colour\.green" value="99">/;
    like $a->{body}, qr/<button[^>]+value="publish"/;

    is page()->{policy}{version}, 'default-1', 'still in force';
    is seq($s), $n, 'nothing is written';
};

subtest 'publishing' => sub {
    my $before = colours();
    my $n = seq($s);
    my $a = post($s, '/desk/policy', jar => { %$chief },
                 form => form($strict, action => 'publish'));
    is $a->{status}, 303;
    is header($a, 'location'), '/desk/policy?done=publish';
    like get($s, header($a, 'location'), jar => { %$chief })->{body},
        qr/role="status"/, 'says so';
    cmp_ok seq($s), '>', $n, 'in the log';

    my $p = page();
    is_deeply $p->{policy}, $strict, 'in force';
    is scalar(@{$p->{versions}}), 2;
    is $p->{versions}[0]{version}, 'strict', 'what';
    ok $p->{versions}[0]{by_name}, 'who';
    like $p->{versions}[0]{since}, qr/\A\d{4}-\d\d-\d\dT/, 'when';

    ok graded(), 'the routine goes through';
    my ($after, %pair, %district, @changed);
    my $same = sub {
        $after = colours();
        (%pair, %district, @changed) = ();
        for my $id (by_number(keys %$after)) {
            my ($was, $is) = ($before->{$id}, $after->{$id});
            next if $was->{colour} eq $is->{colour};
            $pair{"$was->{colour} $is->{colour}"}++;
            $district{$is->{district} // ''}++;
            push @changed, $id;
        }
        return @changed == $seen->{changed};
    };
    ok wait_for($same), 'as many have changed as were foretold'
        or diag(scalar(@changed), " of $seen->{changed}");
    is_deeply \%pair, { map { ("$_->{from} $_->{to}" => $_->{venues}) }
                        @{$seen->{changes}} }, 'from and to these colours';
    is_deeply \%district, { map { ($_->{district} // '' => $_->{changed}) }
                            @{$seen->{districts}} }, 'in these districts';
    splice @changed, 100 if @changed > 100;
    is_deeply [map { $_->{id} } @{$seen->{items}}], \@changed, 'these places';
    is json(preview(document(version => 'same')))->{changed}, 0,
        'nothing is left to change';
};

subtest 'versions' => sub {
    my $n = seq($s);
    my $a = post($s, '/desk/policy?action=publish', jar => { %$chief },
                 json => $strict);
    is $a->{status}, 200, 'the one in force again';
    is seq($s), $n, 'changes nothing';
    for my $action (qw(preview publish)) {
        $a = post($s, "/desk/policy?action=$action", jar => { %$chief },
                  json => document('colour.green' => 98));
        is_deeply [@{json($a)->{errors}[0]}{qw(field code)}],
            [qw(version duplicate)], "$action under a name that is taken";
    }
    $a = post($s, '/desk/policy?action=publish', jar => { %$chief },
              json => { %{document(version => 'second')},
                        colour => { green => 85, yellow => 60 } });
    is $a->{status}, 201, 'another one';
    is header($a, 'location'), '/desk/policy';
    is_deeply [map { $_->{version} } @{json($a)->{versions}}],
        [qw(second strict default-1)], 'the newest first';
};

# The pool thread stands between two pieces of a preview: pages go on.
subtest 'reading during previews' => sub {
    my $p = document(version => 'third', 'colour.green' => 90);
    my @c = map { connect_to($s) } 1 .. 6;
    send_request($s, $_, 'POST', '/desk/policy?action=preview',
                 jar => { %$chief }, json => $p) for @c;
    my $from = time;
    is get($s, '/v/1')->{status}, 200 for 1 .. 10;
    cmp_ok time - $from, '<', 2, 'at once';
    my %status;
    for (@c) {
        my $a = read_answer($_, 'POST');
        $status{$a->{status}}++;
        like header($a, 'retry-after'), qr/\A\d+\z/ if $a->{status} == 503;
    }
    cmp_ok $status{200} || 0, '>=', 1, 'a worker does one at a time';
    is +($status{200} || 0) + ($status{503} || 0), 6, 'and says so';
    is preview($p)->{status}, 200, 'then the next';
};

# Nobody can write: the sweep finds what to regrade, and waits for the disk.
subtest 'how far the routine is' => sub {
    my $file = file({ %$strict, version => 'fourth' });
    ok graded(), 'idle';
    stop($s);
    is ctl($s, 'policy', 'set', $file)->{status}, 0;
    my $hold = "$s->{dir}/hold";
    system($ENV{CC} || 'cc', '-D_GNU_SOURCE', '-Wno-unused-result', '-o',
           $hold, root() . '/t/lib/hold.c', '-llmdb') == 0 or die 'hold.c';
    my $pid = IPC::Open2::open2(my $out, my $in, $hold, $s->{store});
    is scalar(<$out>), "held\n";
    start($s);
    ok wait_for(sub { (metric('grading_venue') || 0) == 1 }), 'under way';
    my $g = page()->{grading};
    is $g->{done}, 0, 'what is not on disk is not done';
    is metric('grading_venue'), 1, 'every worker can tell' for 1 .. 4;
    like get($s, '/desk/policy', jar => { %$chief })->{body},
        qr/<progress max="$venues" value="\d+"/, 'so does the page';
    is get($s, '/v/1')->{status}, 200, 'reading goes on';
    close $in;
    waitpid $pid, 0;
    ok graded(), 'then it is through';
    is metric('grading_venue'), 0;
};

stop($s);
unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
