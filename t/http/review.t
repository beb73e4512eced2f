# Reviews, from the form to the page: proof of a scan, photos, moderation.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode ();
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop ctl get post request header
             cookies json plaque_of open_venues sign_in seq log_of slurp spew
             root);

my $s = demo_store();
spew("$s->{dir}/words", Encode::encode_utf8("赌博\ngamble\n"));
configure($s, http => "shian_words $s->{dir}/words;");
start($s);

my ($v, $v2, $v3, $v4) = open_venues($s);
my %code = map { $_ => plaque_of($s, $_) } $v, $v2, $v3, $v4;
my $photos = root() . '/t/fuzz/corpus/photo';
my %photo = map { $_ => slurp("$photos/$_") }
    qw(grey.jpg rgba.png lossless.webp alpha.webp);

# A device that has just stood before the plaque; or the same once more.
sub scan {
    my ($venue, $device) = @_;
    my $jar = $device ? { device => $device } : {};
    get($s, "/q/$code{$venue}", jar => $jar);
    return $jar;
}

# One that reads as it should on whichever worker answers.
sub venue {
    my ($venue) = @_;
    my %seen;
    for (1 .. 4) {
        my $a = json(get($s, "/v/$venue.json"));
        $seen{"$a->{rating}{count}"}++;
        $_ == 4 and is scalar(keys %seen), 1, 'every worker says the same';
        return $a if $_ == 4;
    }
}

sub codes {
    my ($answer) = @_;
    return join ' ', map { "$_->{field}:$_->{code}" }
        @{json($answer)->{errors} || []};
}

my $JSON = [Accept => 'application/json'];

