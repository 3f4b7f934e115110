/** The door of @tern/lab: an internet in one process, with censors in it, to see what of a messenger survives them. */
export { formatAddress, isWithin, parseAddress, parsePrefix, type Prefix } from './net/address.ts';
export { type Inspect, type Sight, type Verdict } from './net/inspection.ts';
export {
  makeTcp,
  makeUdp,
  parsePacket,
  protocolTcp,
  protocolUdp,
  tcpFlag,
  type Ends,
  type Packet,
  type TcpPart,
} from './net/packet.ts';
