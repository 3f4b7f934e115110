#!/usr/bin/perl
# Makes the lab's hosts and carries their packets. Perl, because Node can neither make a namespace nor call ioctl, and Debian's base has it
# (perl-base: nothing but Fcntl, POSIX and Socket is used). Started by hosts.ts; what they say to each other:
#
#   in:   host TAB name TAB address,address... TAB file that becomes /etc/resolv.conf TAB file that becomes /etc/nsswitch.conf LF  (one a host)
#         go LF
#   out:  host TAB name TAB pid LF  (one a host: whoever enters the namespaces of that pid is in the host)
#         ready TAB (user | root) LF     `user`: everything is inside a user namespace, which has to be entered first
#   or:   failed TAB why LF
#
# then frames both ways: number of the host (16 bits, as they were listed from 0), length (16 bits), an IPv4 packet. A frame of host 65535 is sent
# back as it is, so that the engine sees how long the way to here and back takes.
#
# A host is a network namespace whose only way out is the device `net0`, whose other end is held here, a mount namespace with a resolv.conf of
# its own, and a process namespace: its first process, the holder, waits for the end of this one, and takes every process of the host along.
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket;

my ($machine) = (POSIX::uname())[4];
my %numbers = (
  x86_64  => { clone => 56,  mount => 165, unshare => 272 },
  aarch64 => { clone => 220, mount => 40,  unshare => 97 },
);
my $call = $numbers{$machine} or fail("this kind of processor is not known here: $machine");

use constant {
  NEW_MOUNTS => 0x00020000, NEW_USERS => 0x10000000, NEW_PROCESSES => 0x20000000, NEW_NETWORK => 0x40000000,
  CHILD_SIGNAL => 17,
  MS_BIND => 4096, MS_REC => 16384, MS_PRIVATE => 1 << 18,
  TUNSETIFF => 0x400454ca, IFF_TUN => 1, IFF_NO_PI => 0x1000,
  SIOCADDRT => 0x890b, SIOCGIFFLAGS => 0x8913, SIOCSIFFLAGS => 0x8914, SIOCSIFADDR => 0x8916, SIOCSIFNETMASK => 0x891c,
  SIOCSIFMTU => 0x8922, SIOCSIFTXQLEN => 0x8943,
  IFF_UP => 1, RTF_UP => 1,
  MTU => 1500,
  # packets that may wait here while the engine is busy; the queues that the lab means are the engine's own
  DEVICE_QUEUE => 10_000,
  MOST_WAITING => 64 * 1024 * 1024,
  ECHO => 65535,
};

sub fail {
  my ($why) = @_;
  syswrite STDOUT, "failed\t$why\n";
  POSIX::_exit(1);
}

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = 'IGNORE';    # it ends when the engine closes its input, or is gone
$SIG{PIPE} = 'IGNORE';
$| = 1;

my @plans;
while (1) {
  my $line = read_line();
  last if $line eq 'go';
  my ($word, $name, $addresses, $resolver, $switch) = split /\t/, $line;
  push @plans, { name => $name, addresses => [split /,/, $addresses], resolver => $resolver, switch => $switch };
}

# one byte at a time, since what follows the last line are frames
sub read_line {
  my $line = '';
  while (1) {
    my $got = sysread STDIN, my $byte, 1;
    POSIX::_exit(0) unless $got;
    return $line if $byte eq "\n";
    $line .= $byte;
  }
}

my $kind = 'root';
if (syscall($call->{unshare}, NEW_NETWORK) != 0) {
  $kind = 'user';
  enter_user_namespace();
  syscall($call->{unshare}, NEW_NETWORK) == 0 or fail("no network namespace can be made: $!");
}

sub enter_user_namespace {
  my ($user, $group) = ($>, $) + 0);
  syscall($call->{unshare}, NEW_USERS) == 0 or fail("neither a network namespace nor a user namespace can be made: $!");
  write_file('/proc/self/setgroups', 'deny');
  write_file('/proc/self/uid_map',   "0 $user 1");
  write_file('/proc/self/gid_map',   "0 $group 1");
}

