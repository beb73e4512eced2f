# What hostile clients send: refused in order, and nothing has changed.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure start stop ctl get post request header
             json plaque_of open_venues sign_in link_of seq log_of workers
             multipart connect_to read_answer);

my $s = start(demo_store(), location => 'client_body_timeout 5s;');
my ($v) = open_venues($s);
my $code = plaque_of($s, $v);
my $chief = sign_in($s, login => 'chief');
my $jar = {};
get($s, "/q/$code", jar => $jar);

my @workers = sort(workers($s));
my $before = seq($s);
my $url = "/v/$v/reviews";
my $JSON = [Accept => 'application/json'];

# Refused with this status, and with the headers that browsers need.
sub refused {
    my ($answer, $status, $what) = @_;
    like $answer->{status}, qr/\A(?:$status)\z/, $what;
    is header($answer, 'x-content-type-options'), 'nosniff',
        "$what: headers" if $answer->{status};
    return $answer;
}

my ($type, $whole) = multipart([hygiene => 5, text => 'words']);

subtest 'multipart' => sub {
    my %case = (
        'cut' => [$type, substr($whole, 0, -20)],
        'cut in the headers' => [$type, substr($whole, 0, 40)],
        'cut in the first line' => [$type, substr($whole, 0, 4)],
        'nothing' => [$type, ''],
        'another boundary' => ['multipart/form-data; boundary=other', $whole],
        'no boundary' => ['multipart/form-data', $whole],
        'an empty boundary' => ['multipart/form-data; boundary=', $whole],
        'a long boundary' => ['multipart/form-data; boundary=' . 'b' x 80,
                              $whole],
        'a long header' => [$type, "--edge7f3a\r\nContent-Disposition: "
            . 'x' x 100_000 . "\r\n\r\nx\r\n--edge7f3a--\r\n"],
        'no name' => [$type, "--edge7f3a\r\nContent-Disposition: form-data"
            . "\r\n\r\nx\r\n--edge7f3a--\r\n"],
        'no disposition' => [$type, "--edge7f3a\r\nX: y\r\n\r\nx\r\n"
            . "--edge7f3a--\r\n"],
        'not UTF-8' => [multipart([hygiene => 5, text => "\xff\xfe\xc0"])],
        '10,000 parts' => [multipart([map { ("f$_" => 'x') } 1 .. 10_000])],
        '10,000 of one' => [multipart([map { (hygiene => 5) } 1 .. 10_000])],
        'a long field' => [multipart([hygiene => 5, text => 'x' x 70_000])],
        'an unknown field' => [multipart([hygiene => 5, admin => 1])],
        'a file where text belongs' => [multipart([hygiene => 5,
            text => { name => 'a.txt', data => 'x' x 200_000 }])],
    );
    for my $what (sort keys %case) {
        my ($t, $b) = @{$case{$what}};
        refused(post($s, $url, jar => { %$jar }, headers => $JSON,
                     type => $t, body => $b), '400|413|422', $what);
    }
};

subtest 'forms' => sub {
    my %case = (
        '10,000 fields' => join('&', map { "f$_=x" } 1 .. 10_000),
        'one of them twice' => 'hygiene=1&hygiene=5',
        'not UTF-8' => 'hygiene=5&text=%ff%fe',
        'half a character' => 'hygiene=5&text=%e4%bd',
        'a NUL' => 'hygiene=5&text=a%00b',
        'an unknown field' => 'hygiene=5&role=admin',
        'a broken escape' => 'hygiene=5&text=%zz',
        'no field at all' => '',
        'a number too large' => 'hygiene=99999999999999999999',
        'a negative one' => 'hygiene=-1',
        'not quite one' => 'hygiene=5x',
        'only signs' => '&&&===&&',
        'too long' => 'hygiene=5&text=' . 'a' x 1001,
        'far too long' => 'text=' . 'a' x 300_000,
    );
    for my $what (sort keys %case) {
        refused(post($s, $url, jar => { %$jar }, headers => $JSON,
                     type => 'application/x-www-form-urlencoded',
                     body => $case{$what}), '400|413|422', $what);
    }
    my $a = post($s, $url, jar => { %$jar }, headers => $JSON,
                 form => [hygiene => 1, hygiene => 5]);
    is json($a)->{errors}[0]{code}, 'duplicate';
};

