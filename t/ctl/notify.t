# Webhooks: what comes, in which order, signed how, and what becomes of it
# when receivers or the sender fail.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA ();
use JSON::PP ();
use MIME::Base64 ();
use Receiver ();
use Shian qw(new_store demo_store ctl ctl_json slurp spew wait_for build root);

delete @ENV{grep { /_proxy$/i } keys %ENV};

my $key = join '', map { chr(7 * $_ % 256) } 1 .. 32;
my $secret = 'whsec_' . MIME::Base64::encode_base64($key, '');
my %running;

sub lines {
    return map { JSON::PP->new->utf8->decode($_) } split /\n/, shift;
}

# Places whose licence has run out, in two districts: the first visit turns
# each red, and that is an event.
sub city {
    my ($n) = @_;
    my $s = new_store();
    my $file = spew("$s->{dir}/venues.csv",
        "ref,name,address,district,licence_expires_on\n" . join '',
        map { "$_,Place $_,Street $_," . ($_ % 2 ? 'East' : 'West')
              . ",2020-01-01\n" } 1 .. $n);
    my $r = ctl($s, 'import', 'venues', $file);
    die "venues: $r->{err}" if $r->{status} != 0;
    $s->{next} = 1;
    return $s;
}

# The next n places are visited: the numbers of the entries.
sub visits {
    my ($s, $n) = @_;
    my ($from, $to) = ($s->{next}, $s->{next} + $n - 1);
    $s->{next} += $n;
    my $file = spew("$s->{dir}/visits.csv", "ref,date,kind,score\n" . join '',
        map { "$_,2026-01-05,routine,95\n" } $from .. $to);
    my $before = ctl_json($s, 'stat')->{seq};
    my $r = ctl($s, 'import', 'inspections', $file);
    die "visits: $r->{err}" if $r->{status} != 0;
    return map { $_->{seq} } grep { $_->{operation}{inspection_import}
                                    && $_->{seq} > $before }
        lines(ctl($s, 'export', 'log')->{out});
}

sub site {
    my ($s) = @_;
    my ($first) = lines(ctl($s, 'export', 'log')->{out});
    return $first->{operation}{store_init}{site};
}

# Gateways as [name, url, more...]; settings of the whole in a hash before.
sub config {
    my ($s, @gateways) = @_;
    my $more = ref $gateways[0] eq 'HASH' ? shift @gateways : {};
    my $file = spew("$s->{dir}/notify.json", JSON::PP->new->utf8->encode({
        retry_ms => 1, %$more, gateways => [ map {
            my ($name, $url, %g) = @$_;
            ({ name => $name, url => $url, events => ['venue.*'],
               ($g{template} // '') =~ /^(?:wecom|dingtalk)$/ ? ()
                   : (secret => $secret), %g })
        } @gateways ] }));
    chmod 0600, $file;
    return $file;
}

sub notify {
    my ($s, @args) = @_;
    return ctl($s, 'notify', '--config', "$s->{dir}/notify.json", '--state',
               "$s->{dir}/state", @args);
}

# In the background; what it says is in {said}.
sub follow {
    my ($s, @args) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', '/dev/null' or die;
        open STDERR, '>>', "$s->{dir}/said" or die;
        delete @ENV{grep { /^SHIAN_/ } keys %ENV};
        exec build() . '/shianctl', '--store', $s->{store}, '--html',
            root() . '/html', 'notify', '--config', "$s->{dir}/notify.json",
            '--state', "$s->{dir}/state", @args;
        die 'shianctl: ' . $!;
    }
    $running{$pid} = 1;
    return $pid;
}

# Its exit status, or the signal it died of as a negative number.
sub end {
    my ($pid, $signal) = @_;
    kill $signal, $pid;
    my $gone = wait_for(sub { waitpid($pid, 1) == $pid }, 20);
    my $status = $?;
    delete $running{$pid} if $gone;
    return !$gone ? 'still there' : $status & 127 ? -($status & 127)
        : $status >> 8;
}