sub write_file {
  my ($path, $text) = @_;
  sysopen(my $file, $path, O_WRONLY) or fail("$path: $!");
  defined(syswrite $file, $text) or fail("$path: $!");
}

# its writing end is only here: when this process is gone, every holder reads the end
pipe(my $alive_reader, my $alive_writer) or fail("no pipe: $!");

my (@tuns, @holders);
for my $index (0 .. $#plans) {
  my $plan = $plans[$index];
  # the first host takes the namespace that the try above has made
  $index == 0 or syscall($call->{unshare}, NEW_NETWORK) == 0 or fail("no network namespace for $plan->{name}: $!");
  push @tuns, open_device($plan);
  push @holders, start_holder($plan);
}
for my $index (0 .. $#plans) {
  syswrite STDOUT, "host\t$plans[$index]{name}\t$holders[$index]\n";
}
syswrite STDOUT, "ready\t$kind\n";
carry();
close $alive_writer;
waitpid $_, 0 for @holders;    # a holder is gone only after everything in its host
POSIX::_exit(0);

sub open_device {
  my ($plan) = @_;
  sysopen(my $tun, '/dev/net/tun', O_RDWR | O_NONBLOCK) or fail("/dev/net/tun cannot be opened: $!");
  ioctl($tun, TUNSETIFF, my $request = pack('a16 S x22', 'net0', IFF_TUN | IFF_NO_PI)) or fail("no tunnel for $plan->{name}: $!");
  socket(my $socket, AF_INET, SOCK_DGRAM, 0) or fail("no socket: $!");
  my $set = sub {
    my ($what, $number, $request) = @_;
    ioctl($socket, $number, $request) or fail("$what of $plan->{name}: $!");
  };
  my $with_number = sub { pack('a16 i x20', $_[0], $_[1]) };
  my $with_address = sub { pack('a16 a16 x8', $_[0], pack('S n a4 x8', AF_INET, 0, inet_aton($_[1]))) };
  $set->('loopback', SIOCSIFFLAGS, pack('a16 S x22', 'lo', IFF_UP));
  my $alias = 0;
  for my $address (@{ $plan->{addresses} }) {
    my $device = $alias == 0 ? 'net0' : "net0:$alias";
    $set->("address $address", SIOCSIFADDR,    $with_address->($device, $address));
    $set->("network mask",     SIOCSIFNETMASK, $with_address->($device, '255.255.255.255'));
    $alias++;
  }
  $set->('packet size', SIOCSIFMTU,    $with_number->('net0', MTU));
  # only real root may; else 500 packets wait at most, which an engine that is not late does not need
  ioctl($socket, SIOCSIFTXQLEN, my $queue = $with_number->('net0', DEVICE_QUEUE));
  ioctl($socket, SIOCGIFFLAGS, my $flags = pack('a16 S x22', 'net0', 0)) or fail("flags of $plan->{name}: $!");
  $set->('device', SIOCSIFFLAGS, pack('a16 S x22', 'net0', IFF_UP | unpack('x16 S', $flags)));
  my $device = "net0\0";
  my $nowhere = pack('S n a4 x8', AF_INET, 0, "\0\0\0\0");
  # struct rtentry of a 64-bit Linux
  my $route = pack('x8 a16 a16 a16 S x2 x4 x8 x8 s x6 p Q Q S x6', $nowhere, $nowhere, $nowhere, RTF_UP, 0, $device, 0, 0, 0);
  $set->('default route', SIOCADDRT, $route);
  return $tun;
}

