# Everything that a form does can be done again to another record: each
# rendering of a form has a key of its own.

use strict;
use warnings;
use utf8;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

use Shian qw(demo_store configure start stop build slurp spew get post
             open_venues sign_in filing);

my $s = demo_store(40, '--complaints', 0);
configure($s);
start($s);

my ($v) = open_venues($s);
my $chief = sign_in($s, login => 'chief');

sub keys_of {
    my ($page) = @_;
    return $page =~ /name="idempotency_key" value="([^"]*)"/g;
}

subtest 'faults D1: each rendering has its own keys' => sub {
    my ($n) = map { filing($s, 1, { venue => $v, kind => 'report',
                                    category => 'dirty', text => 'x' }) } 1;
    for my $path ("/desk/complaints/$n", '/desk/complaints', '/desk/users',
                  '/desk/checklist', "/v/$v", "/v/$v/complain")
    {
        my @keys = map { keys_of(get($s, $path, jar => $chief)->{body}) }
            1 .. 2;
        cmp_ok scalar(@keys), '>=', 2, "$path has forms";
        my %seen;
        is scalar(grep { $seen{$_}++ } @keys), 0, 'no key twice';
        is scalar(grep { !/^[0-9a-f]{32}(?:-|$)/ } @keys), 0, 'all whole';
    }
};

subtest 'faults D1: a step is taken on two complaints' => sub {
    for (1 .. 2) {
        my $n = filing($s, 1, { venue => $v, kind => 'report',
                                category => 'dirty', text => "no $_" });
        my $url = "/desk/complaints/$n";
        my ($key) = grep { /-accept$/ }
            keys_of(get($s, $url, jar => $chief)->{body});
        my $a = post($s, $url, jar => $chief,
                     form => [action => 'accept', idempotency_key => $key]);
        is $a->{status}, 303, "complaint $n is accepted";
    }
};

subtest 'a key is used up where the request was judged' => sub {
    my $a = post($s, '/complaints', form => [venue => $v, text => 'x',
                 idempotency_key => 'a' x 32]);
    is $a->{status}, 422;
    my ($key) = keys_of($a->{body});
    like $key, qr/^[0-9a-f]{32}$/, 'a refused form comes back';
    isnt $key, 'a' x 32, 'with a new one';
};

stop($s);

# A city may put a form on any page: the kept one would hand out one key.
subtest 'faults D1: a page with a key is not kept for the next' => sub {
    my $html = "$s->{dir}/html";
    system('cp', '-RL', build() . '/html', $html) == 0 or die;
    my $venue = slurp("$html/templates/venue.html");
    my $form = '<form method="post" action="/signout"><input type="hidden" '
        . 'name="idempotency_key" value="{{frame.idempotency_key}}"></form>';
    spew("$html/templates/venue.html", $venue =~ s/^\{\{> bottom\}\}/$form\n$&/mr);
    my $read = sub {
        configure($s, workers => 1, settings => <<"");
    shian_store     $s->{store};
    shian_keys      $s->{keys};
    shian_html      $_[0];
    shian_base_url  $s->{base};

        start($s);
        my @pages = map { get($s, "/v/$v", headers => ['Accept-Encoding' => ''])
                          ->{body} } 1 .. 2;
        my ($hits) = get($s, '/metrics')->{body} =~ /cache\w*hit\S* (\d+)/;
        stop($s);
        return ($hits, map { keys_of($_) } @pages);
    };
    my ($hits, @keys) = $read->($html);
    is scalar(@keys), 2, 'both have the form';
    isnt $keys[0], $keys[1], 'with a key each';
    is $hits, 0, 'neither was kept';
    ($hits, @keys) = $read->(build() . '/html');
    is $hits, 1, 'a page without is';
};

done_testing;
