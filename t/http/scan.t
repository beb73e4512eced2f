# From the code on the wall to the venue's page.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Shian qw(demo_store start stop ctl get post request header cookies json
             plaque_of open_venues sign_in seq log_of);

my $s = start(demo_store());
my ($v, $v2, $v3) = open_venues($s);
my $code = plaque_of($s, $v);

subtest 'a scan' => sub {
    my $before = seq($s);

    for my $path ("/q/$code", "/Q/$code", '/q/' . lc $code,
                  '/q/' . join('-', unpack '(A4)*', $code))
    {
        my $a = get($s, $path);
        is $a->{status}, 307, $path;
        is header($a, 'location'), "/v/$v";
        is header($a, 'cache-control'), 'no-store';
    }

    my $a = get($s, "/q/$code");
    my $set = cookies($a);
    is_deeply [sort keys %$set], [qw(device scan)], 'two cookies';
    for my $name (qw(scan device)) {
        ok $set->{$name}{httponly}, "$name is HttpOnly";
        is $set->{$name}{samesite}, 'Lax';
        ok !exists $set->{$name}{secure}, "$name is not Secure over http";
    }
    is $set->{scan}{path}, "/v/$v", 'the scan is for its venue';
    is $set->{scan}{'max-age'}, 86400, 'for a day';
    like $set->{scan}{value}, qr/\A[\w-]{62}\z/, 'under 80 characters';

    my %jar = (device => $set->{device}{value});
    my $again = cookies(get($s, "/q/$code", jar => { %jar }));
    ok !$again->{device}, 'a device keeps its number';
    isnt $again->{scan}{value}, $set->{scan}{value}, 'each scan is its own';

    my $odd = cookies(get($s, "/q/$code", jar => { device => '../x' }));
    like $odd->{device}{value}, qr/\A[\w-]{22}\z/, 'a wrong one is replaced';

    my $head = request($s, 'HEAD', "/q/$code");
    is $head->{status}, 307, 'HEAD is answered';
    is header($head, 'location'), "/v/$v";
    is seq($s), $before, 'scanning writes nothing';
};

subtest 'letters taken for digits' => sub {
    my $typed = $code;
    $typed =~ tr/01/OI/;
    is get($s, "/q/$typed")->{status}, 307, "$typed is $code";
    $typed =~ tr/OI/ol/;
    is get($s, "/q/$typed")->{status}, 307, "$typed is $code";
};

subtest 'forged' => sub {
    my @wrong;
    my @alphabet = split //, '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    for my $i (0 .. 16) {
        my $was = index '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
            substr($code, $i, 1);
        for my $step (1, 7, 16) {
            my $forged = $code;
            substr($forged, $i, 1) = $alphabet[($was + $step) % 32];
            my $a = get($s, "/q/$forged");
            push @wrong, "$forged: $a->{status}" if $a->{status} != 404
                || cookies($a)->{scan};
        }
    }
    is_deeply \@wrong, [], 'no changed character passes';

    for my $bad ('0', 'A' x 16, "${code}0", 'U' x 17, '%01' x 17,
                 '%e4%b8%ad' x 6, '-' x 17, 'A' x 4000)
    {
        is get($s, "/q/$bad")->{status}, 404, substr $bad, 0, 20;
    }

    my $forged = $code;
    substr($forged, 5, 1) = substr($code, 5, 1) eq '7' ? '8' : '7';
    my %page = map { ($_ => get($s, "/q/$forged?lang=$_")->{body}) }
        qw(zh en);
    like $page{zh}, qr/<html[^>]+lang="zh/, 'in Chinese';
    like $page{en}, qr/<html[^>]+lang="en/, 'in English';
    like $page{en}, qr/counterfeit|not genuine|fake/i, 'says what it is';
    like $page{zh}, qr/12315/, 'and whom to call';
    my $j = get($s, "/q/$forged", headers => [Accept => 'application/json']);
    is header($j, 'content-type'), 'application/problem+json';
    is json($j)->{code}, 'counterfeit';
    is json($j)->{status}, 404;
};

