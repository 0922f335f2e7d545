import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Global unicast addresses are given out of this block alone (IANA, "IPv6 Address Space" registry); so are no IPv4-compatible ones, which `ipaddr.js` calls unicast. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** NAT64's well-known prefix: the last 32 bits are an IPv4 address (RFC 6052). Networks with only IPv6 reach every IPv4 host this way. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/**
 * True for an address of the public internet. Private, loopback, link-local, shared (RFC 6598), unique-local, reserved, multicast
 * and tunnel addresses (6to4, Teredo, which can carry a private one) are not; mapped and NAT64 addresses count as the IPv4 address in them.
 * Ranges by `ipaddr.js` 2.5. False for anything that is no plain address.
 */
export function isPublicAddress(address: string): boolean {
  if (!isIP(address) || address.includes('%')) return false;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.range() === 'unicast';
  const six = parsed as ipaddr.IPv6;
  if (six.match(NAT64)) return new ipaddr.IPv4(six.toByteArray().slice(12)).range() === 'unicast';
  return six.match(GLOBAL_UNICAST) && six.range() === 'unicast';
}
