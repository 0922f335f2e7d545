import { createPrivateKey, type KeyObject, randomBytes, randomUUID, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';

/** What files are signed with. */
export interface Identity {
  /** The signer's certificate first. */
  chain: X509Certificate[];
  key: KeyObject;
}

export interface IdentitySettings {
  homeDir: string;
  certFile?: string;
  keyFile?: string;
}

/** There is no time stamp offline, so a file is valid no longer than the certificate (C2PA specification 2.2, section 15.8). */
const VALID_YEARS = 20;
const DAY_MS = 86_400_000;
const NAME = 'vrag-mcp self-signed';

/** The user's identity where one is configured, else the data folder's own, made on first use. MISCONFIGURED, or FORBIDDEN where the folder cannot be written. */
export async function loadIdentity({ homeDir, certFile, keyFile }: IdentitySettings): Promise<Identity> {
  if (certFile !== undefined || keyFile !== undefined) {
    if (certFile === undefined || keyFile === undefined) {
      throw new AppError('MISCONFIGURED', 'Only one of VRAG_SIGN_CERT and VRAG_SIGN_KEY is set.', { hint: 'Set both, or neither.' });
    }
    return readIdentity(certFile, keyFile, 'VRAG_SIGN_CERT and VRAG_SIGN_KEY');
  }
  const folder = path.join(homeDir, 'identity');
  const own = () => readIdentity(path.join(folder, 'chain.pem'), path.join(folder, 'key.pem'), 'The identity in the data folder');
  const found = await own().catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found) return found;
  await makeIdentity(homeDir, folder);
  return own();
}

/** The certificate that this data folder signs with, or `undefined` where there is none yet; makes none. */
export async function ownCertificate({ homeDir, certFile }: IdentitySettings): Promise<X509Certificate | undefined> {
  const text = await readFile(certFile ?? path.join(homeDir, 'identity', 'chain.pem'), 'utf8').catch(() => '');
  try {
    return certificates(text)[0];
  } catch {
    return undefined;
  }
}

async function readIdentity(certFile: string, keyFile: string, what: string): Promise<Identity> {
  const wrong = (problem: string, cause?: unknown) =>
    new AppError('MISCONFIGURED', `${what}: ${problem}.`, { hint: 'See docs/provenance.md, "Your own certificate".', cause });
  const read = (file: string) =>
    readFile(file, 'utf8').catch((cause) => {
      throw wrong('a file is not there or may not be read', cause);
    });
  const [certText, keyText] = [await read(certFile), await read(keyFile)];
  let chain: X509Certificate[];
  let key: KeyObject;
  try {
    chain = certificates(certText);
    key = createPrivateKey(keyText);
  } catch (cause) {
    throw wrong('not PEM files with certificates and a private key without password', cause);
  }
  if (chain.length === 0) throw wrong('no certificate in the file');
  if (!chain[0].checkPrivateKey(key)) throw wrong('the key does not belong to the first certificate');
  if (Date.parse(chain[0].validTo) < Date.now()) throw wrong(`the certificate was valid until ${chain[0].validTo}`);
  return { chain, key };
}

function certificates(text: string): X509Certificate[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

/** Written into a folder of its own and renamed: of two processes that do it at once one wins, and both then read what it wrote. */
async function makeIdentity(homeDir: string, folder: string): Promise<void> {
  const temporary = path.join(homeDir, `identity.${randomUUID()}`);
  try {
    const { chain, key } = await generate();
    await mkdir(homeDir, { recursive: true });
    await mkdir(temporary, { mode: 0o700 });
    await writeFile(path.join(temporary, 'key.pem'), key, { mode: 0o600, flush: true });
    await writeFile(path.join(temporary, 'chain.pem'), chain, { mode: 0o644, flush: true });
    await rename(temporary, folder).catch(async (error) => {
      if (!(await readFile(path.join(folder, 'key.pem')).catch(() => undefined))) throw error;
    });
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('FORBIDDEN', 'The identity that signs could not be written to the data folder.', { hint: 'Make the data folder writable.', cause });
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * An authority and a signer certificate in the profile of the C2PA specification (2.2, section 14.5.1: P-256, digitalSignature, an allowed extended
 * key usage, no self-signed signer). The authority's key is thrown away: it never vouches for anything else.
 */
async function generate(): Promise<{ chain: string; key: string }> {
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const newKeys = () => webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const [authority, signer] = [await newKeys(), await newKeys()];
  const own = randomBytes(4).toString('hex');
  const common = {
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + VALID_YEARS * 365.25 * DAY_MS),
    signingAlgorithm,
  };
  const serialNumber = () => `01${randomBytes(15).toString('hex')}`;
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: serialNumber(),
    name: `CN=${NAME} authority ${own}, O=vrag-mcp`,
    keys: authority,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: serialNumber(),
    subject: `CN=${NAME} ${own}, O=vrag-mcp`,
    issuer: root.subject,
    publicKey: signer.publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.emailProtection], true),
      await x509.SubjectKeyIdentifierExtension.create(signer.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', signer.privateKey), 'PRIVATE KEY');
  return { chain: `${leaf.toString('pem')}\n${root.toString('pem')}\n`, key: `${key}\n` };
}
