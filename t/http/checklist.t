# The checklist at the chief's desk: what another one changes is told before
# anything is written, and errors say where in the document they are.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode_utf8 decode_utf8);
use JSON::PP;
use POSIX ();
use Shian qw(demo_store start stop ctl get post header json sign_in seq
             open_venues);

binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

my $s = demo_store(30);
start($s);
my $chief = sign_in($s, login => 'chief');
my $JSON = JSON::PP->new->canonical;

sub desk { return json(get($s, '/desk/checklist.json', jar => { %$chief })) }

# The document in force, changed.
sub document {
    my ($version, $change) = @_;
    my $list = desk()->{checklist};
    $list->{version} = $version;
    $change->($list->{items}) if $change;
    return $list;
}

sub send_form {
    my ($document, $action) = @_;
    my $text = ref $document ? $JSON->encode($document) : $document;
    return post($s, '/desk/checklist', jar => { %$chief },
                form => [document => $text, action => $action]);
}

# The instants of forms are whole seconds.
sub sleep_past_second {
    my $now = time;
    select undef, undef, undef, 0.02 while time == $now;
}

sub send_json {
    my ($document, $action) = @_;
    return post($s, "/desk/checklist?action=$action", jar => { %$chief },
                json => $document);
}

subtest 'what is in force' => sub {
    my $d = desk();
    is $d->{checklist}{version}, 'default-1';
    is $d->{count}, scalar @{$d->{checklist}{items}};
    ok !$d->{versions}, 'no version was published';
    ok !exists $d->{document}, 'the form is for people';
    my $html = decode_utf8(get($s, '/desk/checklist',
                               jar => { %$chief })->{body});
    like $html,
        qr/<textarea id="document".*\n\{&quot;version&quot;:&quot;default-1/,
        'the document, to be changed';
    is scalar(() = $html =~ /&quot;guidance_en&quot;/g), $d->{count},
        'with every item';
    like get($s, '/desk', jar => { %$chief })->{body},
        qr{href="/desk/checklist"}, 'the desk leads there';
};

subtest 'who may' => sub {
    for my $role (qw(public inspector officer bank media)) {
        my $jar = $role eq 'public' ? {} : sign_in($s, login => $role);
        my $n = seq($s);
        for my $a (get($s, '/desk/checklist.json', jar => $jar),
                   post($s, '/desk/checklist?action=publish', jar => $jar,
                        json => document('no')))
        {
            is $a->{status}, $role eq 'public' ? 401 : 403, $role;
        }
        is seq($s), $n, 'nothing is written';
    }
    is get($s, '/desk/checklist',
           jar => sign_in($s, login => 'admin'))->{status}, 200, 'admin';
};

my $next = document('city-2', sub {
    my ($items) = @_;
    $items->[1]{severity} = 'major';
    $items->[2]{text} = '别的<b>话';
    $items->[3]{guidance} .= '再看一遍。';
    my ($gone) = grep { $items->[$_]{code} eq 'S5' } 0 .. $#$items;
    splice @$items, $gone // $#$items, 1;
    push @$items, { %{$items->[-1]}, code => 'Z9', text => '新的一项' };
});

subtest 'a preview' => sub {
    my $n = seq($s);
    my $p = json(send_json($next, 'preview'));
    is "$p->{version_before} $p->{version}", 'default-1 city-2';
    my %of = map { $_->{code} => $_ } @{$p->{changes}};
    my @codes = map { $_->{code} } @{$next->{items}};
    is scalar keys %of, 5, 'what changes and nothing else';
    is $of{$codes[1]}{severity_before} . '-' . $of{$codes[1]}{severity},
        'minor-major';
    is $of{$codes[2]}{text}, '别的<b>话';
    ok length $of{$codes[2]}{text_before}, 'beside the words before';
    ok $of{$codes[3]}{guidance}, 'other guidance';
    is $of{Z9}{what}, 'added';
    is $p->{changes}[-1]{what}, 'gone', 'what is gone comes last';
    is $p->{count}, scalar @codes;

    my $a = send_form($next, 'preview');
    my $html = decode_utf8($a->{body});
    is $a->{status}, 200;
    like $html, qr/别的&lt;b&gt;话/, 'words are escaped';
    like $html, qr/<button[^>]*value="publish"/;
    is seq($s), $n, 'nothing is written';
};

subtest 'wrong documents' => sub {
    my $n = seq($s);
    my $bad = document('city-3', sub {
        $_[0][4]{code} = $_[0][0]{code};
        $_[0][7]{severity} = 'grave';
    });
    my $a = send_json($bad, 'publish');
    is $a->{status}, 422;
    is_deeply [map { $_->{field} } @{json($a)->{errors}}],
        ['items[7].severity'], 'by path';
    delete $bad->{items}[7]{severity};
    $bad->{items}[7]{severity} = 'minor';
    is_deeply [map { "$_->{field} $_->{code}" }
               @{json(send_json($bad, 'preview'))->{errors}}],
        ['items[4].code duplicate'];

    $a = send_form($bad, 'preview');
    my $html = decode_utf8($a->{body});
    is $a->{status}, 422;
    like $html, qr/id="errors".*items\[4\]\.code/s, 'the form again';
    like $html, qr/&quot;version&quot;:&quot;city-3/, 'with what was typed';

    for my $text ('{"version": "x"', '[]', 'no') {
        $a = send_form($text, 'preview');
        is $a->{status}, 422, "not JSON: $text";
        (my $kept = $text) =~ s/"/&quot;/g;
        like $a->{body}, qr/\Q$kept\E/, 'is kept';
    }
    is send_form('', 'preview')->{status}, 422, 'nothing';
    is send_json($next, 'burn')->{status}, 422, 'an action we lack';
    is post($s, '/desk/checklist', jar => { %$chief },
            form => [document => 'x' x 1_100_000, action => 'preview'])
        ->{status}, 413, 'too large';
    is post($s, '/desk/checklist?action=publish', jar => { %$chief },
            headers => [Origin => 'https://evil.example'],
            json => $next)->{status}, 403, 'not from another site';
    is seq($s), $n, 'nothing is written';
};

subtest 'publishing' => sub {
    my ($document) = decode_utf8(send_form($next, 'preview')->{body})
        =~ /name="document" value="([^"]*)"/;
    $document =~ s/&quot;/"/g;
    $document =~ s/&lt;/</g;
    $document =~ s/&gt;/>/g;
    $document =~ s/&#39;/'/g;
    $document =~ s/&amp;/&/g;
    my $a = send_form($document, 'publish');
    is $a->{status}, 303, 'what the preview carries';
    is header($a, 'location'), '/desk/checklist?done=publish';
    my $d = desk();
    is_deeply $d->{checklist}, $next, 'is in force to the letter';
    is $d->{versions}[0]{version}, 'city-2';
    ok $d->{versions}[0]{by_name}, 'by whom';
    is json(get($s, '/checklist.json'))->{version}, 'city-2', 'for all';

    $a = send_json($next, 'publish');
    is $a->{status}, 200, 'once more';
    is scalar @{desk()->{versions}}, 1, 'changes nothing';
    $a = send_json({ %$next, items => [reverse @{$next->{items}}] },
                   'preview');
    is_deeply [map { "$_->{field} $_->{code}" } @{json($a)->{errors}}],
        ['version duplicate'], 'a version means one thing';
    $a = send_json({ %$next, version => 'city-4' }, 'publish');
    is $a->{status}, 201, 'another version';
    is header($a, 'location'), '/desk/checklist';
};