subtest 'the proof of a scan' => sub {
    my $n = seq($s);
    my $a = post($s, "/v/$v/reviews", json => { hygiene => 5 });
    is $a->{status}, 403;
    is json($a)->{code}, 'scan_required';
    $a = post($s, "/v/$v/reviews", json => { hygiene => 5 },
              jar => scan($v2));
    is json($a)->{code}, 'scan_required', "another venue's does not count";
    my $jar = scan($v);
    substr($jar->{scan}, 60, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90A0/;
    $a = post($s, "/v/$v/reviews", json => { hygiene => 5 }, jar => $jar);
    is json($a)->{code}, 'scan_required', 'nor does a changed one';
    is seq($s), $n, 'nothing was written';
    like get($s, "/v/$v/review")->{body}, qr/<ol>/, 'the form explains it';
    like get($s, "/v/$v/review", jar => scan($v))->{body}, qr/<form method/;
};

my $first;

subtest 'three ways to post' => sub {
    my $was = venue($v)->{rating};
    my $jar = scan($v);
    my $a = post($s, "/v/$v/reviews", jar => $jar, json =>
        { hygiene => 5, food => 4, service => 3, text => "干净 <b>&\"'" });
    is $a->{status}, 201, 'JSON gets 201';
    like header($a, 'location'), qr{\A/v/$v/reviews/(\d+)\z};
    ($first) = header($a, 'location') =~ /(\d+)\z/;
    is json($a)->{text}, "干净 <b>&\"'";
    is json($a)->{id}, $first;

    my $html = get($s, "/v/$v")->{body};
    like $html, qr/&lt;b(?:&gt;|>)&amp;/, 'inert in HTML';
    unlike $html, qr/<b>&/;

    $a = post($s, "/v/$v/reviews", jar => scan($v),
              form => [hygiene => 1, text => 'hair in the soup']);
    is $a->{status}, 303, 'a form gets 303';
    my $there = get($s, header($a, 'location'),
                    jar => { %{scan($v)} });
    is $there->{status}, 303, 'what others see is the list';

    my $mine = scan($v);
    $a = post($s, "/v/$v/reviews", jar => $mine,
              multipart => [hygiene => 3, text => 'soso']);
    is $a->{status}, 303, 'multipart as well';
    my ($id) = header($a, 'location') =~ /(\d+)\z/;
    like get($s, header($a, 'location'), jar => $mine)->{body},
        qr/<b class="code">$id</, 'thanks to who wrote it';

    $a = post($s, "/v/$v/reviews", jar => scan($v), headers => $JSON,
              form => [hygiene => 3]);
    is $a->{status}, 201, 'a form that wants JSON gets JSON';

    my $is = venue($v);
    is $is->{rating}{count}, $was->{count} + 4, 'counted at once';
    my %stars = map { $_->{stars} => $_->{count} }
        @{$is->{rating}{histogram}};
    my %before = map { $_->{stars} => $_->{count} } @{$was->{histogram}};
    is $stars{5}, ($before{5} || 0) + 1, 'five stars';
    is $stars{1}, ($before{1} || 0) + 1, 'one star';
    is $stars{3}, ($before{3} || 0) + 2, 'three stars';
    like get($s, "/v/$v")->{body}, qr/soso/, 'and on the page';
};

subtest 'all that is wrong is listed' => sub {
    my $n = seq($s);
    my $long = '好' x 1001;
    my $a = post($s, "/v/$v2/reviews", jar => scan($v2), json =>
        { hygiene => 6, food => 'x', service => 0, text => $long,
          nonsense => 1 });
    is $a->{status}, 422;
    is header($a, 'content-type'), 'application/problem+json';
    like codes($a), qr/hygiene:range/;
    like codes($a), qr/service:range/;
    like codes($a), qr/text:too_long/;
    like codes($a), qr/nonsense:unknown/;
    like codes($a), qr/food:/;

    $a = post($s, "/v/$v2/reviews", jar => scan($v2), json => {});
    is codes($a), 'hygiene:required';

    my $jar = scan($v2);
    $a = post($s, "/v/$v2/reviews", jar => $jar, multipart =>
        [food => 4, text => 'kept <words>',
         photo => { name => 'a.jpg', type => 'image/jpeg',
                    data => $photo{'grey.jpg'} }]);
    is $a->{status}, 422, 'the form again';
    like $a->{body}, qr/kept &lt;words(?:&gt;|>)/, 'with what was typed';
    like $a->{body}, qr/name="food" value="4" checked/, 'and chosen';
    like $a->{body}, qr/id="hygiene-error"/, 'and what is wrong';
    my ($kept) = $a->{body} =~ /name="kept_photo" value="([^"]+)"/;
    ok $kept, 'and the photo';
    is seq($s), $n, 'nothing was written';

    $a = post($s, "/v/$v2/reviews", jar => $jar, headers => $JSON,
              multipart => [hygiene => 4, kept_photo => $kept]);
    is $a->{status}, 201;
    is scalar @{json($a)->{photos}}, 1, 'the kept photo is in';

    $a = post($s, "/v/$v2/reviews", jar => scan($v2), headers => $JSON,
              multipart => [hygiene => 4, kept_photo => "${kept}x"]);
    is int($a->{status} / 100), 4, 'a changed token is no photo';
};

subtest 'one review' => sub {
    my $jar = scan($v3);
    is post($s, "/v/$v3/reviews", jar => $jar, json => { hygiene => 4 })
        ->{status}, 201;
    my $n = seq($s);
    my $a = post($s, "/v/$v3/reviews", jar => { %$jar },
                 json => { hygiene => 4 });
    is $a->{status}, 403;
    is json($a)->{code}, 'scan_used', 'a scan';
    $a = post($s, "/v/$v3/reviews", jar => scan($v3, $jar->{device}),
              json => { hygiene => 4 });
    is $a->{status}, 409, 'a day';
    is seq($s), $n;
    is post($s, "/v/$v4/reviews", jar => scan($v4, $jar->{device}),
            json => { hygiene => 4 })->{status}, 201, 'elsewhere as well';
};

