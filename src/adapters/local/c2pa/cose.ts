import { constants, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { AppError } from '../../../errors.ts';
import { type Cbor, decodeCbor, encodeCbor, tagged } from './cbor.ts';
import type { Identity } from './identity.ts';

/** Header labels of COSE: algorithm, and certificate chain (RFC 9052 section 3.1; RFC 9360 section 2). */
const ALGORITHM = 1;
const X5CHAIN = 33;
/** Tag of COSE_Sign1 (RFC 9052 section 4.2). */
const SIGN1 = 18;

interface Algorithm {
  /** Name of the C2PA library. */
  name: string;
  /** Number in the COSE registry (RFC 9053, RFC 8230). */
  id: number;
  hash: string | null;
  signatureBytes: number;
}

/** Signature algorithms that C2PA allows (specification 2.2, section 13.2.1), by the kind of key. */
function algorithmOf(key: KeyObject): Algorithm {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'prime256v1') return { name: 'es256', id: -7, hash: 'sha256', signatureBytes: 64 };
  if (curve === 'secp384r1') return { name: 'es384', id: -35, hash: 'sha384', signatureBytes: 96 };
  if (curve === 'secp521r1') return { name: 'es512', id: -36, hash: 'sha512', signatureBytes: 132 };
  if (key.asymmetricKeyType === 'ed25519') return { name: 'ed25519', id: -8, hash: null, signatureBytes: 64 };
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= 2048) return { name: 'ps256', id: -37, hash: 'sha256', signatureBytes: Math.ceil(bits / 8) };
  throw new AppError('MISCONFIGURED', 'VRAG_SIGN_KEY is of a kind that C2PA does not allow.', {
    hint: 'Use a key on P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits or more.',
  });
}

/**
 * The signer as the C2PA library wants it: its callback returns a whole COSE_Sign1 of exactly `reserveSize` bytes. The size is known before, so the
 * structure has no padding, which no hash would cover.
 */
export function coseSigner({ chain, key }: Identity): { alg: string; reserveSize: number; sign(claim: Uint8Array): Promise<Uint8Array<ArrayBuffer>> } {
  const algorithm = algorithmOf(key);
  const certificates: Cbor[] = chain.map(({ raw }) => raw);
  const header = new Map<Cbor, Cbor>([
    [ALGORITHM, algorithm.id],
    [X5CHAIN, certificates.length === 1 ? certificates[0] : certificates],
  ]);
  const bodyProtected = encodeCbor(header);
  const structure = (signature: Uint8Array) => tagged(SIGN1, [bodyProtected, new Map(), null, signature]);
  const padding = algorithm.name === 'ps256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
  return {
    alg: algorithm.name,
    reserveSize: structure(new Uint8Array(algorithm.signatureBytes)).length,
    async sign(claim) {
      // RFC 9052 section 4.4, Sig_structure.
      const signed = encodeCbor(['Signature1', bodyProtected, new Uint8Array(0), new Uint8Array(claim)]);
      return new Uint8Array(structure(sign(algorithm.hash, signed, { key, dsaEncoding: 'ieee-p1363', ...padding })));
    },
  };
}

/** A COSE_Sign1 structure as it is stored in a file. */
export interface StoredSignature {
  /** The signer's certificate first; [] where there are none that can be read. */
  certificates: X509Certificate[];
  /** The unprotected header (padding, time stamps), which the signature does not cover, where it holds anything: a view of the bytes given. */
  unprotected?: Uint8Array;
  /** False where it is not what RFC 9052 (section 4.2) and C2PA (detached payload, section 13.2) ask for. */
  wellFormed: boolean;
}

export function readSignature(cose: Uint8Array): StoredSignature {
  const found: StoredSignature = { certificates: [], wellFormed: false };
  try {
    const parts = decodeCbor(cose);
    if (!Array.isArray(parts) || parts.length !== 4 || !(parts[0] instanceof Uint8Array) || !(parts[1] instanceof Map)) return found;
    found.wellFormed = cose[0] === (0xc0 | SIGN1) && parts[2] === null && parts[3] instanceof Uint8Array;
    const headers = [decodeCbor(parts[0]), parts[1]].filter((header) => header instanceof Map);
    if (parts[1].size > 0 && parts[3] instanceof Uint8Array) {
      const start = parts[0].byteOffset + parts[0].length - cose.byteOffset;
      found.unprotected = cose.subarray(start, parts[3].byteOffset - cose.byteOffset);
    }
    const chain = headers.map((header) => header.get(X5CHAIN) ?? header.get('x5chain')).find((value) => value !== undefined);
    found.certificates = (Array.isArray(chain) ? chain : [chain]).filter((item) => item instanceof Uint8Array).map((item) => new X509Certificate(item));
  } catch {
    found.wellFormed = false;
  }
  return found;
}
