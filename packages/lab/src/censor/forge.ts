/** Segments that a censor writes in others' names. They carry the true sequence numbers, so that the ends believe them (RFC 5961). */
import { makeTcp, tcpFlag, type Packet, type TcpPart } from '../net/packet.ts';

const reset = tcpFlag.reset | tcpFlag.acknowledge;

/** As if the receiver of `packet` ended the connection: goes to its sender. */
export function resetToSender(packet: Packet, tcp: TcpPart): Packet {
  const answered = (tcp.flags & tcpFlag.acknowledge) !== 0;
  return makeTcp(
    {
      source: packet.target,
      target: packet.source,
      sourcePort: packet.targetPort,
      targetPort: packet.sourcePort,
    },
    { sequence: answered ? tcp.acknowledgement : 0, acknowledgement: after(packet, tcp), flags: reset },
  );
}

/** As if the sender of `packet` ended the connection: goes to its receiver. `passed`: the receiver gets the packet itself too. */
export function resetToReceiver(packet: Packet, tcp: TcpPart, passed: boolean): Packet {
  return makeTcp(packet, {
    sequence: passed ? after(packet, tcp) : tcp.sequence,
    acknowledgement: tcp.acknowledgement,
    flags: reset,
  });
}

/** The sequence number that follows this segment: SYN and FIN count as one byte each. */
function after(packet: Packet, { sequence, flags }: TcpPart): number {
  const marks = Number((flags & tcpFlag.syn) !== 0) + Number((flags & tcpFlag.fin) !== 0);
  return (sequence + packet.payload.length + marks) >>> 0;
}