subtest 'JSON' => sub {
    my %case = (
        'cut' => '{"hygiene":5', 'none' => '', 'a list' => '[1]',
        'a word' => '"x"', 'two' => '{"hygiene":5}{"hygiene":5}',
        'deep' => '{"hygiene":' . '[' x 10_000 . ']' x 10_000 . '}',
        'deep objects' => '{"a":' x 10_000 . '1' . '}' x 10_000,
        'one name twice' => '{"hygiene":5,"hygiene":1}',
        'not UTF-8' => "{\"hygiene\":5,\"text\":\"\xff\"}",
        'a lone surrogate' => '{"hygiene":5,"text":"\ud800"}',
        'a NUL' => '{"hygiene":5,"text":"\u0000"}',
        'a raw NUL' => "{\"hygiene\":5,\"text\":\"\0\"}",
        'an unknown field' => '{"hygiene":5,"state":"published"}',
        'what is ours' => '{"hygiene":5,"scan":"00","hold":false}',
        'another type' => '{"hygiene":{}}',
        'a fraction' => '{"hygiene":4.5}',
        'a huge number' => '{"hygiene":1e400}',
        'a list for one' => '{"hygiene":[5]}',
        'many' => '{' . join(',', map { "\"f$_\":1" } 1 .. 10_000) . '}',
        'far too long' => '{"text":"' . 'a' x 300_000 . '"}',
    );
    for my $what (sort keys %case) {
        refused(post($s, $url, jar => { %$jar }, json => $case{$what}),
                '400|413|422', $what);
    }
    for my $body ('{"action":"explode","review":1}',
                  '{"action":"remove","reason":"because"}',
                  '{"action":7}', '{"action":["publish"]}')
    {
        refused(post($s, '/desk/reviews/1', jar => { %$chief },
                     json => $body), '422', $body);
    }
    refused(post($s, '/desk/users', jar => { %$chief }, json =>
            { login => 'x1', role => 'emperor', name => 'x' }), '422',
            'an unknown role');
    refused(post($s, '/desk/users/99999', jar => { %$chief }, json =>
            { action => 'disable' }), '404', 'no such user');
};

subtest 'sizes and kinds' => sub {
    for my $chunked (0, 1) {
        my $how = $chunked ? 'chunked' : 'whole';
        refused(post($s, $url, jar => { %$jar }, chunked => $chunked,
                     json => '{"text":"' . 'a' x 300_000 . '"}'), 413,
                "JSON, $how");
        refused(post($s, '/signout', chunked => $chunked,
                     type => 'application/x-www-form-urlencoded',
                     body => 'a=' . 'a' x 70_000), 413, "a form, $how");
        refused(post($s, $url, jar => { %$jar }, chunked => $chunked,
                     type => $type, body => 'x' x (34 << 20)), 413,
                "a picture book, $how");
    }
    for my $kind ('text/plain', 'application/xml', 'text/html', 'x',
                  'application/jsonx/..', 'multipart/mixed; boundary=x')
    {
        refused(post($s, $url, jar => { %$jar }, type => $kind,
                     body => 'x'), '415|400', $kind);
    }
    refused(post($s, $url, jar => { %$jar },
                 headers => ['Content-Encoding' => 'gzip'],
                 type => 'application/json', body => "\x1f\x8b\x08\0"),
            '400|415', 'packed');
};

# Before the rest of it comes: what is not sent cannot have been waited for.
subtest 'early' => sub {
    my $head = "POST $url HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: "
        . join('; ', map { "$_=$jar->{$_}" } sort keys %$jar) . "\r\n";
    for my $case (["Content-Type: application/json\r\n", 1 << 20],
                  ["Content-Type: $type\r\n", 39 << 20])
    {
        my ($kind, $length) = @$case;
        my $c = connect_to($s);
        syswrite $c, "$head${kind}Content-Length: $length\r\n\r\n";
        is((read_answer($c, 'POST', 4) || {})->{status}, 413,
           "$length bytes, none sent");
    }
    my $c = connect_to($s);
    syswrite $c, "${head}Content-Type: application/json\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n";
    syswrite $c, sprintf "%x\r\n%s\r\n", 60_000, 'a' x 60_000 for 1 .. 5;
    is((read_answer($c, 'POST', 4) || {})->{status}, 413,
       'chunks that have no end');
};

subtest 'queries' => sub {
    my $list = json(get($s, '/venues.json?limit=3'));
    my ($cursor) = $list->{next} =~ /cursor=([^&]+)/;
    is get($s, "/venues.json?limit=3&cursor=$cursor")->{status}, 200;
    my @passed;
    for my $i (0 .. length($cursor) - 1) {
        my $changed = $cursor;
        substr($changed, $i, 1) = substr($cursor, $i, 1) eq 'A' ? 'B' : 'A';
        my $a = get($s, "/venues.json?limit=3&cursor=$changed");
        push @passed, "$i: $a->{status}" if $a->{status} !~ /^(?:400|422)$/;
    }
    is_deeply \@passed, [], 'a changed cursor is none';
    refused(get($s, "/v/$v/reviews.json?cursor=$cursor"), '400|422',
            'nor another list\'s');
    for my $q ('cursor=x', 'limit=0', 'limit=101', 'limit=x', 'limit=-1',
               'limit=1e2', 'near=91,0', 'near=1', 'near=a,b', 'near=nan,1',
               'near=30,120&radius=-1', 'bbox=1,2,3', 'bbox=a,b,c,d',
               'colour=pink', 'sort=price', 'q=%ff', 'q=%zz',
               join('&', map { "a$_=1" } 1 .. 100))
    {
        refused(get($s, "/venues.json?$q"), '400|413|422', substr $q, 0, 40);
    }
    refused(get($s, '/venues?q=' . 'a' x 9000), '400|414|422', 'too long');
    is get($s, '/venues.json?q=%27%22%3Cscript%3E--%00')->{status} / 100 < 5,
        1, 'odd words are words';
};

