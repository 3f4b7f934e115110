/** The door of @tern/lab: an internet in one process, with censors in it, to see what of a messenger survives them. */
export { chanceOf, type Chance } from './engine/chance.ts';
export { openInternet, type Internet, type InternetLag, type InternetPlan } from './engine/internet.ts';
export { type Lag } from './engine/lag.ts';
export { Leg, mobileLink, type LegProfile, type LinkProfile, type Passage } from './engine/link.ts';
export { Names } from './engine/names.ts';
export {
  Router,
  type Counts,
  type Fate,
  type HostPlan,
  type RouterParts,
  type RouterPlan,
  type Watch,
} from './engine/router.ts';
export { Schedule, type Clock } from './engine/schedule.ts';
export { type Amount, type FlowTraffic, type Traffic } from './engine/traffic.ts';
export { type Urgency } from './engine/urgency.ts';
export {
  makeAuthority,
  type Authority,
  type CertificateSubject,
  type ServerCertificate,
} from './hosts/certificates.ts';
export { NoHostsError } from './hosts/hosts.ts';
export { formatAddress, isWithin, parseAddress, parsePrefix, type Prefix } from './net/address.ts';
export {
  decodeQuery,
  dnsPort,
  dnsTypeA,
  encodeAnswer,
  encodeQuery,
  type DnsAnswer,
  type DnsQuery,
} from './net/dns.ts';
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