subtest 'idempotency' => sub {
    my $jar = scan($v3);
    my @key = ('Idempotency-Key' => 'k-1');
    my %post = (jar => $jar, form => [hygiene => 5, text => 'again']);
    my $a = post($s, "/v/$v3/reviews", %post, headers => [@key]);
    is $a->{status}, 303;
    my $n = seq($s);
    my $b = post($s, "/v/$v3/reviews", %post, headers => [@key]);
    is $b->{status}, 303, 'the same answer';
    is header($b, 'location'), header($a, 'location');
    $b = post($s, "/v/$v3/reviews", jar => $jar,
              form => [hygiene => 5, text => 'again',
                       idempotency_key => 'k-1']);
    is header($b, 'location'), header($a, 'location'), 'by field too';
    $b = post($s, "/v/$v3/reviews", jar => $jar, multipart =>
              [hygiene => 5, text => 'again', idempotency_key => 'k-1']);
    is header($b, 'location'), header($a, 'location'), 'however encoded';
    $b = post($s, "/v/$v3/reviews", jar => $jar, headers => [@key, @$JSON],
              form => [hygiene => 4, text => 'again']);
    is $b->{status}, 422, 'not with another body';
    is json($b)->{code}, 'conflict_key';
    is seq($s), $n, 'nothing was done twice';
    for my $bad ('x' x 65, "a b", "\x{e9}") {
        $b = post($s, "/v/$v3/reviews", jar => scan($v3),
                  headers => [@$JSON, 'Idempotency-Key' => $bad],
                  form => [hygiene => 4]);
        is $b->{status}, 422, 'a key has 1 to 64 visible characters';
    }
    $b = post($s, "/v/$v3/reviews", jar => scan($v3), headers => [@key],
              form => [hygiene => 5, text => 'again']);
    isnt header($b, 'location'), header($a, 'location'),
        "another's key is another";
};

subtest 'screening' => sub {
    my $a = post($s, "/v/$v4/reviews", jar => scan($v4), json =>
        { hygiene => 1, text => 'call 13812345678 or me@example.com' });
    is $a->{status}, 201;
    unlike json($a)->{text}, qr/13812345678|me\@example/, 'masked';
    ok json($a)->{masked};
    unlike get($s, "/v/$v4/reviews.json")->{body}, qr/13812345678/;

    $a = post($s, "/v/$v4/reviews", jar => scan($v4), json =>
        { hygiene => 1, text => "worst place, dirty, never again" });
    is json($a)->{state}, 'published', 'never held for being negative';
};

my $officer = sign_in($s, login => 'officer');

subtest 'held words, and the officer' => sub {
    my $was = venue($v4)->{rating}{count};
    my $jar = scan($v4);
    my $a = post($s, "/v/$v4/reviews", jar => $jar, headers => $JSON,
        multipart => [hygiene => 5, text => '来赌博',
            photo => { name => 'x.png', type => 'image/png',
                       data => $photo{'rgba.png'} }]);
    is $a->{status}, 201;
    my $r = json($a);
    is $r->{state}, 'held';
    my $path = "/v/$v4/reviews/$r->{id}.json";
    is venue($v4)->{rating}{count}, $was, 'it does not count yet';
    unlike get($s, "/v/$v4/reviews.json")->{body}, qr/来赌博/;
    is get($s, $path)->{status}, 404, 'nobody sees it';
    is get($s, $path, jar => $jar)->{status}, 200, 'but who wrote it';

    my $hash = $r->{photos}[0]{href};
    $hash =~ s/\?.*//;
    is get($s, $hash, jar => $_)->{status}, 404, 'its photo is nobody\'s'
        for {}, $jar, $officer;

    my $queue = json(get($s, '/desk/reviews.json', jar => $officer));
    my ($item) = grep { $_->{id} == $r->{id} } @{$queue->{items}};
    my $see = get($s, $item->{photos}[0]{href}, jar => $officer);
    is $see->{status}, 200, 'but under the review an officer\'s';
    is header($see, 'cache-control'), 'no-store';
    is get($s, $item->{photos}[0]{href}, jar => $jar)->{status}, 401;
    is_deeply $item->{actions}, [qw(publish remove)], 'in the queue';

    my $url = "/desk/reviews/$r->{id}";
    is post($s, $url, json => { action => 'publish' })->{status}, 401;
    $a = post($s, $url, jar => $officer, headers => $JSON,
              json => { action => 'fly' });
    is codes($a), 'action:unknown';
    is codes(post($s, $url, jar => $officer, headers => $JSON,
                  json => {})), 'action:required';

    is post($s, $url, jar => $officer, form => [action => 'publish'])
        ->{status}, 303;
    is venue($v4)->{rating}{count}, $was + 1, 'published, it counts';
    my $open = get($s, $hash);
    is $open->{status}, 200, 'and its photo is everybody\'s';
    like header($open, 'cache-control'), qr/^public, max-age=\d\d, /,
        'who keeps it asks again soon';
    my $etag = header($open, 'etag');
    is get($s, $hash, headers => ['If-None-Match' => $etag])->{status}, 304;
    is post($s, $url, jar => $officer, json => { action => 'publish' })
        ->{status}, 409;

    $a = post($s, $url, jar => $officer, json => { action => 'remove' });
    is codes($a), 'reason:required', 'a removal has a reason';
    $a = post($s, $url, jar => $officer, json =>
              { action => 'remove', reason => 'dislike' });
    is codes($a), 'reason:unknown', 'of the list';
    $a = post($s, $url, jar => $officer, json =>
              { action => 'remove', reason => 'unlawful' });
    is $a->{status}, 200;
    is json($a)->{state}, 'removed';
    my $is = venue($v4);
    is $is->{rating}{count}, $was;
    is $is->{counts}{reviews_removed}, 1, 'the count is public';
    is get($s, $hash, headers => ['If-None-Match' => $etag])->{status}, 404,
        'its photo is gone, for who kept it too';
};