END {
    my $status = $?;
    kill 'KILL', keys %running;
    waitpid $_, 0 for keys %running;
    $? = $status;
}

sub seqs {
    return map { $_->{headers}{'webhook-id'} =~ /-(\d+)\z/ } @_;
}

sub place {
    my ($s, $name) = @_;
    my $text = slurp("$s->{dir}/state/$name.json") // return -1;
    return JSON::PP->new->decode($text)->{seq};
}

sub dead {
    my ($s) = @_;
    return lines(ctl($s, '--json', 'notify', '--dead', '--state',
                     "$s->{dir}/state")->{out});
}

subtest 'what is sent' => sub {
    my $s = city(6);
    my @seq = visits($s, 4);
    is scalar(@seq), 4;
    my $r = Receiver->new;
    config($s, { base_url => 'https://fsc.example.gov.cn' },
           ['hotline', $r->url('/h?token=planted')]);

    my $ran = notify($s, '--once', '--after', 0);
    is $ran->{status}, 0 or diag $ran->{err};
    is "$ran->{out}$ran->{err}", '', 'nothing to say';
    my @got = $r->requests;
    my $site = site($s);
    like $site, qr/\A[0-9a-f]{32}\z/;
    is_deeply [map { $_->{headers}{'webhook-id'} } @got],
        [map { "$site-$_" } @seq], 'each once, in order, by store and entry';

    for my $m (@got) {
        my $h = $m->{headers};
        is $h->{'webhook-signature'}, 'v1,' . MIME::Base64::encode_base64(
            Digest::SHA::hmac_sha256("$h->{'webhook-id'}."
                . "$h->{'webhook-timestamp'}.$m->{body}", $key), ''),
            'signed';
        cmp_ok abs($h->{'webhook-timestamp'} - $m->{at}), '<', 60, 'now';
    }

    my $m = $got[0];
    my $b = JSON::PP->new->utf8->decode($m->{body});
    is "$m->{method} $m->{path}", 'POST /h?token=planted';
    is $m->{headers}{'content-type'}, 'application/json';
    is_deeply [sort keys %$b], [qw(data timestamp type)];
    is $b->{type}, 'venue.red';
    is $b->{timestamp}, $b->{data}{at};
    is $b->{data}{id}, $seq[0];
    is $b->{data}{venue_name}, 'Place 1';
    is $b->{data}{href}, "https://fsc.example.gov.cn/v/$b->{data}{venue}";

    is notify($s, '--once')->{status}, 0;
    is scalar(@{[ $r->requests ]}), 4, 'nothing twice';

    my @more = visits($s, 2);
    is notify($s, '--once', '--after', 0)->{status}, 0;
    is_deeply [seqs($r->requests)], [@seq, @more],
        'what is new, wherever it was told to begin at first';
};

subtest 'a gateway that is new begins with what happens next' => sub {
    my $s = city(4);
    visits($s, 2);
    my $r = Receiver->new;
    config($s, ['a', $r->url('/')]);
    my $pid = follow($s);
    ok wait_for(sub { place($s, 'a') > 0 }), 'it knows where it is';
    my @seq = visits($s, 2);
    ok wait_for(sub { place($s, 'a') >= $seq[-1] }), 'and follows';
    is_deeply [seqs($r->requests)], \@seq;

    my $second = notify($s, '--once');
    is $second->{status}, 1, 'two of them would send twice';
    like $second->{err}, qr/another "shianctl notify"/;
    is end($pid, 'TERM'), 0, 'SIGTERM ends it';
};

