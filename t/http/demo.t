# The demo city: Fenghua's figures, by the rules from two years of evidence.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode_utf8);
use JSON::PP;
use POSIX ();
use Time::Local qw(timegm);
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(new_store configure start stop ctl ctl_json get header json
             csv_rows sign_in);

my @colours = qw(green yellow red ungraded closed);

sub lines {
    my $r = ctl(@_);
    is $r->{status}, 0, "@_[1 .. $#_]" or diag $r->{err};
    return map { decode_json($_) } split /\n/, $r->{out};
}

# As many days later; days are the city's, eight hours ahead.
sub day {
    my ($date, $days) = @_;
    my ($y, $m, $d) = split /-/, $date;
    return POSIX::strftime('%Y-%m-%d',
                           gmtime(timegm(0, 0, 0, $d, $m - 1, $y)
                                  + 86400 * $days));
}

sub today { POSIX::strftime('%Y-%m-%d', gmtime(time + 8 * 3600)) }

# What the log gives on a day, by venue.
sub grades {
    my ($s, @args) = @_;
    return map { $_->{id} => $_ } lines($s, '--json', 'grade', @args);
}

sub count {
    my %n = map { $_ => 0 } @colours;
    $n{$_}++ for @_;
    return \%n;
}

# As Fenghua has them: of 3,800 places 1,500 graded, 379 green and 360 red.
sub figures {
    my ($n) = @_;
    my ($green, $red, $graded) = map { int(($n * $_ + 1900) / 3800) }
        379, 360, 1500;
    my $closed = POSIX::ceil($n / 100);
    return { green => $green, red => $red, yellow => $graded - $green - $red,
             closed => $closed, ungraded => $n - $graded - $closed };
}

sub city_of {
    my ($n, @args) = @_;
    my $s = new_store();
    configure($s);
    my $r = ctl($s, '--json', 'demo', '--venues', $n, @args);
    is $r->{status}, 0, "demo --venues $n @args" or diag $r->{err};
    $s->{made} = decode_json($r->{out});
    return $s;
}

# The whole city, and what stands before any routine has looked at it.
my $today = today();
my $s = city_of(3800, '--today', $today);
my %venue = map { $_->{id} => $_ }
    lines($s, 'export', 'venues', '--format', 'json');

subtest 'by the rules, today and for a fortnight' => sub {
    my %grade = grades($s, '--as-of', $today);
    is_deeply { map { $_ => $grade{$_}{colour} } keys %grade },
        { map { $_ => $venue{$_}{colour} } keys %venue },
        'each recomputed colour is the one that stands';
    is_deeply { map { $_ => int($grade{$_}{score_centi} / 100) }
                grep { defined $grade{$_}{score_centi} } keys %grade },
        { map { $_ => int($venue{$_}{score}) }
          grep { defined $venue{$_}{score} } keys %venue },
        'and so is each score';

    my %why;
    for my $g (values %grade) {
        $why{$g->{colour}}{$_->{code}}++ for @{$g->{components}};
    }
    for my $code (qw(finding credit critical_open licence_expired
                     suspended complaint case))
    {
        cmp_ok $why{red}{$code} || 0, '>', 10, "red for $code";
    }
    for my $code (qw(finding finding_past credit reviews held complaint)) {
        cmp_ok $why{yellow}{$code} || 0, '>', 10, "yellow for $code";
    }

    for my $days (1, 14) {
        my %then = grades($s, '--as-of', day($today, $days));
        is_deeply count(map { $_->{colour} } values %then), figures(3800),
            "the same colours in $days days, if nothing happens";
    }
};

start($s);

subtest 'the figures' => sub {
    my ($city) = grep { $_->{part} eq 'city' }
        @{json(get($s, '/stats.json'))->{items}};
    is $city->{venues}, 3800;
    is "$city->{green} $city->{yellow} $city->{red}", '379 761 360',
        'green, yellow, red';
    is $city->{ungraded} + $city->{closed}, 2300, 'the rest has no colour';
};

sub minutes { $_[0] =~ /T(\d+):(\d+)/ or die $_[0]; return 60 * $1 + $2 }

subtest 'people and what waits for them' => sub {
    my @users = lines($s, '--json', 'user', 'list');
    is scalar(grep { $_->{role} eq 'inspector' } @users), 13,
        'supervisors';

    my (@visits, %seen);
    my ($head, @rows) = csv_rows(decode_utf8(
        ctl($s, 'export', 'inspections', '--format', 'csv')->{out}));
    for my $row (@rows) {
        my %v;
        @v{@$head} = @$row;
        push @visits, \%v;
        $seen{$v{state}}++;
    }

    cmp_ok $seen{waiting}, '>=', 5, 'visits off site wait';
    cmp_ok $seen{flagged}, '>=', 5, 'odd ones as well';
    cmp_ok $seen{waiting} + $seen{flagged}, '<', 50, 'a handful';
    is scalar(grep { $_->{state} eq 'flagged'
                     && minutes($_->{finished_at}) - minutes($_->{started_at})
                        >= 3 } @visits),
        0, 'for being too short, not because somebody flies';

    my %by;
    for my $v (@visits) {
        my $inner = $venue{$v->{venue}}{district} =~ /\A(?:锦屏|岳林)街道\z/;
        $by{$inner ? 'inner' : 'outer'}{$v->{by}}++;
    }
    is_deeply \%by, { inner => { inspector => $by{inner}{inspector} },
                      outer => { officer => $by{outer}{officer} } },
        'supervisors in the two inner subdistricts, officers elsewhere';
    my @days = sort map { $_->{on} } @visits;
    cmp_ok $days[-1] cmp $days[0], '>', 0;
    cmp_ok $days[0], 'lt', day($today, -690), 'for two years';
    cmp_ok $days[-1], 'ge', day($today, -2), 'until now';
};