subtest 'districts' => sub {
    my $here = json(get($s, "/v/$v.json"))->{district};
    for my $case (['local', $here, 200], ['far', '别处街道', 403]) {
        my ($login, $district, $want) = @$case;
        my $r = ctl($s, qw(user add --login), $login, '--role', 'officer',
                    '--name', $login, '--district',
                    Encode::encode_utf8($district));
        is $r->{status}, 0, $r->{err};
        my $jar = sign_in($s, login => $login);
        my $a = post($s, "/v/$v/reviews", jar => scan($v), json =>
                     { hygiene => 2, text => "gamble $login" });
        my $id = json($a)->{id};
        my $queue = json(get($s, '/desk/reviews.json', jar => $jar));
        my $listed = grep { $_->{id} == $id } @{$queue->{items}};
        is $listed, $want == 200 ? 1 : 0, "$login: the queue";
        is post($s, "/desk/reviews/$id", jar => $jar,
                json => { action => 'publish' })->{status}, $want, $login;
    }
};

subtest 'the owner' => sub {
    my $owner = sign_in($s, venue => $v);
    my $other = sign_in($s, venue => $v2);
    my $url = "/my/reviews/$first";
    is post($s, $url, form => [action => 'reply', text => 'no'])->{status},
        401;
    is post($s, $url, jar => $other,
            form => [action => 'reply', text => 'no'])->{status}, 403;
    is codes(post($s, $url, jar => $owner, headers => $JSON,
                  form => [text => 'x'])), 'action:required';
    is codes(post($s, $url, jar => $owner, headers => $JSON,
                  form => [action => 'reply'])), 'text:required';
    my $a = post($s, $url, jar => $owner,
                 json => { action => 'reply', text => '谢谢 <i>' });
    is $a->{status}, 200, 'JSON can reply';
    is json($a)->{reply}, '谢谢 <i>';
    like get($s, "/v/$v")->{body}, qr/\xe8\xb0\xa2\xe8\xb0\xa2 &lt;i/,
        'beside the review at once';
    is post($s, $url, jar => $owner,
            form => [action => 'reply', text => 'more'])->{status}, 409;
    is post($s, $url, jar => $owner,
            form => [action => 'flag', text => 'not a guest'])->{status},
        303;
    is post($s, $url, jar => $owner,
            form => [action => 'flag', text => 'again'])->{status}, 409;
    my $queue = json(get($s, '/desk/reviews.json', jar => $officer));
    my ($item) = grep { $_->{id} == $first } @{$queue->{items}};
    is $item->{flag}, 'not a guest', 'an officer reads it';
    unlike get($s, "/v/$v/reviews.json")->{body}, qr/not a guest/,
        'the public does not';
    is post($s, "/desk/reviews/$first", jar => $owner,
            json => { action => 'remove', reason => 'abuse' })->{status},
        403, 'only an officer removes';
    is post($s, "/desk/reviews/$first", jar => $officer,
            json => { action => 'publish' })->{status}, 200, 'it stands';
};