subtest 'who wants what' => sub {
    my $s = city(6);
    my @seq = visits($s, 6);
    my $r = Receiver->new;
    config($s, ['all', $r->url('/all'), events => ['*']],
           ['east', $r->url('/east'), district => ['East']],
           ['both', $r->url('/both'), district => ['West', 'East'],
            events => ['review.held', 'venue.red']],
           ['north', $r->url('/north'), district => ['North']],
           ['reviews', $r->url('/reviews'), events => ['review.*']],
           ['prefix', $r->url('/prefix'), events => ['venue', 'ven.*']]);
    is notify($s, '--once', '--after', 0)->{status}, 0;
    is_deeply [seqs($r->requests("/$_->[0]"))], $_->[1], $_->[0]
        for ['all', \@seq], ['both', \@seq], ['east', [@seq[0, 2, 4]]],
            ['north', []], ['reviews', []], ['prefix', []];
    is place($s, 'north'), ctl_json($s, 'stat')->{seq},
        'what is not for it is behind it';
};

subtest 'failures are tried again, refusals are not' => sub {
    my $s = city(4);
    my @seq = visits($s, 4);
    my $endless = { map { ("X-$_" => 'x' x 9000) } 1 .. 20 };
    my @plan = ([200, $endless], 500, 503, 408,
                [302, { Location => '/elsewhere' }],
                [429, { 'Retry-After' => 1 }], 200, 200, 400, 200);
    my $r = Receiver->new(sub { $plan[$_[1]] // 200 });
    config($s, ['a', $r->url('/in?token=planted')]);
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { place($s, 'a') == $seq[-1] }, 20);
    is end($pid, 'TERM'), 0;

    my @got = $r->requests;
    is_deeply [seqs(@got)], [($seq[0]) x 7, @seq[1, 2, 3]],
        'the first seven times, the refused one once';
    cmp_ok $got[6]{at} - $got[5]{at}, '>=', 0.95, 'Retry-After counts';
    is scalar($r->requests('/elsewhere')), 0, 'redirects are not followed';

    my @dead = dead($s);
    is scalar(@dead), 1;
    is "$dead[0]{gateway} $dead[0]{seq} $dead[0]{type} $dead[0]{reason}",
        "a $seq[2] venue.red HTTP 400", 'it is kept with its reason';

    my $said = slurp("$s->{dir}/said");
    is scalar(() = $said =~ /^shianctl: gateway "a"/mg), 7,
        'a line for each problem' or diag $said;
    unlike $said, qr/planted|\Q$secret\E/, 'without what is secret';
};

subtest 'no answer in time' => sub {
    my $s = city(2);
    my @seq = visits($s, 2);
    my $r = Receiver->new(sub { $_[1] == 0 ? 'never' : 200 });
    config($s, { timeout_ms => 400 }, ['a', $r->url('/')]);
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { place($s, 'a') == $seq[-1] });
    is end($pid, 'TERM'), 0;
    is_deeply [(seqs($r->requests))[0, 1]], [@seq[0, 0]], 'is a failure';
};

subtest 'waits grow, and differ by chance' => sub {
    my $s = city(1);
    visits($s, 1);
    my $r = Receiver->new(sub { $_[1] < 7 ? 500 : 200 });
    config($s, { retry_ms => 8 }, ['a', $r->url('/')]);
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { $r->requests == 8 }, 20);
    is end($pid, 'TERM'), 0;
    my @at = map { $_->{at} } $r->requests;
    for my $i (1 .. 7) {
        cmp_ok 1000 * ($at[$i] - $at[$i - 1]), '>=', 8 * 2 ** ($i - 1) - 1,
            "wait $i";
    }
};

