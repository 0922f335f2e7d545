import { expandPath, loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { Ports, SignedManifest, Verification } from '../ports.ts';
import { lazyStudio } from '../studio.ts';

const VERDICTS: Record<Verification['state'], string> = {
  trusted: 'TRUSTED: unchanged since it was signed, by a signer whom a configured authority vouches for.',
  valid: 'UNTRUSTED: unchanged since it was signed, but nobody vouches for the signer.',
  tampered: 'TAMPERED: it is not the file that was signed.',
  none: 'NONE: the file has no content credentials.',
};
const EXIT_CODES: Record<Verification['state'], number> = { trusted: 0, valid: 0, tampered: 1, none: 2 };

/** Entries of a kind that are printed. */
const SHOWN = 50;
const clean = (text: string): string => cleanText(text, 200);

/** Prints the content credentials of any file that the user names; the exit code. */
export async function verifyFile(file: string): Promise<number> {
  const studio = lazyStudio(loadConfig(process.env), { localPaths: true, background: false });
  try {
    const { ports } = await studio.open();
    const found = await ports.credentials.verify(expandPath(file));
    const lines = [clean(file), VERDICTS[found.state]];
    if (found.problems.length > 0) lines.push(`Findings: ${found.problems.slice(0, SHOWN).map(clean).join(', ')}`);
    for (const { box, offset, byteLength, reason } of found.uncovered.slice(0, SHOWN)) {
      lines.push(`Not covered: bytes ${offset} to ${offset + byteLength - 1} (${clean(box)}): ${reason}`);
    }
    const known = found.chain.length > 0 ? await knownAssets(ports, found.chain) : new Map<string, string>();
    for (const [index, manifest] of found.chain.entries()) lines.push(...describe(manifest, index, known));
    process.stdout.write(`${lines.join('\n')}\n`);
    return EXIT_CODES[found.state];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    console.error(`vrag-mcp: ${error.message}${error.hint ? `\n${error.hint}` : ''}`);
    return 2;
  } finally {
    await studio.close();
  }
}

function describe({ title, generator, signer, actions, ingredients }: SignedManifest, index: number, known: Map<string, string>): string[] {
  const who = signer
    ? `${clean(signer.name)}${signer.selfSigned ? ' (self-signed)' : ''}${signer.own ? ' (the identity of this data folder)' : ''}`
    : 'unknown';
  const made = actions.slice(0, SHOWN).map(({ action, digitalSourceType, agent, description }) => {
    const parts = [action, digitalSourceType && `source type ${digitalSourceType}`, agent && `by ${agent}`, description].filter((part) => part !== undefined);
    return `  action: ${parts.map(clean).join(', ')}`;
  });
  const of = ingredients.slice(0, SHOWN).map(({ title, relationship, sha256, manifest }) => {
    const assetId = sha256 === undefined ? undefined : known.get(sha256);
    const where = assetId ? `in this library: ${assetId}` : 'not in this library';
    const own = manifest === undefined ? '' : `, see manifest ${manifest + 1}`;
    return `  ${clean(relationship)}: "${clean(title)}"${sha256 ? `, sha256 ${sha256}` : ''}, ${where}${own}`;
  });
  return [`Manifest ${index + 1}: "${clean(title ?? 'untitled')}"`, `  claimed by: ${clean(generator)}`, `  signed by: ${who}`, ...made, ...of];
}

/** Assets of any collection by the hash of their bytes. */
async function knownAssets(ports: Ports, chain: SignedManifest[]): Promise<Map<string, string>> {
  const hashes = new Set(chain.flatMap(({ ingredients }) => ingredients.flatMap(({ sha256 }) => sha256 ?? [])));
  const known = new Map<string, string>();
  for (const { name } of await ports.catalog.collections()) {
    for (const sha256 of [...hashes].slice(0, SHOWN)) {
      const asset = known.has(sha256) ? undefined : await ports.catalog.findBySha256(name, sha256);
      if (asset) known.set(sha256, asset.id);
    }
  }
  return known;
}