sub start_holder {
  my ($plan) = @_;
  pipe(my $ready_reader, my $ready_writer) or fail("no pipe: $!");
  my $pid = syscall($call->{clone}, NEW_PROCESSES | NEW_MOUNTS | CHILD_SIGNAL, 0, 0, 0, 0);
  fail("no process namespace for $plan->{name}: $!") if $pid < 0;
  if ($pid == 0) {
    hold($plan, $ready_writer);
    POSIX::_exit(0);
  }
  close $ready_writer;
  my $answer = '';
  1 while sysread $ready_reader, $answer, 1000, length $answer;
  $answer eq 'ready' or fail($answer || "the holder of $plan->{name} died");
  return $pid;
}

sub hold {
  my ($plan, $ready_writer) = @_;
  $SIG{CHLD} = 'IGNORE';    # the first process of a namespace buries the orphans
  close $alive_writer;
  close $_ for @tuns;
  close STDIN;
  close STDOUT;
  my $why = own_files($plan);
  syswrite $ready_writer, defined $why ? "files of $plan->{name}: $why" : 'ready';
  close $ready_writer;
  return if defined $why;
  my $got;
  do { $got = sysread $alive_reader, my $byte, 1 } until defined $got;
}

# @returns what went wrong
sub own_files {
  my ($plan) = @_;
  my ($none, $root) = ('none', '/');
  syscall($call->{mount}, $none, $root, 0, MS_REC | MS_PRIVATE, 0) == 0 or return "mounts stay shared: $!";
  for my $pair ([$plan->{resolver}, '/etc/resolv.conf'], [$plan->{switch}, '/etc/nsswitch.conf']) {
    my ($from, $to) = @$pair;
    syscall($call->{mount}, $from, $to, 0, MS_BIND, 0) == 0 or return "$to: $!";
  }
  return undef;
}

# Carries frames until the engine closes its end.
sub carry {
  my $watched = '';
  my %index_of;
  for my $index (0 .. $#tuns) {
    vec($watched, fileno $tuns[$index], 1) = 1;
  }
  vec($watched, fileno STDIN, 1) = 1;
  for my $handle (\*STDIN, \*STDOUT) {
    fcntl($handle, F_SETFL, O_NONBLOCK | fcntl($handle, F_GETFL, 0)) or fail("fcntl: $!");
  }
  my @numbered = map { [$_, $tuns[$_], fileno $tuns[$_]] } 0 .. $#tuns;
  my $writable_bits = '';
  vec($writable_bits, fileno STDOUT, 1) = 1;
  my ($in, $out) = ('', '');
  while (1) {
    my $readable = $watched;
    my $writable = length $out ? $writable_bits : undef;
    next if select($readable, $writable, undef, undef) < 0;
    if (vec($readable, fileno STDIN, 1)) {
      my $got = sysread STDIN, $in, 1 << 18, length $in;
      return if defined $got && $got == 0;
      return if !defined $got && !$!{EAGAIN} && !$!{EINTR};
      my $at = 0;
      while (length($in) - $at >= 4) {
        my ($index, $length) = unpack 'n n', substr $in, $at, 4;
        last if length($in) - $at - 4 < $length;
        if ($index == ECHO) {
          $out .= substr $in, $at, 4 + $length;
        }
        else {
          syswrite $tuns[$index], $in, $length, $at + 4 or warn "the kernel takes no packet for $plans[$index]{name}: $!\n";
        }
        $at += 4 + $length;
      }
      substr $in, 0, $at, '';
    }
    for (@numbered) {
      my ($index, $tun, $number) = @$_;
      next unless vec $readable, $number, 1;
      for (1 .. 64) {
        my $length = sysread $tun, my $packet, 2048 or last;
        # the kernel also speaks IPv6 by itself, which the lab does not have
        next if ord($packet) >> 4 != 4 || length $out > MOST_WAITING;
        $out .= pack('n n', $index, $length) . $packet;
      }
    }
    if (length $out) {
      my $done = syswrite STDOUT, $out;
      return if !defined $done && !$!{EAGAIN} && !$!{EINTR};
      substr $out, 0, $done, '' if $done;
    }
  }
}