subtest 'dead letters' => sub {
    my $s = city(5);
    my @seq = visits($s, 5);
    my $r = Receiver->new(sub { $_[0]{path} eq '/b' || $_[1] > 7 ? 200
                                : $_[1] == 5 ? 200 : 410 });
    config($s, ['a', $r->url('/a')], ['b', $r->url('/b')]);
    is notify($s, '--once', '--after', 0)->{status}, 0,
        'given up is done with';
    is_deeply [map { $_->{seq} } dead($s)], \@seq;
    is place($s, 'a'), ctl_json($s, 'stat')->{seq};
    my $text = ctl($s, 'notify', '--dead', '--state', "$s->{dir}/state");
    is scalar(() = $text->{out} =~ /^2\d{3}-\d\d-\d\d  a +\d+  venue\.red/mg),
        5, 'listed for people' or diag $text->{out};

    # Of the next three the first is taken, the others not; then all are.
    my $again = notify($s, '--retry-dead');
    is $again->{status}, 1, 'some are left';
    is $again->{out}, "3 posted, 2 left\n";
    is_deeply [map { $_->{seq} } dead($s)], [@seq[1, 2]];
    is_deeply [(seqs($r->requests('/a')))[5 .. 9]], \@seq,
        'each was posted once more, in order';
    is ctl_json($s, 'notify', '--config', "$s->{dir}/notify.json", '--state',
                "$s->{dir}/state", '--retry-dead')->{sent}, 2;
    is scalar(dead($s)), 0;
    is notify($s, '--retry-dead')->{out}, "nothing to post\n";
    is_deeply [seqs($r->requests('/b'))], \@seq, 'the other has each once';

    # A torn line is no letter, and one for a gateway that went stays.
    spew("$s->{dir}/state/dead.jsonl", '{"gateway":"a","seq":' . "\n"
         . '{"gateway":"gone","seq":3,"type":"x","reason":"y","at_ms":1}'
         . "\n");
    $again = notify($s, '--retry-dead');
    is $again->{status}, 1;
    like $again->{err}, qr/no gateway "gone" any more/;
    is_deeply [map { $_->{gateway} } dead($s)], ['gone'];
};

subtest 'a gateway that failed too long' => sub {
    my $s = city(4);
    my @seq = visits($s, 3);
    my $up = "$s->{dir}/up";
    my $r = Receiver->new(sub { -e $up ? 200 : 500 });
    config($s, { give_up_ms => 50 }, ['a', $r->url('/')]);
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { dead($s) == 3 }), 'its old events are given up';
    is end($pid, 'TERM'), 0;
    is_deeply [grep { $_->{reason} !~ /^HTTP 500$|failed too long/ } dead($s)],
        [];

    config($s, ['a', $r->url('/')]);
    my @new = visits($s, 1);
    is notify($s, '--once')->{status}, 1, 'a new one is tried';
    is scalar(dead($s)), 3, 'and waits';
    spew($up, '');
    is notify($s, '--once')->{status}, 0;
    is((seqs($r->requests))[-1], $new[0], 'until the gateway is back');
};

subtest 'killed in the middle' => sub {
    my $s = city(30);
    my @seq = visits($s, 30);
    my $r = Receiver->new(sub { $_[1] == 4 ? 'hold' : 200 });
    config($s, ['a', $r->url('/')]);

    # Once with a message on its way, of which nobody knows what became.
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { $r->requests == 5 });
    is end($pid, 'KILL'), -9;
    is place($s, 'a'), $seq[3], 'four were taken';

    # And wherever it just was, three times.
    for my $n (8, 15, 22) {
        $pid = follow($s);
        ok wait_for(sub { $r->requests >= $n });
        is end($pid, 'KILL'), -9;
    }
    is notify($s, '--once')->{status}, 0;

    my (@once, $repeats);
    for (seqs($r->requests)) {
        if (@once && $once[-1] == $_) {
            $repeats++;
        } else {
            push @once, $_;
        }
    }
    is_deeply \@once, \@seq, 'all, in order, none lost';
    ok $repeats >= 1 && $repeats <= 4,
        'and only what was on its way comes twice' or diag $repeats;
    is scalar(dead($s)), 0;
};