subtest 'withdrawn' => sub {
    my $first = plaque_of($s, $v2);
    is get($s, "/q/$first")->{status}, 307;
    my $second = plaque_of($s, $v2);
    isnt $second, $first;
    my $a = get($s, "/q/$first");
    is $a->{status}, 410, 'issuing again withdraws the earlier one';
    ok !cookies($a)->{scan}, 'no scan of a withdrawn plaque';
    is get($s, "/q/$second")->{status}, 307;
    is ctl($s, 'plaque', 'withdraw', $second)->{status}, 0;
    is get($s, "/q/$second")->{status}, 410;
    is get($s, "/q/$second?lang=en",
           headers => [Accept => 'application/json'])->{status}, 410;
};

subtest 'issued by a chief' => sub {
    my $chief = sign_in($s, login => 'chief');
    my $was = json(get($s, "/v/$v3/plaque.json", jar => $chief));
    my $a = post($s, "/v/$v3/plaque", jar => $chief);
    is $a->{status}, 303;
    is header($a, 'location'), "/v/$v3/plaque";
    my $is = json(get($s, "/v/$v3/plaque.json", jar => $chief));
    my ($old, $new) = map { $_->{items}[0]{code} } $was, $is;
    is get($s, "/q/$old")->{status}, 410 if $old;
    is get($s, "/q/$new")->{status}, 307;
    like get($s, "/v/$v3/qr.svg", jar => $chief)->{body}, qr/\A<svg /;
    like get($s, "/v/$v3/qr.png", jar => $chief)->{body}, qr/\A\x89PNG/;
    is post($s, '/v/999999/plaque', jar => $chief)->{status}, 404,
        'no plaque without a venue';
};

subtest 'linkset, as a GS1 resolver' => sub {
    for my $a (get($s, "/q/$code?linkType=linkset"),
               get($s, "/q/$code?linkType=all"),
               get($s, "/q/$code",
                   headers => [Accept => 'application/linkset+json']))
    {
        is $a->{status}, 200;
        is header($a, 'content-type'), 'application/linkset+json';
        my $set = json($a)->{linkset}[0];
        is $set->{'https://gs1.org/voc/defaultLink'}[0]{href},
            "$s->{base}/v/$v";
        ok !cookies($a)->{scan}, 'a program did not stand before it';
    }
    is json(get($s, '/.well-known/gs1resolver'))->{resolverRoot}, $s->{base};
};

subtest 'a chief issues plaques on the venue\'s page' => sub {
    my $chief = sign_in($s, login => 'chief');
    my $officer = sign_in($s, login => 'officer');

    my $page = get($s, "/v/$v3?lang=en", jar => $chief);
    like $page->{body}, qr{action="/v/$v3/plaque"}, 'there is a button';
    unlike get($s, "/v/$v3")->{body}, qr{/v/$v3/plaque}, 'not for diners';

    my $a = post($s, "/v/$v3/plaque", jar => $chief);
    is $a->{status}, 303, 'issued';
    is header($a, 'location'), "/v/$v3/plaque", 'the card is next';

    my $card = get($s, "/v/$v3/plaque.json", jar => $chief);
    is $card->{status}, 200, 'and can be printed';
    my $first = json($card)->{items}[0]{code};
    is get($s, "/q/$first")->{status}, 307, 'its code leads here';

    post($s, "/v/$v3/plaque", jar => $chief);
    is get($s, "/q/$first")->{status}, 410, 'until another is issued';

    is_deeply json(get($s, "/v/$v3.json", jar => $chief))->{actions},
        [qw(print_plaque issue_plaque evaluate)], 'JSON says what may be done';
    is post($s, "/v/$v3/plaque", jar => $officer)->{status}, 403,
        'an officer may not';
};

subtest 'logs hold no code' => sub {
    get($s, $_) for "//q/$code", "/./q/$code", "/x/../q/$code", "/%71/$code",
        "/q/$code?token=secret", "/q/%30" . substr($code, 1),
        "$s->{base}/q/$code", '/q/' . lc $code;
    my $log = log_of($s, 'access');
    my $tail = substr $code, 1;
    unlike $log, qr/\Q$tail\E|secret/i, 'access log';
    like $log, qr{"GET /q/- HTTP/1.1" 307 public}, 'the rest is there';
    like $log, qr{"GET /Q/- HTTP/1.1" 307 public};
    unlike log_of($s), qr/\Q$tail\E/i, 'error log';
    unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
};

stop($s);
done_testing;
