# Every page that a person can get to, and every button on it: a link leads
# somewhere, a form has keys of its own, and what can be done once can be done
# again to another record by the same person.  In the end every field that a
# page names was filled by somebody.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(first);
use POSIX ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl get post json header root
             build slurp sign_in link_of open_venues plaque_of filing spew);
use Forms qw(forms_of links_of routes_of route_of fill);

my $root = root();
my @routes = routes_of(slurp("$root/src/http/ngx_http_shian_routes.c"));
my $s = demo_store(300, '--complaints', 2);

# ---- what nginx renders is written down --------------------------------------

sub compiled {
    my ($name, @options) = @_;
    my $made = "$s->{dir}/$name";
    system($ENV{CC} || 'cc', '-std=c11', '-D_GNU_SOURCE', '-O1', "-I$root/src",
           "-I" . build() . '/gen', "$root/t/lib/$name.c", '-o', $made,
           @options) == 0 or die "$name.c";
    return $made;
}

my $filled = "$s->{dir}/filled";
{
    my $library = compiled('filled', qw(-shared -fPIC -ldl));
    local $ENV{SHIAN_FILLED} = $filled;
    local $ENV{LD_PRELOAD} = join ' ', grep { defined }
        @ENV{qw(SHIAN_PRELOAD LD_PRELOAD)}, $library;
    configure($s, workers => 1, http => <<'');
    shian_city      Fenghua "Fenghua City";
    shian_bureau    Bureau "The Bureau";
    shian_tiles     "https://tiles.example/{z}/{x}/{y}.png";
    shian_grading   on interval=1s;

    start($s);
}

# ---- who looks ---------------------------------------------------------------

my ($v, $v2, @venues) = open_venues($s);
my $J = [Accept => 'application/json'];

# The owner with most to do.
my $chief = sign_in($s, login => 'chief');
my %work;
$work{$_->{venue}}++
    for map { @{json(get($s, "/desk/findings.json?limit=100&state=$_",
                         jar => $chief))->{items} || []} } qw(open submitted);
my ($busy) = sort { $work{$b} <=> $work{$a} || $a <=> $b } keys %work;

my %jar = (
    public => {},
    owner => sign_in($s, venue => $busy),
    map { $_ => sign_in($s, login => $_) }
        qw(officer chief admin inspector jiandu01 bank media),
);

sub day {
    my ($days) = @_;
    return POSIX::strftime('%Y-%m-%d',
                           gmtime(time + 8 * 3600 + 86400 * $days));
}

# ---- every page --------------------------------------------------------------

my (%at, %n, @wrong, $pages);

