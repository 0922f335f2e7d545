import type { X509Certificate } from 'node:crypto';
import type { SignedManifest, Signer } from '../../../ports.ts';
import { VOCABULARY } from './xmp.ts';

/** The part of the library's report that is used. */
export interface ManifestStore {
  active_manifest?: string;
  manifests: Record<
    string,
    {
      title?: string;
      claim_generator?: string;
      claim_generator_info?: { name?: string; version?: string }[];
      ingredients?: { title?: string; relationship?: string; instance_id?: string; active_manifest?: string }[];
      assertions?: { label: string; data?: unknown }[];
      signature_info?: { issuer?: string; common_name?: string };
    }
  >;
  validation_state?: string;
  validation_results?: {
    activeManifest?: { success?: { code: string }[]; failure?: { code: string }[] };
    /** What is found of an ingredient's manifest now and was not when it was taken in. */
    ingredientDeltas?: { validationDeltas?: { failure?: { code: string }[] } }[];
  };
}

interface Action {
  action?: unknown;
  digitalSourceType?: unknown;
  softwareAgent?: unknown;
  description?: unknown;
}

/** Longest chain that is shown. */
const MAX_MANIFESTS = 50;

/** The manifests as a chain: the active one, then those of its ingredients, theirs, and so on, each once. */
export function manifestChain(
  store: ManifestStore,
  certificates: Map<string, X509Certificate[]>,
  own: X509Certificate | undefined,
  trusted: boolean,
): SignedManifest[] {
  const labels = store.active_manifest === undefined ? [] : [store.active_manifest];
  for (let index = 0; index < labels.length && labels.length < MAX_MANIFESTS; index++) {
    for (const { active_manifest: label } of store.manifests[labels[index]]?.ingredients ?? []) {
      if (label !== undefined && store.manifests[label] && !labels.includes(label)) labels.push(label);
    }
  }
  return labels.map((label, index) => {
    const manifest = store.manifests[label] ?? {};
    const [info] = manifest.claim_generator_info ?? [];
    const signer = signerOf(manifest.signature_info, certificates.get(label) ?? [], own, trusted && index === 0);
    const actions = (manifest.assertions ?? [])
      .filter((assertion) => /^c2pa\.actions(?:\.v2)?(?:__\d+)?$/.test(assertion.label))
      .flatMap(({ data }) => actionsOf(data));
    return {
      ...(manifest.title === undefined ? {} : { title: manifest.title }),
      generator: info?.name === undefined ? (manifest.claim_generator ?? 'unknown') : [info.name, info.version].filter(Boolean).join(' '),
      ...(signer ? { signer } : {}),
      actions,
      ingredients: (manifest.ingredients ?? []).map(({ title, relationship, instance_id, active_manifest }) => {
        const sha256 = instance_id?.match(/^ni:\/\/\/sha-256;([\w-]{43})$/)?.[1];
        const at = active_manifest === undefined ? -1 : labels.indexOf(active_manifest);
        return {
          title: title ?? '',
          relationship: relationship ?? '',
          ...(sha256 ? { sha256: Buffer.from(sha256, 'base64url').toString('hex') } : {}),
          ...(at >= 0 ? { manifest: at } : {}),
        };
      }),
    };
  });
}

function actionsOf(data: unknown): SignedManifest['actions'] {
  const actions = (data as { actions?: Action[] } | undefined)?.actions;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return (Array.isArray(actions) ? actions : []).map(({ action, digitalSourceType, softwareAgent, description }) => {
    const agent = softwareAgent as { name?: unknown; version?: unknown } | string | undefined;
    const named = typeof agent === 'object' ? [text(agent.name), text(agent.version)].filter(Boolean).join(' ') : agent;
    const type = text(digitalSourceType);
    return {
      action: text(action) ?? '',
      ...(type ? { digitalSourceType: type.startsWith(VOCABULARY) ? type.slice(VOCABULARY.length) : type } : {}),
      ...(named ? { agent: named } : {}),
      ...(text(description) ? { description: text(description) ?? '' } : {}),
    };
  });
}

function signerOf(
  info: { issuer?: string; common_name?: string } | undefined,
  chain: X509Certificate[],
  own: X509Certificate | undefined,
  trusted: boolean,
): Signer | undefined {
  if (!info && chain.length === 0) return undefined;
  const root = chain.at(-1);
  return {
    name: info?.common_name ?? info?.issuer ?? 'unknown',
    selfSigned: !trusted && root !== undefined && root.subject === root.issuer,
    own: own !== undefined && chain[0] !== undefined && own.fingerprint256 === chain[0].fingerprint256,
  };
}
