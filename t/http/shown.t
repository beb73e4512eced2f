# faults D2: a photo is seen through each record that shows it, by whoever may
# see that record now, whatever else shows the same picture.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();

use Shian qw(demo_store configure start stop ctl get post header json
             plaque_of open_venues sign_in log_of slurp root filing);
use Visit qw(visit);

my $s = demo_store(40, '--complaints', 0);
configure($s);
start($s);

my $J = [Accept => 'application/json'];
my ($v, $v2) = open_venues($s);
my $grey = slurp(root() . '/t/fuzz/corpus/photo/grey.jpg');
my @photo = (photo => { name => 'a.jpg', type => 'image/jpeg',
                        data => $grey });
my %jar = (
    chief => sign_in($s, login => 'chief'),
    officer => sign_in($s, login => 'officer'),
    inspector => sign_in($s, login => 'inspector'),
    owner => sign_in($s, venue => $v),
    rival => sign_in($s, venue => $v2),
    public => {},
);

sub as { return jar => $jar{$_[0]}, headers => $J }
sub data { return json(get($s, $_[1], as($_[0]))) }
sub see { return get($s, $_[1], jar => $jar{$_[0]})->{status} }

# One picture: found on a visit, sent in with a report, and with a review.
my $hash = json(post($s, '/photos', as('inspector'),
                     multipart => [@photo]))->{hash};
my $in = visit($s, $jar{inspector}, $v,
               fail => { L1 => { note => 'n', photos => [$hash] } });
my $desk = "/desk/inspections/$in->{id}/photos/1";
my $my = "/my/inspections/$in->{id}/photos/1";
my ($finding) = @{$in->{findings}};

sub visit_is_seen {
    my ($when) = @_;
    is see($_, $desk), 200, "$_ sees what was found $when"
        for qw(inspector officer chief);
    is see('owner', $my), 200, "and the owner $when";
    is see('owner', "/my/findings/$finding/photos/1"), 200,
        "also under the finding $when";
    is see('officer', "/desk/findings/$finding/photos/1"), 200;
    is see('rival', $my), 404, 'nobody else';
    is see('public', $desk), 401;
}

visit_is_seen('at first');
is see($_, "/photos/$hash"), 404, "by its name not $_"
    for qw(inspector owner public);

my $a = post($s, '/complaints', headers => $J, multipart =>
             [qw(kind report category dirty text dirty venue), $v, @photo]);
is $a->{status}, 201;
my $track = json($a)->{track};
my $id = json($a)->{id} || data('chief', '/desk/complaints.json')
    ->{items}[0]{id};
my $other = json(post($s, '/complaints', headers => $J, form =>
                      [qw(kind report category dirty text none venue), $v]))
    ->{track};

subtest 'the same bytes in a report' => sub {
    visit_is_seen('still');
    is see('public', "$track/photos/1"), 200, 'who filed it sees theirs';
    is see('public', "$other/photos/1"), 404, 'not by another link';
    is see('chief', "/desk/complaints/$id/photos/1"), 200, 'the bureau';
    is see('inspector', "/desk/complaints/$id/photos/1"), 404,
        'but for whom it was not given to';
    is see('owner', "/desk/complaints/$id/photos/1"), 403, 'nor the place';
    is see('public', "/desk/complaints/$id/photos/1"), 401;
    is see($_, "/photos/$hash"), 404, "by its name not $_"
        for qw(inspector owner public);
    is header(get($s, "$track/photos/1"), 'cache-control'), 'no-store';
    my ($token) = $track =~ m{([^/]+)\z};
    unlike log_of($s, 'access'), qr/\Q$token\E/, 'the link is in no log';
};

subtest 'nobody is told that it was here before' => sub {
    my $fresh = slurp(root() . '/t/fuzz/corpus/photo/rgba.png');
    my @answer = map { post($s, '/photos', as('owner'), multipart =>
                            [photo => { name => 'a', data => $_ }]) }
        $grey, $fresh, $fresh;
    is join(' ', map { $_->{status} } @answer), '201 201 201';
    is_deeply [sort keys %{json($answer[0])}],
        [sort keys %{json($answer[1])}];
};

subtest 'what a form keeps opens nothing' => sub {
    my $kept = json(post($s, '/photos', as('inspector'),
                         multipart => [@photo]))->{kept_photo};
    ok $kept;
    is see('public', "/photos/$hash?token=$kept"), 404;
    is see('public', "/photos/$hash?inspection=$in->{id}"), 404;
};

subtest 'the same bytes in a review' => sub {
    my %diner;
    get($s, '/q/' . plaque_of($s, $v), jar => \%diner);
    my $r = json(post($s, "/v/$v/reviews", jar => \%diner, headers => $J,
                      multipart => [hygiene => 4, @photo]));
    is $r->{photos}[0]{href}, "/photos/$hash";
    is see('public', "/photos/$hash"), 200, 'is everybody\'s';
    my $etag = header(get($s, "/photos/$hash"), 'etag');
    visit_is_seen('beside it');
    is post($s, "/desk/reviews/$r->{id}", as('officer'), json =>
            { action => 'remove', reason => 'unlawful' })->{status}, 200;
    is see('public', "/photos/$hash"), 404, 'removed, nobody\'s';
    is get($s, "/photos/$hash", headers => ['If-None-Match' => $etag])
        ->{status}, 404, 'nor who kept it';
    is see('officer', "/desk/reviews/$r->{id}/photos/1"), 200,
        'who removed it may look again';
    is see('owner', "/desk/reviews/$r->{id}/photos/1"), 403;
    visit_is_seen('after it');
    is see('public', "$track/photos/1"), 200;
};

subtest 'erased' => sub {
    is ctl($s, 'erase', "complaint:$id")->{status}, 0;
    is see('public', "$track/photos/1"), 404, 'here';
    is see('chief', "/desk/complaints/$id/photos/1"), 404;
    visit_is_seen('then as well');

    # faults of a later look: an erased review went on showing its photo.
    my %scan;
    get($s, '/q/' . plaque_of($s, $v), jar => \%scan);
    my $png = slurp(root() . '/t/fuzz/corpus/photo/rgba.png');
    my $r = json(post($s, "/v/$v/reviews", jar => \%scan, headers => $J,
        multipart => [hygiene => 5, text => 'me at the table', photo =>
            { name => 'b.png', type => 'image/png', data => $png }]));
    my $own = $r->{photos}[0]{href};
    is see('public', $own), 200, 'a review shows its photo';
    is ctl($s, 'erase', "review:$r->{id}")->{status}, 0;
    is see('public', $own), 404, 'until it is erased';
    is ctl($s, 'verify')->{status}, 0;
};

stop($s);
done_testing;
