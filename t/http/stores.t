# Many stores on one nginx, and a store that another program lets grow.

use strict;
use warnings;
use POSIX ();
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(new_store demo_store configure start stop get post ctl spew slurp
             wait_for workers log_of link_of sign_in connect_to send_request
             read_answer free_port);

# faults C2: there was room for sixteen.
subtest 'eighteen stores are graded' => sub {
    my $s = demo_store(3, '--complaints', 0);
    my $n = 18;
    system('cp', '-a', $s->{store}, "$s->{store}$_") == 0 or die for 1 .. $n;
    $s->{port} = free_port();
    my $servers = join '', map { <<"END" } 1 .. $n;
    server {
        listen 127.0.0.1:$s->{port};
        server_name c$_;
        shian_store $s->{store}$_;
        shian_grading on interval=50ms;
        location / { shian; }
        location = /metrics { shian_metrics; }
    }
END
    start($s, http => $servers, workers => 2, level => 'warn');
    my $today = int((time + 8 * 3600) / 86400);
    for my $i (1 .. $n) {
        my $day;
        ok wait_for(sub {
            my $a = get($s, '/metrics', no_host => 1,
                        headers => [Host => "c$i"]);
            ($day) = $a->{body} =~ /^shian_grading_day (\d+)/m;
            return $day && $day >= $today;
        }), "store $i" or diag $day;
    }
    my $a = get($s, '/metrics', no_host => 1, headers => [Host => "c$n"]);
    like $a->{body}, qr/^shian_store_up 1$/m;
    stop($s);
};

# faults C3, H6: it is mapped anew while pool threads read, and nobody notices.
subtest 'another program lets a store grow past the map' => sub {
    for my $round (1 .. 3) {
        my $s = demo_store(10, '--complaints', 0);
        $s->{port} = free_port();
        my $map = POSIX::ceil((-s "$s->{store}/data.mdb") / 65536) * 64 + 256;
        $map = 1024 if $map < 1024;
        my $more = spew("$s->{dir}/more.csv", join "\n",
            'ref,name,category,district,address,lng,lat',
            map { "R$_,Inn no $_,snack,East,Long street $_,121.4,29.6" }
                1 .. 3000);
        start($s, workers => 1, settings => <<"END");
    shian_store $s->{store} map_size=${map}k;
    shian_keys $s->{keys};
    shian_html @{[Shian::build()]}/html;
    shian_base_url http://127.0.0.1:$s->{port};
    shian_grading on interval=1ms;
END
        my ($worker) = workers($s);
        my $chief = sign_in($s, login => 'chief');
        my $policy = Shian::json(get($s, '/policy.json'))->{policy};
        $policy->{version} = "preview-$round";
        $policy->{colour}{green} = 90 if ref $policy->{colour};
        my $pid = fork // die;
        if ($pid == 0) {
            my $r = ctl($s, 'import', 'venues', $more);
            print STDERR $r->{err} if $r->{status};
            POSIX::_exit($r->{status});
        }
        my %got;
        my $over;
        until ($over) {
            my $c = connect_to($s);
            send_request($s, $c, 'POST', '/desk/policy?action=preview',
                         jar => $chief, json => $policy);
            $got{get($s, '/venues.json')->{status}}++ for 1 .. 3;
            my $a = read_answer($c);
            $got{"preview $a->{status}"}++ if $a;
            $over = waitpid($pid, 1) == $pid;
        }
        is $?, 0, 'the import went through';
        ok wait_for(sub { get($s, '/venues.json')->{status} == 200 }),
            'the worker reads it';
        is get($s, '/venues.json?q=Inn')->{status}, 200;
        cmp_ok -s "$s->{store}/data.mdb", '>', $map * 1024, 'past the map';
        is post($s, link_of($s, login => 'officer'))->{status}, 303,
            'and writes';
        is join(' ', workers($s)), $worker, 'the same worker';
        is ctl($s, 'verify')->{status}, 0;
        cmp_ok $got{'preview 200'} // 0, '>', 0, 'previews read meanwhile';
        note join ', ', map { "$_: $got{$_}" } sort keys %got;
        stop($s);
        unlike log_of($s), qr/\[(?:alert|crit|emerg)\]/, 'nothing to say';
    }
};

done_testing;