sub with_photos {
    my ($venue, @photos) = @_;
    return post($s, "/v/$venue/reviews", jar => scan($venue),
                headers => $JSON, multipart => [hygiene => 4,
                    map { (photo => $_) } @photos]);
}

subtest 'photos' => sub {
    my $jpeg = $photo{'grey.jpg'};
    substr($jpeg, 2, 0) = "\xff\xfe\x00\x0eSECRET-place";
    $jpeg .= '<html><script>SECRET</script>';   # a page for who sniffs
    my %type = ('lossless.webp' => 'image/webp', 'rgba.png' => 'image/png',
                'alpha.webp' => 'image/webp', 'grey.jpg' => 'image/jpeg');
    my $a = with_photos($v,
        { name => '../../etc/SECRET.php', type => 'text/html',
          data => $jpeg },
        map { { name => $_, type => 'image/png', data => $photo{$_} } }
            qw(rgba.png lossless.webp alpha.webp));
    is $a->{status}, 201, 'four of three kinds';
    my @hrefs = map { $_->{href} } @{json($a)->{photos}};
    is @hrefs, 4;
    unlike $a->{body}, qr/SECRET/, "a file's name goes nowhere";
    for my $want (qw(grey.jpg rgba.png lossless.webp alpha.webp)) {
        my $href = shift @hrefs;
        my $p = get($s, $href);
        is $p->{status}, 200, $want;
        is header($p, 'content-type'), $type{$want}, 'our own type';
        is header($p, 'x-content-type-options'), 'nosniff';
        like header($p, 'content-security-policy'), qr/sandbox/;
        unlike header($p, 'cache-control'), qr/immutable/;
        unlike $p->{body}, qr/SECRET/, 'stripped';
        my $etag = header($p, 'etag');
        is get($s, $href, headers => ['If-None-Match' => $etag])->{status},
            304;
        my $part = get($s, $href, headers => [Range => 'bytes=0-3']);
        is $part->{status}, 206;
        is $part->{body}, substr($p->{body}, 0, 4);
        my $head = request($s, 'HEAD', $href);
        is header($head, 'content-length'), length $p->{body};
        is $head->{body}, '';
    }

    my $n = seq($s);
    my %wrong = (
        gif => "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff;",
        html => '<html><script>alert(1)</script>',
        svg => '<svg xmlns="http://www.w3.org/2000/svg"/>',
    );
    for my $kind (sort keys %wrong) {
        $a = with_photos($v2, { name => 'x.jpg', type => 'image/jpeg',
                                data => $wrong{$kind} });
        is $a->{status}, 415, $kind;
        is codes($a), 'photo:wrong_type';
    }
    $a = with_photos($v2, { name => 'x.jpg', type => 'image/jpeg',
                            data => '' });
    is $a->{status}, 422, 'empty';
    is codes($a), 'photo:empty';
    $a = with_photos($v2, { name => 'x.jpg', type => 'image/jpeg',
                            data => "\xff\xd8" . 'x' x (8 << 20) });
    is $a->{status}, 413, 'over 8 MB';
    is codes($a), 'photo:too_large';
    $a = with_photos($v2, map { { name => "$_.png", type => 'image/png',
                                  data => $photo{'rgba.png'} } } 1 .. 5);
    is $a->{status}, 413, 'five';
    is codes($a), 'photo:too_many';
    is seq($s), $n, 'nothing was written';
    is with_photos($v2, { name => '', data => '' })->{status}, 201,
        'a file field left alone is none';
    is get($s, '/photos/' . '0' x 64)->{status}, 404;
    is get($s, '/photos/../shian')->{status}, 404;
    is post($s, '/photos', multipart => [photo => { name => 'a',
            data => $photo{'rgba.png'} }])->{status}, 403,
        'not from just anybody';
    $a = post($s, '/photos', jar => scan($v), multipart =>
              [photo => { name => 'a', data => $photo{'rgba.png'} }]);
    like $a->{status}, qr/\A20[01]\z/;
    like json($a)->{hash}, qr/\A[0-9a-f]{64}\z/;
};

unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/,
    'all went well inside';
my $verify = ctl($s, 'verify');
is $verify->{status}, 0, 'and the log gives the store' or diag $verify->{err};
stop($s);
done_testing;
