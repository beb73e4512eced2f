# Open311 GeoReport v2, as a city's app uses it: both formats, every error, and
# nothing of what people wrote.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode_utf8 encode_utf8);
use JSON::PP qw(decode_json);
use POSIX qw(strftime);
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start ctl ctl_json get post request header
             json sign_in link_of open_venues plaque_of seq log_of slurp root);

my $s = demo_store(30, '--complaints', 0);
configure($s, http => encode_utf8('shian_city 奉化 Fenghua;
    shian_bureau "局 <b>&\'" "Bureau <b>&\'";'));
start($s);
my $at = '/open311/v2';
my ($v) = open_venues($s);
my $venue = json(get($s, "/v/$v.json"));

sub key {
    my ($login, @more) = @_;
    my $r = ctl($s, 'link', '--login', $login, '--bearer', @more);
    my ($key) = $r->{out} =~ /(\S+)\n\z/ or die "link: $r->{err}";
    return $key;
}

# A token with one character changed.
sub other {
    my ($token) = @_;
    substr($token, 20, 1) = substr($token, 20, 1) eq 'A' ? 'B' : 'A';
    return $token;
}

my $key = key('admin', qw(--ttl 366d));

# ---- a reader of XML that shares nothing with ours ---------------------------

my %container = map { $_ => 1 } qw(endpoints formats services attributes values
                                   service_requests errors);

sub unescape {
    my ($text) = @_;
    my %is = (lt => '<', gt => '>', amp => '&', quot => '"', '#39' => "'");
    $text =~ s/&([^;]*);/$is{$1} \/\/ die "entity $1"/ge;
    return $text;
}

# What the Spark convention makes of an element; all leaves are texts.
sub element {
    my ($text, $name) = @_;
    my (@children, %fields);
    while ($$text =~ /\G\s*<([a-z_0-9]+)>/gc) {
        my $child = $1;
        my $value = element($text, $child);
        push @children, $value;
        die "$child twice" if exists $fields{$child} && !$container{$name};
        $fields{$child} = $value;
    }
    $$text =~ /\G([^<]*)<\/([a-z_0-9]+)>/gc or die 'no end of ' . $name;
    die "$name ends as $2" if $2 ne $name;
    return $container{$name} ? \@children : %fields ? \%fields
        : $1 eq '' ? undef : unescape($1);
}

sub xml {
    my ($answer) = @_;
    my $text = decode_utf8($answer->{body}, 1);
    $text =~ /\A<\?xml version="1\.0" encoding="utf-8"\?>\n<([a-z_]+)>/gc
        or die "no XML: $text";
    my $root = $1;
    my $value = element(\$text, $root);
    die "more after the end" if $text !~ /\G\n\z/;
    return wantarray ? ($value, $root) : $value;
}

# JSON with its numbers and booleans as texts.
sub texts {
    my ($v) = @_;
    return ref $v eq 'ARRAY' ? [map { texts($_) } @$v]
        : ref $v eq 'HASH' ? { map { ($_ => texts($v->{$_})) } keys %$v }
        : JSON::PP::is_bool($v) ? ($v ? 'true' : 'false')
        : defined $v ? "$v" : undef;
}

sub data { return decode_json($_[0]{body}) }

# The same from both formats; the data.
sub both {
    my ($path, $status, %o) = @_;
    my ($before, $query) = split /\?/, $path, 2;
    $query = defined $query ? "?$query" : '';
    my $x = get($s, "$at/$before.xml$query", %o);
    my $j = get($s, "$at/$before.json$query", %o);
    is "$x->{status} $j->{status}", "$status $status", $path;
    is header($x, 'content-type'), 'text/xml; charset=utf-8';
    is header($j, 'content-type'), 'application/json; charset=utf-8';
    my $data = data($j);
    is_deeply scalar(xml($x)), texts($data), "$path: one content";
    return $data;
}

# The only error, or all of them.
sub error {
    my ($answer, $status, $like) = @_;
    is $answer->{status}, $status, "$status for $like";
    my $errors = header($answer, 'content-type') =~ /xml/ ? xml($answer)
                                                         : data($answer);
    is ref $errors, 'ARRAY';
    my $words = join "\n", map { $_->{description} } @$errors;
    is $_->{code}, $status for @$errors;
    like $words, $like;
    return $errors;
}

sub file_as {
    my ($format, @fields) = @_;
    return post($s, "$at/requests.$format",
                form => [api_key => $key, @fields]);
}

sub filed {
    my %fields = (address_id => $v, @_);
    my $a = file_as('json', %fields);
    die "$a->{status} $a->{body}" if $a->{status} != 201;
    take_up();
    return data($a)->[0]{service_request_id};
}

# Nobody outside hears of a filing before somebody has looked at it, or the
# next morning (faults B6); so somebody looks.
my $officer;
sub take_up {
    $officer ||= sign_in($s, login => 'chief');
    for my $item (@{json(get($s, '/desk/complaints.json?limit=100',
                             jar => $officer))->{items}})
    {
        next if !$item->{look_due_at};
        my $a = post($s, "/desk/complaints/$item->{id}", jar => $officer,
                     json => { action => 'note', text => 'Seen.' });
        die "$a->{status} $a->{body}" if $a->{status} != 200;
    }
}

sub ids {
    my ($query) = @_;
    return join ' ', map { $_->{service_request_id} }
        @{data(get($s, "$at/requests.json?$query"))};
}

# ---- what there is -----------------------------------------------------------

subtest 'discovery' => sub {
    my $d = both('discovery', 200);
    is((xml(get($s, "$at/discovery.xml")))[1], 'discovery');
    ok $d->{$_}, $_ for qw(changeset contact key_service);
    is scalar @{$d->{endpoints}}, 1;
    my $e = $d->{endpoints}[0];
    is $e->{specification}, 'http://wiki.open311.org/GeoReport_v2';
    is $e->{url}, "$s->{base}$at";
    is $e->{type}, 'production';
    is_deeply $e->{formats}, ['text/xml', 'application/json'];
};

subtest 'services' => sub {
    my $list = both('services?lang=en', 200);
    is((xml(get($s, "$at/services.xml")))[1], 'services');
    my $conf = decode_json(slurp(root() . '/conf/categories.json'))->{items};
    is_deeply [map { $_->{service_code} } @$list],
        [map { $_->{code} } @$conf];
    is $list->[0]{service_name}, $conf->[0]{text_en};
    is $list->[0]{description}, $conf->[0]{description_en};
    is $list->[0]{group}, $conf->[0]{group};
    ok $list->[0]{metadata};
    is $list->[0]{type}, 'realtime';
    is both('services?lang=zh', 200)->[0]{service_name}, $conf->[0]{text};

    my $d = both('services/pests?lang=en', 200);
    is((xml(get($s, "$at/services/pests.xml")))[1], 'service_definition');
    is $d->{service_code}, 'pests';
    is_deeply [map { "$_->{order} $_->{code} $_->{datatype}" }
               @{$d->{attributes}}],
        ['1 kind singlevaluelist', '2 happened_on datetime'];
    is_deeply [map { $_->{key} } @{$d->{attributes}[0]{values}}],
        [qw(report complaint both)];
    ok !$_->{required} for @{$d->{attributes}};
    both('services/nope', 404);
    both('services/pests.csv', 404);
};

subtest 'formats' => sub {
    my $a = get($s, "$at/services");
    is header($a, 'content-type'), 'text/xml; charset=utf-8',
        'XML is required, so it is what comes unasked';
    $a = get($s, "$at/services", headers => [Accept => 'application/json']);
    is header($a, 'content-type'), 'application/json; charset=utf-8';
    like $a->{body}, qr/\A\[/;
    $a = get($s, "$at/services.json");
    my $again = get($s, "$at/services.json",
                    headers => ['If-None-Match' => header($a, 'etag')]);
    is $again->{status}, 304;
    $a = request($s, 'HEAD', "$at/services.xml");
    is "$a->{status} $a->{body}", '200 ';
    is get($s, "/v/$v.xml")->{status}, 404, 'no other page is XML';

    $a = request($s, 'DELETE', "$at/services.xml");
    error($a, 405, qr/method/);
    like header($a, 'allow'), qr/GET/;
    error(get($s, "$at/nothing.xml"), 404, qr/no such/);
    error(get($s, "$at/nothing.json"), 404, qr/no such/);
    error(get($s, '/open311/v3/services'), 404, qr/no such/);
};

subtest 'jurisdiction' => sub {
    my ($host) = $s->{base} =~ m{//([^:/]+)};
    for my $path ('services', 'services/pests', 'requests', 'requests/1',
                  'tokens/x')
    {
        my $errors = both("$path?jurisdiction_id=elsewhere.gov", 404);
        like $errors->[0]{description}, qr/jurisdiction_id/;
    }
    both("services?jurisdiction_id=$host", 200);
    both('services?jurisdiction_id=', 200);
    error(file_as('xml', jurisdiction_id => 'elsewhere.gov'), 404,
          qr/jurisdiction_id/);
};

# ---- who may file ------------------------------------------------------------

subtest 'api_key' => sub {
    ctl($s, qw(user add --login gone --role officer --name Gone));
    my $gone = key('gone');
    ctl($s, qw(user disable gone));
    my $link = link_of($s, login => 'admin');
    $link =~ s{^/s/}{};
    my $changed = other($key);
    my %bad = (none => '', garbage => 'xyz', changed => $changed,
               'a sign-in link' => $link, 'a disabled user' => $gone,
               map { ("a $_" => key($_)) } qw(inspector bank media));
    for my $what (sort keys %bad) {
        for my $format (qw(xml json)) {
            error(post($s, "$at/requests.$format",
                       form => [api_key => $bad{$what},
                                service_code => 'pests', address_id => $v]),
                  403, qr/api_key/);
        }
    }
    my $r = ctl($s, 'link', '--venue', $v, '--bearer');
    error(post($s, "$at/requests.xml", form => [
        api_key => $r->{out} =~ /(\S+)\n\z/, service_code => 'pests',
        address_id => $v]), 403, qr/api_key/);
    error(post($s, "$at/requests.xml", jar => sign_in($s, login => 'admin'),
               form => [service_code => 'pests', address_id => $v]),
          403, qr/api_key/);
    error(post($s, "$at/requests.json", headers => [
                   Authorization => 'Bearer zzz'],
               form => [service_code => 'pests', address_id => $v]),
          403, qr/token/);
    is ids(''), '', 'nothing was filed';

    for my $login (qw(officer chief admin)) {
        my $a = post($s, "$at/requests.json", form => [
            api_key => key($login), service_code => 'pests',
            address_id => $v]);
        is $a->{status}, 201, "$login may";
    }
    my @f = (form => [service_code => 'pests', address_id => $v]);
    is post($s, "$at/requests.json", @f,
            headers => [Authorization => "Bearer $key"])->{status}, 201,
        'as a header';
    is post($s, "$at/requests.json?api_key=$key", @f)->{status}, 201,
        'in the query';
    unlike log_of($s, $_), qr/\Q$key/, "never in the $_ log"
        for qw(access error);
};

# ---- filing ------------------------------------------------------------------

subtest 'the usual way of a client' => sub {
    my $e = both('discovery', 200)->{endpoints}[0]{url};
    (my $path = $e) =~ s/^\Q$s->{base}\E//;
    my ($service) = grep { $_->{service_code} eq 'spoiled' }
        @{data(get($s, "$path/services.json?lang=en"))};
    my $d = data(get($s, "$path/services/$service->{service_code}.json"));
    my $a = post($s, "$path/requests.xml?lang=en", form => [
        api_key => $key, service_code => $d->{service_code},
        address_id => $v, description => "Smelled\nbad",
        'attribute[kind]' => 'complaint',
        'attribute[happened_on]' => strftime('%Y-%m-%d', gmtime),
        first_name => 'Ann', last_name => 'Smith', phone => '13900139000']);
    is $a->{status}, 201;
    is header($a, 'content-type'), 'text/xml; charset=utf-8';
    is header($a, 'cache-control'), 'no-store';
    my ($receipt, $root) = xml($a);
    is $root, 'service_requests';
    is scalar @$receipt, 1;
    my $id = $receipt->[0]{service_request_id};
    is header($a, 'location'), "$at/requests/$id.xml";
    is_deeply [sort keys %{$receipt->[0]}],
        [qw(account_id service_notice service_request_id)],
        'an id, and so no token';
    my ($token) = $receipt->[0]{service_notice}
        =~ m{\Q$s->{base}\E/t/(\S+)};
    ok $token, 'the private link is in the notice';

    is get($s, "/t/$token")->{status}, 200, 'and leads to the page';
    my $t = both("tokens/$token", 200);
    is_deeply texts($t), [{ service_request_id => $id, token => $token }];
    both("requests/$id?lang=en", 404);
    is ids("service_request_id=$id"), '', 'B6: nobody hears of it yet';
    unlike get($s, "$at/requests.json")->{body}, qr/$id/;
    take_up();
    my $r = both("requests/$id?lang=en", 200)->[0];
    is $r->{service_request_id}, $id;
    is $r->{status}, 'open';
    is $r->{status_notes}, 'Received';
    is $r->{service_code}, 'spoiled';
    is $r->{service_name}, $service->{service_name};
    is $r->{agency_responsible}, "Bureau <b>&'", 'inert, and whole again';
    like $r->{requested_datetime}, qr/T16:00:00Z\z/, 'midnight here';
    like $r->{updated_datetime}, qr/T16:00:00Z\z/;
    cmp_ok $r->{expected_datetime}, 'gt', $r->{requested_datetime};
    is $r->{$_}, undef, "no $_"
        for qw(description address address_id zipcode lat long media_url);

    my $export = ctl($s, qw(export complaints --format json));
    my $number = json(get($s, "/t/$token.json"))->{number};
    like $export->{out}, qr/"number":"$number"/, 'it is the bureau\'s';

    both('tokens/' . other($token), 404);
    both('tokens/12345', 404);
    both("tokens/$key", 404);
    unlike log_of($s, 'access'), qr/v4\.local/, 'no token in the log';
};

subtest 'both kinds are two requests' => sub {
    my $list = data(file_as('json', service_code => 'refund',
        address_id => $v, 'attribute[kind]' => 'both', last_name => '张',
        first_name => '三', email => 'z3@example.com'));
    is scalar @$list, 2;
    isnt $list->[1]{service_request_id}, $list->[0]{service_request_id};
    my @links = map { $_->{service_notice} =~ m{/t/(\S+)} } @$list;
    is data(get($s, "$at/tokens/$links[1].json"))->[0]{service_request_id},
        $list->[1]{service_request_id}, 'each with its link';
};

subtest 'somewhere' => sub {
    for my $where ([lat => '29.65', long => '121.4'],
                   [address_string => '南山路口'],
                   [address_id => $v, lat => '29.65', long => '121.4'])
    {
        is file_as('xml', service_code => 'licence', @$where)->{status}, 201,
            "@$where";
    }
};

subtest 'what is wrong' => sub {
    my $n = seq($s);
    my @place = (address_id => $v);
    for my $format (qw(xml json)) {
        error(file_as($format), 400, qr/service_code was not provided/);
        error(file_as($format, service_code => 'nope', @place), 404,
              qr/service_code was not found/);
        error(file_as($format, service_code => 'pests'), 400,
              qr/lat, long.*address_string.*address_id/);
        error(file_as($format, service_code => 'pests',
                      address_id => 999999), 400, qr/address_id/);
        error(file_as($format, service_code => 'pests', address_id => 'x'),
              400, qr/address_id/);
        error(file_as($format, service_code => 'pests', lat => 29), 400,
              qr/long: /);
        error(file_as($format, service_code => 'pests', long => 121), 400,
              qr/lat: /);
        error(file_as($format, service_code => 'pests', @place,
                      description => 'x' x 4001), 400, qr/description/);
        error(file_as($format, service_code => 'pests', @place,
                      'attribute[happened_on]' => 'tomorrow'), 400,
              qr/attribute\[happened_on\]/);
        error(file_as($format, service_code => 'pests', @place,
                      'attribute[other]' => 1), 400, qr/attribute/);
        error(file_as($format, service_code => 'pests', @place,
                      media_url => 'http://example.com/a.jpg'), 400,
              qr/media_url/);
        error(file_as($format, service_code => 'pests', @place,
                      media_url => '/photos/' . '0' x 64), 400,
              qr/media_url/);
        my $e = error(file_as($format, service_code => 'pests', @place,
                      'attribute[kind]' => 'complaint'), 400, qr/first_name/);
        is scalar @$e, 2, 'a name and a contact';
        $e = error(file_as($format, service_code => 'pests', lat => 91,
                           long => 'x', phone => '!',
                           'attribute[kind]' => 'riot'), 400, qr/long/);
        is scalar @$e, 4, 'all of them at once';
        error(post($s, "$at/requests.$format", type => 'text/plain',
                   body => 'x'), 400, qr/form-urlencoded/);
        error(post($s, "$at/requests.$format", type =>
                   'application/x-www-form-urlencoded',
                   body => 'a=' . 'x' x 300000), 413, qr/large/);
        error(post($s, "$at/requests.$format", headers => [
                   'Sec-Fetch-Site' => 'cross-site'], form => []), 403,
              qr/another site/);
    }
    is seq($s), $n, 'none of them did anything';
};

subtest 'once' => sub {
    my @f = (form => [api_key => $key, service_code => 'waste',
                      address_id => $v],
             headers => ['Idempotency-Key' => 'app-1']);
    my ($a, $b) = map { data(post($s, "$at/requests.json", @f)) } 1 .. 2;
    is $a->[0]{service_request_id}, $b->[0]{service_request_id};
    take_up();
    is ids('service_code=waste'), $a->[0]{service_request_id};
    $f[1][3] = 'price';
    error(post($s, "$at/requests.json", @f), 400, qr/./);
};

# ---- photos ------------------------------------------------------------------

subtest 'photos' => sub {
    my %photo = map { $_ => { name => $_, type => 'image/jpeg',
                              data => slurp(root()
                                  . "/t/fuzz/corpus/photo/$_") } }
        qw(grey.jpg rgba.png lossless.webp alpha.webp);
    my $send = sub {
        return post($s, "$at/requests.json", multipart => [
            api_key => $key, service_code => 'foreign', address_id => $v,
            @_]);
    };
    my $files = sub { split ' ', qx(find $s->{store}/photos -type f) };

    my %before = map { $_ => 1 } $files->();
    is $send->(media => $photo{'grey.jpg'},
               media => $photo{'rgba.png'})->{status}, 201;
    my @new = grep { !$before{$_} } $files->();
    is scalar @new, 2, 'both are kept';
    take_up();
    my ($id) = split / /, ids('service_code=foreign');
    is both("requests/$id", 200)->[0]{media_url}, undef,
        'and go out to nobody';
    for my $path (@new) {
        my ($hash) = $path =~ m{([0-9a-f]{64})\z};
        is get($s, "/photos/$hash")->{status}, 404;
    }
    error($send->(media => { name => 'x.jpg', type => 'image/jpeg',
                             data => 'GIF89a' }), 400, qr/media/);
    error($send->(map { (media => $photo{'grey.jpg'}) } 1 .. 7), 413,
          qr/media/);

    # Sent before, to this very site.
    my $jar = sign_in($s, login => 'officer');
    my $a = post($s, '/photos', jar => $jar,
                 multipart => [photo => $photo{'alpha.webp'}]);
    my $hash = json($a)->{hash};
    ok $hash, 'a photo is here';
    my @url = (service_code => 'foreign', address_id => $v,
               media_url => "$s->{base}/photos/$hash");
    is file_as('json', @url)->{status}, 201, 'and is named';
    error(file_as('json', @url), 400, qr/media_url/);
    is ctl($s, 'verify')->{status}, 0, 'the store verifies';
};

# ---- reading -----------------------------------------------------------------

subtest 'filters' => sub {
    my @mine = map { filed(service_code => $_) } qw(claims tableware claims);
    my ($x, $y, $z) = @mine;
    is ids('service_code=tableware'), $y;
    is ids('service_code=claims'), "$z $x", 'newest first';
    is ids('service_code=claims,tableware'), "$z $y $x";
    is ids('service_code=claims&service_code=tableware'), "$z $y $x";
    is ids('service_code=claims&status=open'), "$z $x";
    is ids('service_code=claims&status=open,closed'), "$z $x";
    is ids('service_code=claims&status=closed'), '';
    is ids('service_code=claims&status='), "$z $x", 'an empty one is none';
    is ids("service_request_id=$x,$y&status=closed"), "$x $y",
        'ids go before all else';
    is ids("service_request_id=$y,0000000000000"), $y;
    both("requests?service_request_id=$x,$y", 200);
    both('requests', 200);

    my ($day) = data(get($s, "$at/requests/$x.json"))->[0]{requested_datetime};
    my $only = 'service_code=tableware&';
    is ids("${only}start_date=$day"), $y;
    is ids("${only}start_date=$day&end_date=$day"), $y;
    (my $local = $day) =~ s/T16:00:00Z/T17:00:00+01:00/;
    is ids("${only}start_date=$local&end_date=$local"), $y,
        'another zone, its sign unescaped';
    (my $later = $day) =~ s/T16:00:00Z/T16:00:01Z/;
    is ids("${only}start_date=$later"), '';
    is ids("${only}end_date=2020-01-01T00:00:00Z"), '';
    is ids("${only}start_date=2020-01-01"), '', '90 days from there';
    is ids("${only}start_date=" . strftime('%Y-%m-%d', gmtime(time - 86400))),
        $y;
};

subtest 'pages' => sub {
    my @all = split / /, ids('service_code=claims');
    my @more = map { filed(service_code => 'claims') } 1 .. 5;
    @all = (reverse(@more), @all);
    is ids('service_code=claims&page_size=3'), "@all[0 .. 2]";
    is ids('service_code=claims&page_size=3&page=2'), "@all[3 .. 5]";
    is ids('service_code=claims&page_size=3&page=3'), $all[6];
    is ids('service_code=claims&page_size=3&page=4'), '';
    is ids('service_code=claims&page_size=1000'), "@all";
};

subtest 'bad questions' => sub {
    my %bad = ('status=done' => qr/status/, 'page=0' => qr/page/,
        'page=x' => qr/page/, 'page_size=0' => qr/page_size/,
        'page_size=1001' => qr/page_size/, 'page=-1' => qr/page/,
        'page=99999999999999999999' => qr/page/,
        'start_date=yesterday' => qr/start_date/,
        'start_date=2026-01-01T00:00:00' => qr/start_date/,
        'end_date=2026-13-01T00:00:00Z' => qr/end_date/,
        'start_date=2026-02-01&end_date=2026-01-01' => qr/later/,
        'start_date=2026-01-01&end_date=2026-04-02' => qr/90 days/,
        'service_request_id=x' => qr/service_request_id/,
        'service_request_id=1,%3Cx%3E' => qr/service_request_id/,
        'service_request_id=' . join(',', 1 .. 65) => qr/64/);
    for my $query (sort keys %bad) {
        my $errors = both("requests?$query", 400);
        like $errors->[0]{description}, $bad{$query};
    }
    both('requests?service_code=nope', 404);
    both('requests?service_code=%3C/x%3E', 404);
    both("requests/$_", 404)
        for qw(0 999999 x 99999999999999999999 %3Cx%3E 1%2C2);
    both('requests?start_date=2026-01-01&end_date=2026-04-01', 200);
};

# ---- nothing of what people wrote --------------------------------------------

subtest 'private' => sub {
    my %secret = (description => 'SECRETtext ]]></description>&lt;x&gt;',
        first_name => 'SECRETfirst', last_name => 'SECRETlast',
        phone => '13812345678', email => 'SECRET@example.com',
        device_id => 'SECRETdevice', account_id => 'SECRETaccount',
        address_string => 'SECRETplace', lat => '29.1234567',
        long => '121.7654321');
    my $id = filed(%secret, service_code => 'banned');
    my $found = qr/SECRET|13812345678|1234567|7654321/;
    for my $path ("requests/$id", 'requests', 'requests?service_code=banned')
    {
        for my $format (qw(xml json)) {
            (my $p = "$at/$path") =~ s/(\?|\z)/.$format$1/;
            for my $jar ({}, sign_in($s, venue => $v)) {
                my $a = get($s, $p, jar => $jar);
                is $a->{status}, 200;
                unlike $a->{body}, $found, $p;
                unlike $a->{body}, qr/\Q$venue->{name}\E/, 'nor the place';
            }
        }
    }
    unlike $_->{body}, $found
        for get($s, "/v/$v.json"), get($s, "/v/$v"), get($s, '/'),
            file_as('json', %secret, service_code => 'nope'),
            file_as('xml', %secret, service_code => 'banned',
                    'attribute[kind]' => 'SECRET', lat => 'SECRET');
    unlike log_of($s, $_), $found, "$_ log" for qw(access error);
    unlike slurp("$s->{store}/data.mdb"), qr/SECRET|13812345678/,
        'nor in the store in clear';
};

unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg|error)\]/;
done_testing;
