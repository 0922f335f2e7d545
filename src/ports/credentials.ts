import type { CallOptions } from './call.ts';

/**
 * Terms of the IPTC vocabulary "Digital Source Type" (http://cv.iptc.org/newscodes/digitalsourcetype/, revision of 2024-09-17, read 2026-11) that
 * are claimed here. `composite` is a mix of elements that may or may not be AI-made, `compositeCapture` one of captures of real life only,
 * `algorithmicallyEnhanced` an alteration by an algorithm that is no generative AI, `algorithmicMedia` made by an algorithm from no sampled data.
 */
export type DigitalSourceType =
  | 'algorithmicMedia'
  | 'algorithmicallyEnhanced'
  | 'composite'
  | 'compositeCapture'
  | 'compositeWithTrainedAlgorithmicMedia'
  | 'trainedAlgorithmicMedia';

/** A file that something was made from. Only its name, hash and own credentials go into the claim. */
export interface ClaimedIngredient {
  /** Local file. */
  path: string;
  mediaType: string;
  title: string;
  sha256: string;
}

/** What is said of a file. Texts must be cleaned: everybody who gets the file can read them. */
export interface Claim {
  title: string;
  digitalSourceType: DigitalSourceType;
  /** What made it: the provider or the algorithm, and its version where it has one. */
  agent: { name: string; version?: string };
  /** One sentence on how it was made. */
  description: string;
  /** The file that was edited; absent: it was created. */
  parent?: ClaimedIngredient;
  /** Files that were placed into it. */
  components: ClaimedIngredient[];
  /** Files that a model was given as input. */
  inputs?: ClaimedIngredient[];
}

/** Who signed. */
export interface Signer {
  /** Common name of the certificate, else its organisation; untrusted text. */
  name: string;
  /** The certificate's own authority came with it, and nobody else vouches for it. */
  selfSigned: boolean;
  /** Its certificate is the one that this data folder signs with. */
  own: boolean;
}

/** Outcome of `sign`: where something is in the way, the file stays as it was and `reason` says why. */
export type Signed = { state: 'signed'; signer: Signer } | { state: 'unsigned'; reason: string };

/** One manifest of a file's chain. All texts are untrusted. */
export interface SignedManifest {
  title?: string;
  /** Program that made the claim, with its version. */
  generator: string;
  signer?: Signer;
  /** Digital source types are terms without their address, where they have the vocabulary's. */
  actions: { action: string; digitalSourceType?: string; agent?: string; description?: string }[];
  ingredients: {
    title: string;
    relationship: string;
    /** Hash of the file, hex, where the claim says it. */
    sha256?: string;
    /** Index of its own manifest in `chain`. */
    manifest?: number;
  }[];
}

/** What a file's content credentials are worth. */
export interface Verification {
  /** `trusted`: unchanged since signed by somebody whom a configured authority vouches for; `valid`: unchanged, but the signer is self-signed or unknown (untrusted); `none`: no credentials. */
  state: 'trusted' | 'valid' | 'tampered' | 'none';
  /** What was found wrong, in the codes of the C2PA specification (2.x, section 15) or words. */
  problems: string[];
  /** The file's own manifest first, then those of its ingredients. Empty where it has none, or none that can be read. */
  chain: SignedManifest[];
  /** Parts of the file that could be changed unnoticed: the box or segment, its first byte and length, and why it is not covered. */
  uncovered: { box: string; offset: number; byteLength: number; reason: string }[];
}

/** C2PA content credentials (specification 2.x) of MP4, PNG and JPEG files, with matching XMP. Files over `maxBytes` are neither signed nor verified. */
export interface Credentials {
  /** False where the configuration turned signing off; `verify` works anyway. */
  readonly signs: boolean;
  readonly maxBytes: number;
  /**
   * Signs the file at `path` into `output` (it may be the same file), which is written only where the state is `signed`. Whatever is in the way is
   * the outcome `unsigned` with its reason, never an error: work is not lost for want of a signature. CANCELLED is thrown.
   */
  sign(file: { path: string; output: string }, claim: Claim, options?: CallOptions): Promise<Signed>;
  /** As `sign`, for the bytes of a picture: the signed ones, or the same where it stays unsigned. */
  signBytes(bytes: Uint8Array, claim: Claim, options?: CallOptions): Promise<{ bytes: Uint8Array; signed: Signed }>;
  /** Checks a local file that the caller may read. UNSUPPORTED where it is over `maxBytes` or of another format, NOT_FOUND, INVALID_MEDIA where it cannot be read. */
  verify(path: string, options?: CallOptions): Promise<Verification>;
}