# What a form does: where it goes, and which of its buttons.
sub deed {
    my ($form, $button) = @_;
    my $route = route_of(\@routes, 'POST', $form->{action});
    my $action = first { ($_->{name} // '') eq 'action' } $button,
        @{$form->{fields}};
    return join ' ', grep { defined }
        $route ? $route->{pattern} : "no route $form->{action}",
        $action && $action->{value};
}

my %keyless = (
    '/signout' => 'ends what is ended',
    '/s/{token}' => 'a link is spent once',
    '/desk/complaints/{id} look' => 'a look repeated is another look',
);

sub look_at {
    my ($who, $path, $body) = @_;
    for my $form (forms_of($body)) {
        my @keys = map { $_->{value} }
            grep { ($_->{name} // '') eq 'idempotency_key' }
            @{$form->{fields}};
        for my $button (@{$form->{buttons}}) {
            my $deed = deed($form, $button);
            push @wrong, "$who $path: $deed" if $deed =~ /^no route/;
            push @wrong, "$who $path: $deed has the keys '@keys'"
                if $keyless{$deed} ? @keys
                    : "@keys" !~ /^[0-9a-f]{32}(?:-[\w-]+)?$/
                      || length "@keys" > 64;
            push @{$at{$deed}{$who}}, $path;
        }
    }
}

# As many of each kind as tell them apart; of the board's all.
sub crawl {
    my ($who, @queue) = @_;
    my (%seen, %of, %from);
    while (defined(my $path = shift @queue)) {
        next if $seen{$path}++;
        my $route = route_of(\@routes, 'GET', $path);
        if (!$route) {
            push @wrong, "$who $from{$path} links to $path"
                if $path !~ /\.(?:csv|json|geojson)(?:\?|$)/;
            next;
        }
        my $max = $path =~ m{^/desk/(?:complaints|findings)/} ? 200
            : $path =~ m{^/(?:desk|my|patrol|t)\b} ? 25 : 6;
        $max = 60 if $path =~ m{^/t/};
        next if !$route->{template} || $of{$route->{pattern}}++ >= $max;
        my $a = get($s, $path, jar => $jar{$who});
        $pages++;
        if ($a->{status} != 200) {
            push @wrong, "$who " . ($from{$path} // '-')
                . " links to $path: $a->{status}";
            next;
        }
        look_at($who, $path, $a->{body});
        for my $link (links_of($a->{body})) {
            next if $link =~ /[?&]lang=/;
            $from{$link} //= $path;
            push @queue, $link;
        }
    }
}

my @states = qw(received accepted refused merged dispatched on_site reported
                substantiated unsubstantiated rectifying closed withdrawn);
my %start = (
    public => ["/v/$v", '/', '/complain', '/venues', '/policy', '/stats',
               '/checklist'],
    owner => ['/my', "/v/$busy"],
    (map { $_ => ['/desk', map({ "/desk/complaints?state=$_" } @states),
                  '/patrol', "/v/$v"] } qw(officer chief admin)),
    (map { $_ => ['/desk', '/patrol', "/v/$v"] } qw(inspector jiandu01)),
    (map { $_ => ['/desk', "/v/$v"] } qw(bank media)),
);

# ---- every button ------------------------------------------------------------

my ($n, %tried) = 0;
my %ours = map { ("/desk/users/$_->{id}" => 1) }
    @{json(get($s, '/desk/users.json?limit=100', jar => $jar{admin}))->{items}};
my $picture = slurp("$root/html/static/icon-192.png");

sub photo { return { name => 'a.png', type => 'image/png', data => $picture } }

# Two complaints of one venue, for one to be merged into the other.
sub another {
    my ($path) = @_;
    my ($own) = $path =~ /(\d+)/;
    my $list = json(get($s, '/desk/complaints.json?state=received&limit=100',
                        jar => $chief))->{items};
    my $item = json(get($s, "/desk/complaints/$own.json",
                        jar => $chief))->{item};
    my ($other) = grep { $_->{id} != $own
                         && $_->{kind} eq ($item->{kind} // '')
                         && ($_->{venue} // 0) == ($item->{venue} // 0) }
        @$list;
    return $other ? $other->{id} : undef;
}

# What a person types and ticks.
sub typed {
    my ($path) = @_;
    my $ticked = 0;
    $n++;
    return {
        lat => 29.65, lng => 121.4, accuracy => 10, login => "login$n",
        document_no => "no $n", venue => sub { $_[0]{value} || '' },
        district => sub { $_[0]{tag} eq 'input' ? '' : undef },
        year => 2020 + $n % 5, source => 'a list',
        name => 'a name', contact => '13800000000',
        deadline_on => day(20), happened_on => day(-1),
        into => sub { $_[0]{value} || another($path) // '' },
        version => sub { ($_[0]{type} // '') eq 'hidden' ? undef : "v-$n" },
        document => sub {
            my $json = $_[0]{value};
            if ($_[0]{tag} eq 'textarea') {
                $json =~ s/("version":\s*")[^"]*/${1}list-$n/;
                $json =~ s/("text":\s*")/$1$n /;
            }
            return $json;
        },
        complaint => sub {
            my ($f) = @_;
            return ($f->{type} // '') ne 'checkbox' ? undef : $ticked++ < 2;
        },
        year => substr(day(-366), 0, 4), source => 'a list',
        role => 'officer', outcome => 'unsubstantiated', photo => \&photo,
    };
}

sub send_form {
    my ($who, $form, $button, $with, @headers) = @_;
    my $pairs = fill($form, $button, $with);
    my $how = ($form->{enctype} // '') eq 'multipart/form-data'
        ? 'multipart' : 'form';
    return post($s, $form->{action}, jar => $jar{$who}, $how => $pairs,
                headers => \@headers);
}

# The form of the page that does it, as it is there now.
sub form_on {
    my ($body, $deed) = @_;
    for my $form (forms_of($body)) {
        my ($button) = grep { deed($form, $_) eq $deed } @{$form->{buttons}};
        return ($form, $button)
            if $button && !$ours{$form->{action}};
    }
    return;
}

# What has to be there before.
my %before = (
    '/v/{id}/reviews' => sub {
        my ($who, $path) = @_;
        my ($venue) = $path =~ /(\d+)/;
        get($s, '/q/' . plaque_of($s, $venue), jar => $jar{$who});
        return 1;
    },
    '/desk/complaints/{id} merge' => sub { return another($_[1]) },
);

# 'done', 'gone' when the page has no such form any more, or why not.
sub press {
    my ($who, $path, $deed) = @_;
    return 'gone' if $before{$deed} && !$before{$deed}->($who, $path);
    my ($form, $button) = form_on(get($s, $path, jar => $jar{$who})->{body},
                                  $deed) or return 'gone';
    my $with = typed($path);
    my $a = send_form($who, $form, $button, $with);
    if ($a->{status} == 303) {
        my $next = header($a, 'location');
        $next =~ s/^\Q$s->{base}\E//;
        my $there = get($s, $next, jar => $jar{$who});
        push @wrong, "$who $deed leads to $next: $there->{status}"
            if $there->{status} != 200;
        look_at($who, $next, $there->{body});
        return 'done';
    }
    if ($a->{status} == 200) {
        # A preview, or an answer in its place: its forms are pressed here.
        look_at($who, $path, $a->{body});
        for my $form (forms_of($a->{body})) {
            for my $button (@{$form->{buttons}}) {
                next if ($button->{value} // '') ne 'publish';
                my $b = send_form($who, $form, $button, $with);
                return 'publish: ' . $b->{status} if $b->{status} != 303;
                $tried{deed($form, $button)}{$who}{done}++;
            }
        }
        return 'done';
    }
    my $again = send_form($who, $form, $button, $with, @$J);
    my $problem = json($again);
    return join ' ', $a->{status}, $problem->{code} // '?',
        map { "$_->{field}:$_->{code}" } @{$problem->{errors} || []};
}

# Presses the button of that page, which must do it.
sub do_it {
    my ($who, $path, $deed, %with) = @_;
    my ($form, $button) = form_on(get($s, $path, jar => $jar{$who})->{body},
                                  $deed)
        or die "$who $path has no $deed";
    my $a = send_form($who, $form, $button, { %{typed($path)}, %with });
    die "$who $deed: $a->{status}" if $a->{status} != 303;
    return header($a, 'location') =~ s/^\Q$s->{base}\E//r;
}

# What the demo city has too few of: findings of one owner, filings whose
# links are at hand, two of them closed; reviews of one venue.
my $inspector = json(get($s, '/desk/users.json?limit=100',
                         jar => $chief))->{items};
($inspector) = map { $_->{id} } grep { $_->{login} eq 'inspector' }
    @$inspector;

sub to_the_end {
    my ($number) = @_;
    my ($item) = grep { $_->{number} eq $number }
        @{json(get($s, '/desk/complaints.json?limit=100',
                   jar => $chief))->{items}};
    my $id = $item->{id};
    for my $step (['accept'], ['dispatch', to => $inspector,
                               due_on => day(2)],
                  ['check_in', lat => 29.65, lng => 121.4],
                  ['report', text => 'x', recommend => 'unsubstantiated'],
                  ['decide', outcome => 'unsubstantiated',
                   public_text => 'x'], ['close'])
    {
        my ($action, @more) = @$step;
        my $a = post($s, "/desk/complaints/$id", jar => $chief, headers => $J,
                     json => { action => $action, @more });
        die "$action: $a->{body}" if $a->{status} != 200;
    }
}

subtest 'what there is to be done' => sub {
    # Visits with findings, without a position: they wait for an officer.
    for my $venue ($busy, @venues[0 .. 4]) {
        do_it('inspector', "/patrol/v/$venue", '/v/{id}/inspections',
              kind => 'routine', lat => '', lng => '',
              map { ($_ => 'fail', "${_}_note" => 'dirty',
                     "${_}_photo" => \&photo) } qw(L1 L2 L3 L4));
    }
    my $again = 0;
    for my $finding (@{json(get($s, '/my/findings.json',
                                jar => $jar{owner}))->{items}})
    {
        next if $finding->{state} ne 'submitted';
        do_it('inspector', "/desk/findings/$finding->{id}",
              '/desk/findings/{id} reject');
        $again++;
    }
    cmp_ok $again, '>=', 2, 'findings to be put right again';
    for my $i (1 .. 36) {
        $jar{"filer$i"} = {};       # a device files a few a day
        my $track = do_it("filer$i", '/v/' . ($i < 18 ? $v : $v2)
                          . '/complain', '/complaints',
                          kind => $i == 20 ? 'both'
                                  : $i % 2 ? 'report' : 'complaint');
        push @{$start{public}}, $track;
        to_the_end(json(get($s, $track =~ s/\?.*/.json/r))->{number}) if $i < 7;
    }
    for my $venue ($busy, $busy, $busy, $v, $v2) {
        $jar{"diner$venue"} = {};
        get($s, '/q/' . plaque_of($s, $venue), jar => $jar{"diner$venue"});
        do_it("diner$venue", "/v/$venue/review", '/v/{id}/reviews')
            if $venue == $busy;
    }
    # Owners who do not agree.
    my ($appeals, $owners) = (0, 0);
    for my $venue (map { $_->{id} } map {
        @{json(get($s, "/venues.json?colour=$_&limit=50"))->{items}}
        } qw(yellow red))
    {
        next if $venue == $busy;
        last if $owners++ > 25;
        my $owner = $jar{"owner$venue"} = sign_in($s, venue => $venue);
        next if $appeals > 5
            || !json(get($s, '/my/appeals.json', jar => $owner))->{may_appeal};
        do_it("owner$venue", '/my/appeals', '/my/appeals file');
        $appeals++;
    }
    cmp_ok $appeals, '>=', 4, 'appeals';
    my ($asker) = grep { !json(get($s, '/my/reinspection.json',
                                   jar => $jar{$_}))->{bar} }
        grep { /^owner\d/ } sort keys %jar;
    ok $asker, 'one that may ask for a visit';
    # Now, before a finding of theirs opens again.
    do_it($asker, '/my/reinspection', '/my/reinspection ask');
    $tried{'/my/reinspection ask'}{$asker}{done}++;
    $start{$asker} = ['/my/reinspection'];
    # Somebody who has eaten in two places.
    for my $venue ($v, $v2) {
        get($s, '/q/' . plaque_of($s, $venue), jar => $jar{public});
        my $path = "/v/$venue/review";
        look_at('public', $path, get($s, $path, jar => $jar{public})->{body});
    }
};

subtest 'every page: links that lead somewhere, forms with keys' => sub {
    crawl($_, @{$start{$_}}) for sort keys %start;
    is_deeply \@wrong, [], 'nothing is wrong on any';
    cmp_ok $pages, '>', 500, "$pages pages";
};

# Refused for a reason of the domain, or done once by its nature.
my %may = (
    '/v/{id}/reviews: 409 already_today' => 'one a day and place',
);
my %once = (
    '/my/appeals file' => 'a change of colour is appealed against once',
    '/my/appeals/{id} withdraw' => 'so there is one to withdraw',
    '/my/reinspection ask' => 'a venue asks once and then waits',
);

my %done;
subtest 'faults D1: what is done once is done again' => sub {
    for my $round (1 .. 3) {
        if ($round > 1) {
            # What they left for others.
            crawl('officer', map { "/desk/$_" } qw(inspections appeals cases
                                                   findings reviews));
            crawl('owner', '/my/inspections', '/my/findings');
        }
        for my $deed (grep { !$keyless{$_} || /look/ } sort keys %at) {
            for my $who (sort keys %{$at{$deed}}) {
                my %on;
                for my $path ((@{$at{$deed}{$who}}) x 2) {
                    last if grep { ($_->{done} // 0) >= 2 }
                        $tried{$deed}{$who},
                        # Of few records some are left for other deeds.
                        @{$at{$deed}{$who}} > 20 ? () : values %{$tried{$deed}};
                    next if $on{$path}++ > 2;
                    my $result = press($who, $path, $deed);
                    next if $result eq 'gone';
                    last if $tried{$deed}{$who}{$result}++ > 4;
                }
            }
        }
    }
    for my $deed (sort keys %tried) {
        my $people = $tried{$deed};
        for my $who (sort keys %$people) {
            my @no = grep { $_ ne 'done' && !$may{"$deed: $_"} }
                sort keys %{$people->{$who}};
            push @wrong, "$who $deed: @no" if @no;
        }
        $done{$deed} = List::Util::max(map { $_->{done} // 0 }
                                       values %$people);
        push @wrong, "$deed: done by nobody twice"
            if $done{$deed} < ($once{$deed} ? 1 : 2);
    }
    is_deeply \@wrong, [], 'by one person, on two records'
        or diag explain \@wrong;
    @wrong = ();
};

subtest 'the tables have nothing that was not done' => sub {
    my %formless = (
        '/photos' => 'a script of a form sends one at a time',
        '/open311/v2/requests' => 'programs file there',
        '/s/{token}' => 'everybody here came that way',
        '/signout' => 'nobody needs a key for it',
        '/desk/clock' => 'there while the clock is in doubt: clock.t',
    );
    my %of;
    for my $deed (grep { $done{$_} } keys %done) {
        my ($pattern, $action) = split / /, $deed;
        $of{$pattern}++;
    }
    is_deeply [grep { !$of{$_} && !$formless{$_} }
               map { $_->{pattern} } grep { $_->{method} eq 'POST' }
               @routes], [], 'routes';
    my %where = (
        INSPECTION => ['/desk/inspections/{id}'],
        FINDING => ['/my/findings/{id}', '/desk/findings/{id}'],
        APPEAL => ['/my/appeals/{id}', '/desk/appeals/{id}'],
        CASE => ['/desk/cases/{id}'],
        map({ $_ => ['/desk/complaints/{id}', '/t/{token}'] }
            qw(COMPLAINT COMPLAINT_OPEN COMPLAINT_UNDECIDED)),
    );
    my $states = slurp("$root/src/domain/states.c");
    my (%steps, @left);
    while ($states =~ /^ +(\w+)\((\w+), "(\w+)",/gm) {
        $steps{"$1 $3"} = 1;
    }
    for my $step (sort keys %steps) {
        my ($flow, $action) = split / /, $step;
        push @left, $step
            if !grep { $done{"$_ $action"} } @{$where{$flow}};
    }
    cmp_ok scalar(keys %steps), '>', 20, 'steps';
    is_deeply \@left, [], 'and each was taken';
};

# What comes back has new keys as well, and says what is wrong.
subtest 'a form that is refused' => sub {
    my $refused = 0;
    for my $deed (sort keys %at) {
        my ($who) = sort keys %{$at{$deed}};
        for my $path (reverse @{$at{$deed}{$who}}) {
            $before{$deed}->($who, $path) if $before{$deed};
            my ($form, $button) = form_on(
                get($s, $path, jar => $jar{$who})->{body}, $deed) or next;
            last if !grep { exists $_->{required} } @{$form->{fields}};
            my @empty = map { ($_->{name} => '') }
                grep { defined $_->{name}
                       && ($_->{type} // '') !~ /^(?:hidden|radio|file)$/ }
                @{$form->{fields}};
            my $a = send_form($who, $form, $button, { @empty });
            push @wrong, "$who $deed: $a->{status} for an empty form"
                if $a->{status} !~ /^(?:422|409|303|200)$/;
            look_at($who, $path, $a->{body});
            $refused++ if $a->{status} == 422;
            last;
        }
    }
    # All typed, but one of it is wrong: nothing of the rest is lost.
    for my $deed (sort keys %at) {
        my ($who) = sort keys %{$at{$deed}};
        my ($path, $form, $button);
        for (reverse @{$at{$deed}{$who}}) {
            $path = $_;
            ($form, $button) = form_on(
                get($s, $path, jar => $jar{$who})->{body}, $deed) and last;
        }
        my %names = map { $_->{name} => 1 }
            grep { defined $_->{name} && ($_->{type} // '') ne 'hidden' }
            $form ? @{$form->{fields}} : ();
        for my $name ((sort keys %names)[0 .. 15]) {
            last if !defined $name;
            my $bad = $name =~ /photo/ ? { name => 'a', type => 'image/png',
                                           data => 'no picture' } : 'x' x 5000;
            my $a = send_form($who, $form, $button,
                { %{typed($path)}, map({ $_ => sub { $_[0]{value} // 'typed' } }
                                       grep { /_note$/ } keys %names),
                  $name => sub { $bad } });
            push @wrong, "$who $deed $name: $a->{status}"
                if $a->{status} >= 500;
            look_at($who, $path, $a->{body});
            last if $a->{status} < 400;
            $refused++ if $a->{status} == 422;
        }
    }
    is_deeply \@wrong, [], 'each comes back whole';
    cmp_ok $refused, '>', 10, "$refused refused";
};

# What no link and no empty form leads to.
subtest 'what is asked for in other ways' => sub {
    my $ask = sub {
        my ($who, $path, @more) = @_;
        my $a = get($s, $path, jar => $jar{$who}, @more);
        push @wrong, "$who $path: $a->{status}" if $a->{status} >= 500;
        look_at($who, $path, $a->{body});
    };
    my $word = Forms::address('面');
    $ask->(public => "/venues?q=$word&near=29.65,121.4&radius=20000");
    $ask->(public => '/venues?bbox=121,29,122,30&limit=1');
    $ask->(public => '/q/0000000000000000C');
    $ask->(public => link_of($s, venue => $v));
    $ask->(public => link_of($s, login => 'officer'));
    $ask->(inspector => "/patrol?q=$word&near=29.65,121.4");
    $ask->(officer => "/desk/complaints?q=170&overdue=1");
    $ask->(officer => "/desk/officers/$_") for 3, 19;
    $ask->(officer => "/desk/$_?limit=1")
        for qw(complaints cases findings inspections appeals reviews);
    $ask->(chief => "/desk/$_?limit=1") for qw(users access supervisors);
    $ask->(owner => "/my/$_?limit=1")
        for qw(reviews findings inspections appeals complaints);
    $ask->(public => "/v/$busy/$_?limit=1")
        for qw(reviews inspections grades);

    # A policy and a checklist that change much.
    for (['/desk/policy', '/desk/policy preview', 'colour.green' => 99],
         ['/desk/checklist', '/desk/checklist preview', document => sub {
              my $json = $_[0]{value};
              $json =~ s/("version":\s*")[^"]*/${1}all-new/;
              $json =~ s/("text_en":\s*")/$1New /;
              $json =~ s/("severity":\s*)"\w+"/$1"critical"/g;
              $json =~ s/("guidance":\s*")/$1New /;
              my ($other) = grep { $_ ne 'licence' }
                  $json =~ /"head":\s*"(\w+)"/g;
              $json =~ s/("head":\s*)"licence"/$1"$other"/;
              return $json;
          }])
    {
        my ($path, $deed, %with) = @$_;
        my ($form, $button) = form_on(
            get($s, $path, jar => $jar{chief})->{body}, $deed);
        my $a = send_form('chief', $form, $button,
                          { %{typed($path)}, %with });
        is $a->{status}, 200, $deed;
        look_at('chief', $path, $a->{body});
    }

    # What a venue is told of complaints and penalties, and who may not look.
    my $told = filing($s, 1, { venue => $busy, kind => 'report',
                               category => 'dirty', text => 'x' });
    my $desk = sub {
        my ($who, $id, %step) = @_;
        return post($s, "/desk/complaints/$id", jar => $jar{$who},
                    headers => $J, json => \%step);
    };
    $desk->(chief => $told, action => $_, text => 'x')
        for qw(accept release);
    $desk->(officer => $told, action => 'look', reason => 'x');
    my $case = post($s, '/desk/cases', jar => $jar{chief}, headers => $J,
                    json => { venue => $busy, text => 'x', inspection =>
                              json(get($s, "/v/$busy/inspections.json"))
                                  ->{items}[0]{id} });
    post($s, '/desk/cases/' . (json($case)->{id} // 0), jar => $jar{chief},
         headers => $J, json => { action => 'decide', penalty => \1,
                                  document_no => 'P 1', published => \1,
                                  text => 'x' });

    # A place in words, and what its forms say of it; filed before here.
    $jar{words} = {};
    my %place = (kind => 'report', place => 'Road 5', lat => 29.65,
                 lng => 121.4);
    for my $bad ([lat => 'x'], [place => 'x' x 500]) {
        my ($form, $button) = form_on(
            get($s, '/complain', jar => $jar{words})->{body}, '/complaints');
        send_form('words', $form, $button,
                  { %{typed('/complain')}, %place, @$bad });
    }
    my $track = do_it('words', '/complain', '/complaints', %place);
    $ask->(public => $track);
    my ($nowhere) = grep { !$_->{venue} }
        @{json(get($s, '/desk/complaints.json?state=received&limit=100',
                   jar => $chief))->{items}};
    $ask->(chief => "/desk/complaints/$nowhere->{id}");
    my ($form, $button) = form_on(get($s, $track)->{body}, '/t/{token} add');
    for my $file (photo(), { name => 'a', type => 'image/png', data => 'x' })
    {
        send_form('words', $form, $button,
                  { text => 'x' x 5000, photo => $file });
    }
    ctl($s, 'erase', "complaint:$nowhere->{id}");
    $ask->(public => $track);
    $ask->(filer30 => "/v/$v2/complain");

    # A finding put right without words, a reply that is removed, a masked
    # review, a visit that forgot an answer.
    for my $finding (@{json(get($s, '/my/findings.json',
                                jar => $jar{owner}))->{items}})
    {
        next if $finding->{state} !~ /^(?:submitted|open)$/;
        my $id = $finding->{id};
        do_it('inspector', "/desk/findings/$id",
              '/desk/findings/{id} reject') if $finding->{state} ne 'open';
        for my $file (photo(), { name => 'a', type => 'image/png',
                                 data => 'x' })
        {
            ($form, $button) = form_on(
                get($s, "/my/findings/$id", jar => $jar{owner})->{body},
                '/my/findings/{id} submit');
            send_form('owner', $form, $button, { text => '', photo => $file });
        }
        last;
    }
    for my $visit (@{json(get($s, '/my/inspections.json?limit=100',
                              jar => $jar{owner}))->{items}})
    {
        my $path = "/desk/inspections/$visit->{id}";
        my $body = get($s, $path, jar => $chief)->{body};
        next if $body !~ /value="remove_reply"/;
        do_it('chief', $path, '/desk/inspections/{id} remove_reply');
        $ask->(chief => $path);
        last;
    }
    $jar{diner} = {};
    get($s, '/q/' . plaque_of($s, $busy), jar => $jar{diner});
    $ask->(diner => do_it('diner', "/v/$busy/review", '/v/{id}/reviews',
                          text => 'call 13800138000'));
    ($form, $button) = form_on(
        get($s, "/patrol/v/$v", jar => $jar{inspector})->{body},
        '/v/{id}/inspections');
    send_form('inspector', $form, $button,
              { kind => 'routine', L1 => 'fail', L1_note => 'x',
                L1_photo => \&photo, L2 => 'x' });
    my ($there) = grep { ($_->{venue} // 0) == $v }
        @{json(get($s, '/desk/complaints.json?limit=100',
                   jar => $chief))->{items}};
    # A visit that says which complaint it looked into.
    my $sheet = json(get($s, "/patrol/v/$v.json", jar => $jar{inspector}));
    my @began = gmtime(time - 2);
    my @ended = gmtime(time);
    my $visit = post($s, "/v/$v/inspections", jar => $jar{inspector},
        headers => $J, json => {
            kind => 'complaint', complaint => $there->{id},
            checklist => $sheet->{checklist},
            started_at => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', @began),
            finished_at => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', @ended),
            items => [map { { code => $_, result => 'pass' } }
                      map { $_->{code} // $_->{item}{code} }
                      map { @{$_->{items}} } @{$sheet->{heads}}] });
    is $visit->{status}, 201, 'a visit for a complaint' or diag $visit->{body};
    $ask->(chief => "/desk/complaints/$there->{id}");
    my $closed = post($s, "/desk/complaints/$nowhere->{id}", jar => $chief,
                      form => [action => 'close']);
    is $closed->{status}, 409, 'a step that is not open';

    # Lists with what the demo city lacks, and a chief of one district.
    my $list = sub {
        my ($kind, @lines) = @_;
        spew("$s->{dir}/more.csv", join "\n", @lines, '');
        my $r = ctl($s, 'import', $kind, "$s->{dir}/more.csv");
        is $r->{status}, 0, "a list of $kind" or diag $r->{err};
    };
    $list->(venues => 'ref,name,name_en,address,status,uscc,licence_no,'
            . 'licence_expires_on', 'new-1,Noodles,Noodles,Road 1,active,'
            . '91330283MA2AF0000A,JY23302830000000,2020-01-01');
    $list->(inspections => 'ref,date,score', 'new-1,' . day(-400) . ',90',
            'new-1,' . day(-5) . ',90');
    my ($new) = grep { $_->{name} eq 'Noodles' }
        @{json(get($s, '/venues.json?q=Noodles'))->{items}};
    plaque_of($s, $new->{id});
    $ask->(public => $_)
        for "/v/$new->{id}", '/venues?q=Noodles', "/v/$new->{id}/inspections",
            "/v/$new->{id}/inspections/1";
    $ask->(chief => "/v/$new->{id}/plaque");
    ctl($s, qw(user add --login far --role chief --name far --district), 'X');
    $jar{far} = sign_in($s, login => 'far');
    $ask->(far => '/desk/users');
    $desk->(chief => filing($s, 1, { venue => $busy, kind => 'report',
                                     category => 'dirty', text => 'x' }),
            action => 'accept');
    $ask->(owner => '/my/complaints?limit=1');
    my ($worded) = grep { defined $_->{text} }
        @{json(get($s, "/v/$busy/reviews.json?limit=50"))->{items}};
    ctl($s, 'erase', "review:$worded->{id}");
    $ask->(public => "/v/$busy/reviews?limit=50");

    # A key of before: another request, and refused as a whole.
    for my $from ('a', 'b') {
        my $a = post($s, "/desk/evaluations/$v2", jar => $chief,
                     form => [year => substr(day(-366), 0, 4), level => 'A',
                              source => $from, idempotency_key => 'same']);
        is $a->{status}, $from eq 'a' ? 303 : 422, "a key, from $from";
        look_at('chief', "/desk/evaluations/$v2", $a->{body});
    }

    crawl($_, @{$start{$_}}) for sort keys %start;
    is_deeply \@wrong, [], 'all answer';
};

# faults D1: known, and filled by nobody.
my %cannot = (
    'AppealView.overdue_days' => 'an appeal of three weeks ago',
    'AppealView.took_part' => 'a downgrade that the same person caused',
    'Frame.clock_confirm' => 'the clock is right here: clock.t',
    'Frame.clock_on' => 'the same',
    'GradingProgress.done' => 'stands while a night is walked',
    'PolicyBar.others' => 'more districts than a chart has bars',
    'PolicyDistrict.others' => 'the same in the table',
);

subtest 'faults D1: every field that a page names is filled' => sub {
    my @libraries = map { "-l$_" } qw(lmdb sodium qrencode pcre2-8 protobuf-c
                                      jansson utf8proc png z m);
    my $named = compiled('named', build() . '/libshian.a',
        build() =~ /asan/ ? '-fsanitize=address,undefined' : (), @libraries);
    my %named = map { (split / /)[1] => 1 } split /\n/, `$named $root/html`;
    is $?, 0, 'named';
    cmp_ok scalar(keys %named), '>', 500, scalar(keys %named) . ' fields';
    my %was = map { (split / /)[1] => 1 } split /\n/, slurp($filled);
    my @never = grep { !$was{$_} && !$cannot{$_} } sort keys %named;
    is_deeply \@never, [], 'all were there once' or diag "never: @never";
    is_deeply [grep { $was{$_} || !$named{$_} } sort keys %cannot], [],
        'and none is excused for nothing';
};

stop($s);
done_testing;
