# A small HTTP server on 127.0.0.1 in a process of its own, which notes every
# request on disk before it answers as it was told.
package Receiver;

use strict;
use warnings;
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use MIME::Base64 ();
use Time::HiRes ();

# answer gets (request, how many came to its path before) and returns a
# status, or [status, { header => value }, body], or a name: it is then
# answered 200 when release(name) was called.
sub new {
    my ($class, $answer) = @_;
    my $dir = File::Temp->newdir('receiver-XXXXXX', TMPDIR => 1);
    my $listen = IO::Socket::INET->new(Listen => 64,
        LocalAddr => '127.0.0.1') or die "no port: $!";
    my $self = bless { dir => $dir, owner => $$,
                       url => 'http://127.0.0.1:' . $listen->sockport },
        $class;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        $SIG{PIPE} = 'IGNORE';
        eval { serve($self, $listen, $answer || sub { 200 }) };
        print STDERR "receiver: $@";
        require POSIX;
        POSIX::_exit(1);
    }
    $self->{pid} = $pid;
    return $self;
}

sub url { return $_[0]{url} . $_[1] }

sub release {
    my ($self, $name) = @_;
    open my $f, '>', "$self->{dir}/go-$name" or die $!;
    close $f;
}

# What came, in order: { at, path, headers, body }; of one path or of all.
sub requests {
    my ($self, $path) = @_;
    my @all;
    open my $f, '<:raw', "$self->{dir}/requests" or return @all;
    @all = map { JSON::PP->new->utf8->decode($_) } grep { /\n\z/ } <$f>;
    $_->{body} = MIME::Base64::decode_base64($_->{body}) for @all;
    return grep { !defined $path || $_->{path} eq $path } @all;
}

sub DESTROY {
    my ($self) = @_;
    return if !$self->{pid} || $$ != $self->{owner};
    local $?;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}

sub serve {
    my ($self, $listen, $answer) = @_;
    my $select = IO::Select->new($listen);
    my (%in, %held, %count);
    open my $log, '>>:raw', "$self->{dir}/requests" or die $!;
    $log->autoflush;

    while (getppid() == $self->{owner}) {
        for my $c ($select->can_read(0.02)) {
            if ($c == $listen) {
                my $new = $listen->accept or next;
                $new->autoflush;
                $select->add($new);
                $in{$new} = '';
                next;
            }
            if (!sysread $c, $in{$c}, 65536, length $in{$c}) {
                $select->remove($c);
                delete $held{$_} for grep { $held{$_}[0] == $c } keys %held;
                delete $in{$c};
                next;
            }
            while (my $r = request(\$in{$c})) {
                my $body = $r->{body};
                $r->{at} = Time::HiRes::time();
                $r->{body} = MIME::Base64::encode_base64($body, '');
                print {$log} JSON::PP->new->utf8->encode($r), "\n";
                $r->{body} = $body;
                my $a = $answer->($r, $count{$r->{path}}++);
                if (ref $a || $a =~ /^\d+$/) {
                    reply($c, ref $a ? @$a : $a);
                } else {
                    $held{$a . $c} = [$c, $a];
                }
            }
        }
        for (grep { -e "$self->{dir}/go-$held{$_}[1]" } keys %held) {
            reply((delete $held{$_})->[0], 200);
        }
    }
}

# Takes a whole request off the buffer.
sub request {
    my ($in) = @_;
    $$in =~ /\A(.*?)\r\n\r\n/s or return undef;
    my ($head, $from) = ($1, $+[0]);
    my ($line, @lines) = split /\r\n/, $head;
    my %h = map { my ($k, $v) = split /:\s*/, $_, 2; (lc $k, $v) } @lines;
    my $n = $h{'content-length'} // 0;
    return undef if length($$in) < $from + $n;
    my ($method, $path) = split / /, $line;
    my $body = substr $$in, $from, $n;
    substr($$in, 0, $from + $n) = '';
    return { method => $method, path => $path, headers => \%h,
             body => $body };
}

sub reply {
    my ($c, $status, $headers, $body) = @_;
    $body //= '';
    print {$c} "HTTP/1.1 $status Status\r\n",
        (map { "$_: $headers->{$_}\r\n" } keys %{$headers || {}}),
        'Content-Length: ', length $body, "\r\n\r\n", $body;
}

1;