subtest 'ended while a message is on its way' => sub {
    my $s = city(3);
    my @seq = visits($s, 3);
    my $r = Receiver->new(sub { $_[1] == 0 ? 'hold' : 200 });
    config($s, ['a', $r->url('/')]);
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { $r->requests == 1 });
    kill 'TERM', $pid;
    $r->release('hold');
    is end($pid, 'TERM'), 0;
    is place($s, 'a'), $seq[0], 'its answer was waited for';
    is_deeply [seqs($r->requests)], [$seq[0]], 'and no other begun';
};

subtest 'a slow gateway delays nobody' => sub {
    my $s = city(20);
    my @seq = visits($s, 20);
    my $r = Receiver->new(sub { $_[0]{path} eq '/slow' && $_[1] == 0
                                ? 'hold' : 200 });
    my $closed = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
    my $nobody = 'http://127.0.0.1:' . $closed->sockport . '/';
    close $closed;
    config($s, ['slow', $r->url('/slow')], ['down', $nobody],
           ['fast', $r->url('/fast')]);
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { $r->requests('/fast') == 20 });
    is scalar(@{[ $r->requests('/slow') ]}), 1, 'while one still waits';
    $r->release('hold');
    ok wait_for(sub { place($s, 'slow') >= $seq[-1] });
    is end($pid, 'TERM'), 0;
    is_deeply [seqs($r->requests('/slow'))], \@seq;
    cmp_ok place($s, 'down'), '<', $seq[0],
        'the one that is down has everything before it';

    my $once = notify($s, '--once');
    is $once->{status}, 1, '--once ends though one is down';
    is scalar(() = $once->{err} =~ /\n/g), 1, 'and says so in a line';
    like $once->{err}, qr/gateway "down"/;
};

