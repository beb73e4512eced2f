# Inspections as an inspector's program sends them, for tests of what comes of
# them.
package Visit;

use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Shian qw(get post json open_venues);

our @EXPORT_OK = qw(visit visit_with day codes spotless);

# RFC 3339 so many seconds from now; and the local day so many days from now.
sub at { return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + shift) }
sub day {
    return POSIX::strftime('%Y-%m-%d', gmtime(time + 8 * 3600 + 86400 * shift));
}

# Venues where no inspection found anything.
sub spotless {
    my ($s) = @_;
    return grep {
        my $v = json(get($s, "/v/$_.json"));
        !$v->{counts}{findings_open}
            && !grep { $_->{failed} } @{$v->{inspections}};
    } open_venues($s);
}

# An inspector begins one visit a second: the same instant is the same visit.
my $visits = 0;

# The document: all passes but what `fail` names ({ L1 => { note => … } });
# other members as they are sent.
sub visit_with {
    my ($s, $venue, %o) = @_;
    my $v = json(get($s, "/v/$venue.json"));
    my $list = json(get($s, '/checklist.json'));
    my $fail = delete $o{fail} || {};
    my @items = map {
        my $code = $_->{code};
        my $how = $fail->{$code};
        { code => $code, result => $how ? 'fail' : 'pass',
          ($how ? (note => "$code is wrong", %$how) : ()) };
    } map { @{$_->{items}} } @{$list->{heads}};

    $visits++;
    return { kind => 'routine', checklist => $list->{version},
             started_at => at($visits - 1200), finished_at => at(-60),
             lat => $v->{lat}, lng => $v->{lng}, accuracy => 10,
             items => \@items, %o };
}

# Posts it and returns the inspection.
sub visit {
    my ($s, $jar, $venue, %o) = @_;
    my $a = post($s, "/v/$venue/inspections", jar => { %$jar },
                 json => visit_with($s, $venue, %o));
    die "visit: $a->{status} $a->{body}" if $a->{status} != 201;
    return json($a);
}

# "field:code …" of a problem.
sub codes {
    my ($answer) = @_;
    return join ' ', map { "$_->{field}:$_->{code}" }
        @{json($answer)->{errors} || []};
}

1;