subtest 'paths' => sub {
    for my $path ('/v/0', '/v/01', '/v/-1', '/v/1e1', '/v/18446744073709551617',
                  '/v/999999999999999999999999', '/v/', '/v//1/x', '/v/1/',
                  '/v/1/../../etc/passwd', '/v/1%252fgrades',
                  '/static/..%2f..%2fetc/passwd', '/static/../shian.css',
                  '/static/%2e%2e/%2e%2e/etc/passwd', '/static/.hidden',
                  '/static/a%00.css', '/static/', '/static/leaflet',
                  '/static//etc/passwd', '/photos/..%2f..%2fdata.mdb',
                  '/photos/' . 'g' x 64, '/photos/' . '0' x 63,
                  '/%00', '/%ff', '/../../etc/passwd', '/v/1.json.json',
                  '/v/1.csv', '/healthz.json', '/s/', '/q/', '/V/1',
                  '/desk%252freviews', '/' . 'a/' x 2000, '/v/1;x',
                  '/v/1\\x')
    {
        my $a = get($s, $path);
        refused($a, '400|404|414', substr $path, 0, 40);
        unlike $a->{body}, qr/root:/, 'no file of the machine';
    }
};

# Lines as they stand, for what no client of ours would send.
sub raw {
    my ($bytes) = @_;
    my $c = connect_to($s);
    syswrite $c, $bytes;
    shutdown $c, 1;
    return read_answer($c, 'GET', 5) || { status => 0, headers => {},
                                          body => '' };
}

subtest 'headers' => sub {
    my $host = "Host: 127.0.0.1:$s->{port}\r\n";
    my $form = "Content-Type: application/x-www-form-urlencoded\r\n";
    my %case = (
        'no host' => "GET / HTTP/1.1\r\n\r\n",
        'two lengths' => "POST $url HTTP/1.1\r\n${host}${form}"
            . "Content-Length: 9\r\nContent-Length: 4\r\n\r\nhygiene=5",
        'length and chunks' => "POST $url HTTP/1.1\r\n${host}${form}"
            . "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            . "0\r\n\r\n",
        'a length below nothing' => "POST $url HTTP/1.1\r\n${host}"
            . "Content-Length: -1\r\n\r\n",
        'a wrong chunk' => "POST $url HTTP/1.1\r\n${host}${form}"
            . "Transfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n",
        'no HTTP' => "\x16\x03\x01\0\xff" . 'x' x 100 . "\r\n\r\n",
        'a huge header' => "GET / HTTP/1.1\r\n${host}X: " . 'x' x 70_000
            . "\r\n\r\n",
        'a cookie jar' => "GET / HTTP/1.1\r\n${host}"
            . join('', map { "Cookie: c$_=" . 'x' x 7000 . "\r\n" } 1 .. 9)
            . "\r\n",
    );
    for my $what (sort keys %case) {
        my $a = raw($case{$what});
        like $a->{status}, qr/^(?:0|40\d|41\d|431)$/, $what;
    }
    is get($s, '/', headers => [Accept => 'x' x 4000,
           'Accept-Language' => ',;q=,' x 500, Cookie => 'lang=zh; ;;=',
           'If-None-Match' => '"' . 'x' x 3000, Range => 'bytes=9-1,x'])
        ->{status}, 200, 'nonsense in headers is passed over';
    is get($s, '/venues', headers => [Cookie => "session=$_; lang=xx"])
        ->{status}, 200, 'a cookie worth nothing'
        for '', 'x' x 3000, 'v4.local.', "v4.local.\xff";
    for my $method (qw(PUT DELETE PATCH TRACE PROPFIND)) {
        refused(request($s, $method, '/'), 405, $method);
    }
};

subtest 'a client that goes away' => sub {
    my $secret = link_of($s, login => 'officer');
    $before++;                          # that it was made is an entry
    for my $path ($url, $secret, '/photos') {
        my $c = connect_to($s);
        syswrite $c, "POST $path HTTP/1.1\r\nHost: x\r\nContent-Type: $type"
            . "\r\nContent-Length: 100000\r\n\r\n" . substr $whole, 0, 30;
        close $c;
    }
    post($s, $secret, type => 'text/plain', body => 'x' x (41 << 20));
    post($s, '/%73/' . substr($secret, 3), type => 'text/plain',
         body => 'x' x (41 << 20));
    like log_of($s), qr{too large body.*"POST /s/- HTTP/1\.1"},
        'the error log has the line';
    unlike log_of($s), qr/\Q${\substr($secret, 3)}\E/, 'without the code';
};

is get($s, '/')->{status}, 200, 'the city is still there';
is seq($s), $before, 'and its log has not grown';
is "@{[sort(workers($s))]}", "@workers", 'by the same workers';
unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
is post($s, $url, jar => $jar, json => { hygiene => 5, text => 'fine' })
    ->{status}, 201, 'the scan is still good';
is ctl($s, 'verify')->{status}, 0, 'verify';
stop($s);
done_testing;