# faults A2, G5: by our clock, whatever the device's says.
subtest 'a device five days off' => sub {
    ctl($s, 'user', 'add', '--login', 'clockless', '--role', 'inspector',
        '--name', 'clockless');
    my $walker = sign_in($s, login => 'clockless');
    my ($v) = (open_venues($s))[2];
    my @codes = map { $_->{code} } @{desk()->{checklist}{items}};
    sleep_past_second();

    for my $off (5 * 86400, -5 * 86400) {
        my $time = sub {
            POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $off))
        };
        my %body = (kind => 'routine', checklist => 'city-4',
                    started_at => $time->(), finished_at => $time->(),
                    items => [map { { code => $_, result => 'pass' } }
                              @codes]);
        my $a = post($s, "/v/$v/inspections", jar => { %$walker },
                     headers => ['Shian-Device-Time' => $time->()],
                     json => \%body);
        is $a->{status}, 201, "off by $off" or diag $a->{body};
    }
};

# faults G5: what was begun under one checklist ends under it, by each door.
subtest 'a visit across a publication' => sub {
    ctl($s, 'user', 'add', '--login', 'walker', '--role', 'inspector',
        '--name', 'walker');
    my $walker = sign_in($s, login => 'walker');
    my ($v, $w) = open_venues($s);
    sleep_past_second();
    my $page = get($s, "/patrol/v/$v", jar => { %$walker });
    my ($version) = $page->{body} =~ /name="checklist" value="([^"]+)"/;
    my ($began) = $page->{body} =~ /name="started_at" value="([^"]+)"/;
    is $version, 'city-4', 'the form is of the one in force';
    my @codes = map { $_->{code} } @{desk()->{checklist}{items}};

    sleep_past_second();
    my $a = send_json(document('city-5', sub {
        my ($items) = @_;
        push @$items, { %{$items->[0]}, code => 'Z8' };
        $items->[1]{code} = 'Z7';
    }), 'publish');
    is $a->{status}, 201, 'another one is published meanwhile';
    is json(get($s, '/checklist.json'))->{version}, 'city-5';

    $a = post($s, "/v/$v/inspections", jar => { %$walker }, form =>
              [kind => 'routine', checklist => $version,
               started_at => $began, map { $_ => 'pass' } @codes]);
    is $a->{status}, 303, 'the form is taken' or diag $a->{body};
    my $chief_sees = json(get($s, header($a, 'location') . '.json',
                              jar => { %$chief }));
    is $chief_sees->{checklist}, 'city-4', 'and read by its own';
    is $chief_sees->{passed}, scalar @codes;

    my %body = (kind => 'routine', checklist => $version,
                started_at => $began, finished_at => $began,
                items => [map { { code => $_, result => 'pass' } } @codes]);
    $a = post($s, "/v/$w/inspections", jar => { %$walker }, json => \%body);
    is $a->{status}, 201, 'JSON as well';

    $a = post($s, "/v/$w/inspections", jar => { %$walker }, form =>
              [kind => 'routine', checklist => $version,
               started_at => '2020-01-01T00:00:00Z',
               map { $_ => 'pass' } @codes]);
    is $a->{status}, 422, 'but not of a day on which it was not in force';
};

stop($s);
is ctl($s, 'verify')->{status}, 0, 'verify';
done_testing;