subtest 'forms of the body' => sub {
    my $s = city(2);
    my @seq = visits($s, 2);
    my $r = Receiver->new(sub {
        my ($m, $n) = @_;
        return [200, {}, '{"errcode":45009}'] if $m->{path} eq '/w' && !$n;
        return [200, {}, '{"errcode":93000}'] if $m->{path} eq '/d' && !$n;
        return [200, {}, '{"errcode":0,"errmsg":"ok"}']
            if $m->{path} =~ m{^/(?:[wd]$|sign\?)};
        return [200, {}, 'x' x 3_000_000] if $m->{path} eq '/own';
        return 200;
    });
    my ($doc) = slurp(root() . '/docs/notify.md')
        =~ /```\n(\{"title".*?\n)```/s;
    spew("$s->{dir}/own.mustache", $doc);
    spew("$s->{dir}/bad.mustache", '{"name":{{venue_name}}}');
    config($s, { base_url => 'https://x.example' },
        ['w', $r->url('/w'), template => 'wecom'],
        ['d', $r->url('/d'), template => 'dingtalk', text =>
         '{{{type}}}|{{{venue_name}}}|{{{at.date}}}'],
        ['sign', $r->url('/sign?access_token=1'), template => 'dingtalk',
         secret => 'SEC' . '0123456789abcdef' x 4],
        ['s', $r->url('/s'), template => 'sms', to => ['13800000001']],
        ['own', $r->url('/own'), template => 'own.mustache'],
        ['bad', $r->url('/bad'), template => 'bad.mustache']);
    my $pid = follow($s, '--after', 0);
    ok wait_for(sub { !grep { place($s, $_) < $seq[-1] } qw(w d sign s own bad) });
    is end($pid, 'TERM'), 0;

    my $first = sub {
        my ($m) = $r->requests($_[0]);
        return JSON::PP->new->utf8->decode($m->{body});
    };
    my $w = $first->('/w');
    is $w->{msgtype}, 'text';
    like $w->{text}{content},
        qr{\A\x{3010}.*Place 1.*East.* https://x\.example/v/\d+\z};
    is_deeply [seqs($r->requests('/w'))], [@seq[0, 0, 1]],
        'a robot that is busy is asked again';
    like $first->('/d')->{text}{content},
        qr/\Avenue\.red\|Place 1\|\d{4}\x{5e74}/;
    my ($m) = $r->requests('/d');
    ok !exists $m->{headers}{'webhook-signature'}, 'robots need no secret';
    is_deeply [map { "$_->{gateway} $_->{seq} $_->{reason}" } dead($s)],
        [(map { "bad $_ the template does not give JSON" } @seq),
         "d $seq[0] errcode 93000"],
        'a robot that refuses, and a template that is wrong';
    my ($ms, $sign) = map { $_->{path} =~
            m{\A/sign\?access_token=1&timestamp=(\d{13})&sign=([\w%]+)\z} }
        grep { $_->{path} =~ /sign/ } $r->requests;
    $sign =~ s/%(..)/chr hex $1/ge;
    my $sec = 'SEC' . '0123456789abcdef' x 4;
    is $sign, Digest::SHA::hmac_sha256_base64("$ms\n$sec", $sec) . '=',
        'DingTalk is signed for in the URL';
    is_deeply $first->('/s')->{to}, ['13800000001'];
    like $first->('/s')->{content}, qr/Place 1/;
    is $first->('/own')->{where}, 'Place 1';
    is $first->('/own')->{number}, $seq[0];
    is_deeply [seqs($r->requests('/own'))], \@seq,
        'a long answer is taken without reading it';
};

subtest 'nothing sealed' => sub {
    my $s = demo_store(300);
    my $r = Receiver->new;
    config($s, ['a', $r->url('/'), events => ['*']],
           ['s', $r->url('/s'), events => ['*'], template => 'sms']);
    is notify($s, '--once', '--after', 0)->{status}, 0;
    my @held = grep { $_->{body} =~ /review\.held/ } $r->requests('/');
    cmp_ok scalar(@held), '>', 0, 'reviews were told of';
    my $all = join "\n", map { $_->{body} } $r->requests;
    my @reviews = lines(ctl($s, 'export', 'reviews', '--format',
                            'json')->{out});
    my %secret = map { $_ => 1 } grep { defined && length > 3 }
        (map { utf8::encode(my $t = $_->{text} // ''); $t } @reviews),
        map { $_->{operation}{actor}{device} }
        lines(ctl($s, 'export', 'log')->{out});
    cmp_ok scalar(keys %secret), '>', 10;
    is_deeply [grep { index($all, $_) >= 0 } keys %secret], [],
        'but not of their words, nor of whose they are';
};

subtest 'configurations that are wrong' => sub {
    my $s = city(1);
    my $url = 'http://127.0.0.1:9/';
    for my $case (
        [[['a', 'ftp://h/']], 'not http:// or https://'],
        [[['a', 'file:///etc/passwd']], 'not http:// or https://'],
        [[['a', "http://h/\r\nX: y"]], 'not http:// or https://'],
        [[['a', 'http://u:p@h/']], 'user or password'],
        [[['../a', $url]], 'a name is'], [[['', $url]], 'a name is'],
        [[['a', $url], ['a', $url]], 'two of this name'],
        [[['a', $url, events => []]], '"events" is a list'],
        [[['a', $url, events => [1]]], '"events" is a list'],
        [[['a', $url, district => ['']]], '"district" is a list'],
        [[['a', $url, secret => 'whsec_c2hvcnQ=']], '24 to 64 bytes'],
        [[['a', $url, secret => undef]], 'string'],
        [[['a', $url, secret_file => 'x']], 'not both'],
        [[['a', $url, template => 'no.mustache']], 'no.mustache'],
        [[['a', $url, template => 'wecom', text => '{{#a}}']], 'notify.json'],
        # faults D1: sent with a gap where the name stood.
        [[['a', $url, template => 'wecom', text => '{{venue_nam}}']],
         'notify.json:1: names what is not there: venue_nam'],
        [[['a', $url, text => 'x']], '"text" is for'],
        [[['a', $url, content_type => "a\r\nb: c"]], 'content_type'],
        [[['a', $url, colour => 'red']], 'colour'],
        [[{ retry_ms => 0 }, ['a', $url]], 'retry_ms'],
        [[{ timeout_ms => 0 }, ['a', $url]], 'timeout_ms'],
        [[{ lang => 'fr' }, ['a', $url]], 'lang is'],
        [[{ speed => 1 }, ['a', $url]], 'speed'], [[], 'list of 1 to'])
    {
        my ($gateways, $says) = @$case;
        config($s, @$gateways);
        my $r = notify($s, '--once');
        is $r->{status}, 1, $says;
        like $r->{err}, qr/\Ashianctl: .*\Q$says\E/;
        is scalar(() = $r->{err} =~ /\n/g), 1, 'in one line';
        unlike $r->{err}, qr/\Q$secret\E/;
    }

    my $file = config($s, ['a', $url]);
    chmod 0644, $file;
    like notify($s, '--once')->{err}, qr/everybody may read it/;
    chmod 0600, $file;
    spew($file, '{"gateways":');
    like notify($s, '--once')->{err}, qr/notify\.json:1: /;

    config($s, ['a', $url]);
    is notify($s, '--after', 'x')->{status}, 2;
    is notify($s, '--once')->{status}, 0;
    for my $state ('', '{"store":', '{"store":"00","seq":1}',
                   '{"store":"' . site($s) . '","seq":-1}',
                   '{"store":"' . site($s) . '","seq":999999}')
    {
        spew("$s->{dir}/state/a.json", $state);
        is notify($s, '--once')->{status}, 1, "a place like '$state'";
    }
};

subtest 'root acts as the owner of the store' => sub {
    my @nobody = getpwnam 'nobody';
    plan skip_all => 'not root' if $> != 0 || !@nobody;
    # A process that changed its user may not be traced, as leak checks do.
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
    my $dir = File::Temp->newdir('shian-XXXXXX', TMPDIR => 1);
    chmod 0711, $dir;
    my $s = { store => "$dir/store", keys => "$dir/keys",
              base => 'http://127.0.0.1:8080', dir => $dir };
    is ctl($s, 'init', '--owner', 'nobody')->{status}, 0;
    config($s, ['a', 'http://127.0.0.1:9/']);
    is notify($s, '--once')->{status}, 0,
        'a configuration only root can read, and a folder only root can make';
    my @owners = map { (stat)[4] } "$dir/state", glob "$dir/state/*";
    cmp_ok scalar(@owners), '>=', 3;
    is scalar(grep { $_ != $nobody[2] } @owners), 0, 'are the owner\'s';
};

subtest 'the example and the manual' => sub {
    my $s = city(1);
    my @seq = visits($s, 1);
    spew("$s->{dir}/notify.json", slurp(root() . '/conf/notify.json'));
    spew("$s->{dir}/hotline.secret", "$secret\n");
    chmod 0600, "$s->{dir}/$_" for 'notify.json', 'hotline.secret';
    my $ran = notify($s, '--once');
    is $ran->{status}, 0, 'conf/notify.json' or diag $ran->{err};

    my $r = Receiver->new;
    config($s, ['a', $r->url('/')]);
    is notify($s, '--once', '--after', 0)->{status}, 0;
    my ($m) = $r->requests;
    my ($shell) = slurp(root() . '/docs/notify.md') =~ /```sh\n(.*?)```/s;
    local @ENV{qw(id timestamp signature secret)} = ((map {
        $m->{headers}{"webhook-$_"} } qw(id timestamp signature)), $secret);
    spew("$s->{dir}/body", $m->{body});
    my $file = spew("$s->{dir}/check.sh", $shell);
    is `cd $s->{dir} && sh $file 2>&1`, "genuine\n", 'checked by hand';
    spew("$s->{dir}/body", "$m->{body} ");
    is `cd $s->{dir} && sh $file 2>&1`, "forged\n";
};

done_testing;
