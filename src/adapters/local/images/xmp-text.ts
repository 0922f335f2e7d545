import type { WrittenText } from './written.ts';

/** XMP is read up to here; what a person wrote comes long before. */
const MAX_BYTES = 512_000;
const MAX_ITEMS = 10;

/** Namespaces with the prefixes that programs give them (XMP specification part 1, section 8; part 2). */
const DC = { uri: 'http://purl.org/dc/elements/1.1/', prefix: 'dc' };
const RIGHTS = { uri: 'http://ns.adobe.com/xap/1.0/rights/', prefix: 'xmpRights' };
const RDF = { uri: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#', prefix: 'rdf' };

/**
 * The texts of an XMP packet: dc:description, dc:creator and, as licence, xmpRights:UsageTerms or dc:rights, of several languages the first
 * (the default). Found by their marks instead of by an XML parser: no entity is declared or fetched, and it takes time in proportion to
 * the length whatever the packet holds.
 */
export function xmpText(packet: Uint8Array): WrittenText {
  const xmp = new TextDecoder().decode(packet.subarray(0, MAX_BYTES));
  const read = (namespace: typeof DC, name: string) => values(xmp, `${prefixOf(xmp, namespace)}:${name}`, `${prefixOf(xmp, RDF)}:li`);
  return {
    description: read(DC, 'description')[0],
    creator: read(DC, 'creator').join(', ') || undefined,
    licence: read(RIGHTS, 'UsageTerms')[0] ?? read(DC, 'rights')[0],
  };
}

/** The prefix that the packet binds to a namespace. */
function prefixOf(xmp: string, { uri, prefix }: typeof DC): string {
  const end = Math.max(xmp.indexOf(`="${uri}"`), xmp.indexOf(`='${uri}'`));
  const bound = end < 0 ? undefined : /xmlns:([\w.-]{1,40})$/.exec(xmp.slice(Math.max(0, end - 50), end))?.[1];
  return bound ?? prefix;
}

/** The items of a property; one that is no list, or is written as an attribute, is its own only item. */
function values(xmp: string, property: string, item: string): string[] {
  const [content] = elements(xmp, property, 1);
  if (content === undefined) return attribute(xmp, property);
  const items = elements(content, item, MAX_ITEMS);
  return (items.length > 0 ? items : [content])
    .filter((text) => !text.includes('<'))
    .map((text) => withoutEntities(text).trim())
    .filter(Boolean);
}

/** What stands between the tags of this name; none is inside another. */
function elements(text: string, name: string, most: number): string[] {
  const found: string[] = [];
  for (let at = text.indexOf(`<${name}`); at >= 0 && found.length < most; at = text.indexOf(`<${name}`, at)) {
    const after = at + name.length + 1;
    const start = text.indexOf('>', after) + 1;
    if (start === 0) break;
    at = start;
    if (!/[\s>]/.test(text[after])) continue;
    const end = text.indexOf(`</${name}`, start);
    if (end < 0) break;
    found.push(text.slice(start, end));
    at = end;
  }
  return found;
}

function attribute(xmp: string, property: string): string[] {
  const at = xmp.search(new RegExp(`\\s${property}=["']`));
  if (at < 0) return [];
  const start = at + property.length + 3;
  const end = xmp.indexOf(xmp[start - 1], start);
  return end < 0 ? [] : [withoutEntities(xmp.slice(start, end)).trim()].filter(Boolean);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The five entities of XML and character references; others stay as they are. */
function withoutEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (name) return ENTITIES[name.toLowerCase()];
    const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