subtest 'pictures' => sub {
    my ($with) = grep { @{$_->{photos} || []} }
        map { @{json(get($s, "/v/$_/reviews.json"))->{items}} }
        map { 1 + 97 * $_ } 0 .. 20;
    ok $with, 'a review has one';
    my $r = get($s, $with->{photos}[0]{href});
    is $r->{status}, 200;
    is header($r, 'content-type'), 'image/png';
    like $r->{body}, qr/\A\x89PNG\r\n/;
};

# Filed in the last 90 days by the doors' own checks, and worked on since.
subtest 'complaints and what becomes of them' => sub {
    my @all = lines($s, 'export', 'complaints', '--format', 'json');
    is scalar(@all), $s->{made}{complaints}, 'as many as it says';
    cmp_ok scalar(@all), '>', 3800 / 8, 'one place of eight, and more';

    my (%state, %kind, %category, %outcome);
    for my $c (@all) {
        $state{$c->{state}}++;
        $kind{$c->{kind}}++;
        $category{$c->{category}}++;
        $outcome{$c->{outcome}}++ if $c->{outcome};
    }
    for my $state (qw(received accepted refused merged dispatched on_site
                      reported substantiated unsubstantiated rectifying
                      closed withdrawn))
    {
        cmp_ok $state{$state} // 0, '>=', 5, $state;
    }
    is join(' ', sort keys %category), join(' ', sort map { $_->{code} }
        @{decode_json(do {
            open my $f, '<', "$FindBin::Bin/../../conf/categories.json";
            local $/; <$f> })->{items}}), 'every category';
    cmp_ok $kind{$_}, '>', @all / 5, $_ for qw(complaint report);
    cmp_ok $outcome{$_}, '>', @all / 5, $_
        for qw(substantiated unsubstantiated);
    my @first = sort map { substr $_->{at}, 0, 10 } @all;
    cmp_ok $first[0], 'ge', day($today, -92), 'none is older';
    cmp_ok $first[0], 'le', day($today, -80), 'for three months';
    is $first[-1], day($today, -1), 'until yesterday';

    my $late = grep { $_->{due_on} && $_->{due_on} lt $today } @all;
    cmp_ok $late, '<=', @all / 50, 'the bureau is in time, nearly always';
    my @looked = grep { $_->{looked_at} } @all;
    my @in_time = grep { $_->{looked_at} le $_->{look_due_at} } @looked;
    cmp_ok scalar(@in_time), '>=', 0.95 * @looked, 'and so is its first look';
};

subtest 'what the people of the bureau find' => sub {
    my $jar = sign_in($s, login => 'chief');
    my $look = sub { json(get($s, $_[0], jar => $jar)) };

    my $board = $look->('/desk/complaints.json');
    cmp_ok scalar(@{$board->{items}}), '>=', 20, 'a board';
    my ($total) = grep { $_->{part} eq 'all' }
        @{$look->('/desk/figures.json')->{items}};
    is $total->{received}, $s->{made}{complaints}, 'figures';
    my %case;
    my $path = '/desk/cases.json?limit=100';
    while ($path) {
        my $list = $look->($path);
        $case{$_->{state}}++ for @{$list->{items}};
        $path = $list->{next};
    }
    cmp_ok $case{$_} // 0, '>', 0, "a case $_" for qw(opened decided closed);

    my $track = $s->{made}{track};
    $track =~ s/^\Q$s->{base}\E//;
    my $seen = json(get($s, "$track.json"));
    is $seen->{venue}, 1, 'who complained of venue 1 follows it'
        or diag explain $seen;
};

stop($s);

# Another city on another day.  What its history says of a past day is what
# the log gives for that day: the routine's nights are not left out.
subtest 'another seed, another day, a past that agrees' => sub {
    my ($n, $last) = (380, '2025-03-01');
    my $t = city_of($n, '--seed', 9, '--today', $last);
    is_deeply ctl_json($t, 'stat')->{colours}, figures($n),
        'in proportion';

    my ($at, @log) = ('');
    for (lines($t, 'export', 'log', '--format', 'json')) {
        # Before it and after it stand the store's making and the links.
        next if $_->{seq} == 1 || $_->{operation}{link_issue};
        push @log, $_->{seq} if $_->{operation}{at} lt $at;
        $at = $_->{operation}{at};
    }
    is_deeply \@log, [], 'the log goes by time';
    is $at, day($last, -1) . 'T16:00:00Z', 'and ends last midnight';

    start($t);
    my %history;
    for my $id (1 .. $n) {
        my $path = "/v/$id/grades.json?limit=100";
        while ($path) {
            my $list = json(get($t, $path));
            push @{$history{$id}}, @{$list->{items}};
            $path = $list->{next};
        }
    }
    stop($t);

    my $lively = grep {
        my %c = map { $_->{colour} => 1 } @{$history{$_} || []};
        $c{green} && $c{red};
    } keys %history;
    cmp_ok $lively, '>=', $n / 20, 'many have been green and red';

    for my $back (31, 217, 365, 500) {
        my $date = day($last, -$back);
        my %then = grades($t, '--as-of', $date);
        my $end = "${date}T15:59:59.999Z";
        my @wrong = grep {
            my ($stood) = grep { $_->{since} le $end } @{$history{$_} || []};
            ($stood ? $stood->{colour} : 'ungraded') ne $then{$_}{colour};
        } sort { $a <=> $b } keys %then;
        is_deeply \@wrong, [], "history and log agree on $date";
    }
    is ctl($t, 'verify')->{status}, 0, 'and all of it can be replayed';
};

done_testing;
