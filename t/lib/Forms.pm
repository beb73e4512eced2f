# The forms of a page as a browser sees them, and the addresses that there
# are: what a test needs to press every button.
package Forms;

use strict;
use warnings;
use Exporter 'import';
use Encode ();

our @EXPORT_OK = qw(forms_of links_of routes_of route_of fill);

sub text {
    my ($html) = @_;
    my %named = (amp => '&', lt => '<', gt => '>', quot => '"');
    $html =~ s/&(?:\#(\d+)|\#x([0-9a-f]+)|(\w+));/
               defined $1 ? chr $1 : defined $2 ? chr hex $2
                          : $named{$3} \/\/ "&$3;"/gexi;
    return $html;
}

sub attributes {
    my ($tag) = @_;
    my %a;
    while ($tag =~ /\s([\w-]+)(?:="([^"]*)")?/g) {
        $a{$1} = text($2 // '');
    }
    return \%a;
}

# [ { action, enctype, fields, buttons } ] of those that post, in order; a
# field is its attributes with `tag`, and `options` of a select.
sub forms_of {
    my ($bytes) = @_;
    my $html = Encode::decode_utf8($bytes);
    my @forms;
    while ($html =~ m{<form\b([^>]*)>(.*?)</form>}gs) {
        my ($form, $inside) = (attributes($1), $2);
        next if ($form->{method} // 'get') ne 'post';
        @$form{qw(fields buttons)} = ([], []);
        while ($inside =~ m{<(input|select|textarea|button)\b([^>]*)>
                            (?:(?<=>)(.*?)</\1>)?}gsx)
        {
            my ($tag, $f, $rest) = ($1, attributes($2), $3);
            if ($tag eq 'input') {
                pos($inside) -= length($rest) + length('</input>')
                    if defined $rest;
            } elsif ($tag eq 'select') {
                $f->{options} = [map { attributes($_) }
                                 $rest =~ /<option\b([^>]*)>/g];
            } elsif ($tag eq 'textarea') {
                $f->{value} = text($rest =~ s/^\n//r);
            }
            $f->{tag} = $tag;
            push @{$form->{$tag eq 'button' ? 'buttons' : 'fields'}}, $f;
        }
        push @{$form->{buttons}}, {} if !@{$form->{buttons}};
        push @forms, $form;
    }
    return @forms;
}

# Text as a part of an address.
sub address {
    my ($text) = @_;
    return join '', map { sprintf '%%%02X', ord } split //,
        Encode::encode_utf8($text);
}

# Addresses of ours that a page links to.
sub links_of {
    my ($bytes) = @_;
    return map { text($_) } $bytes =~ m{<a\b[^>]*\shref="(/[^"#]*)}g;
}

# [ { method, pattern, template, re } ] as routes[] has them.
sub routes_of {
    my ($source) = @_;
    my @routes;
    while ($source =~ m/\{\s(GET|POST),\s"([^"]+)",(.*?)F\(/gs) {
        my ($method, $pattern, $rest) = ($1, $2, $3);
        my $re = join '', map { /^\{/ ? '[^/]+' : quotemeta }
            split /(\{[^}]*\})/, $pattern;
        push @routes, { method => $method, pattern => $pattern,
                        re => qr{^$re$},
                        template => $rest =~ /"(\w+)"/ ? $1 : undef };
    }
    return @routes;
}

# The route that answers, or undef.
sub route_of {
    my ($routes, $method, $path) = @_;
    my ($plain) = $path =~ /^([^?]*)/;
    my ($route) = grep { $_->{method} eq $method && $plain =~ $_->{re} }
        @$routes;
    return $route;
}

# Names and values as a browser sends them when a button is pressed, with
# what somebody has to fill in.  $with: name => value, or code that is given
# the field and gives one; it says what a field has that is not empty, too.
sub fill {
    my ($form, $button, $with) = @_;
    my (@pairs, %radio);
    for my $f (@{$form->{fields}}) {
        my $name = $f->{name} // next;
        my $type = $f->{tag} eq 'input' ? $f->{type} // 'text' : $f->{tag};
        my $own = $with->{$name};
        $own = $own->($f) if ref $own eq 'CODE';
        if ($type eq 'radio') {
            push @{$radio{$name}}, $f;
            next;
        }
        if ($type eq 'checkbox') {
            push @pairs, $name, $f->{value} if defined $own ? $own
                                                : exists $f->{checked};
            next;
        }
        next if $type eq 'file' && !defined $own;
        my $value = $f->{value} // '';
        if ($type eq 'select') {
            my @options = @{$f->{options}};
            @options = grep { $_->{value} ne '' } @options
                if exists $f->{required};
            my ($chosen) = ((grep { exists $_->{selected} } @options),
                            @options);
            $value = $chosen->{value} // '';
        } elsif ($value eq '' && ($type eq 'textarea'
                                  || exists $f->{required}))
        {
            $value = 'words of a test';
        }
        push @pairs, $name, $own // $value;
    }
    for my $name (sort keys %radio) {
        my ($f) = ((grep { exists $_->{checked} } @{$radio{$name}}),
                   $radio{$name}[0]);
        my $own = $with->{$name};
        $own = $own->($f) if ref $own eq 'CODE';
        push @pairs, $name, $own // $f->{value};
    }
    push @pairs, $button->{name}, $button->{value}
        if defined $button->{name};
    return \@pairs;
}

1;
