import { serve } from '../child/serve.ts';
import { type DecodeOptions, decodeHere, probeHere } from './decode.ts';

serve({
  probe: (params: { bytes: Uint8Array; maxPixels: number }) => probeHere(params.bytes, params.maxPixels),
  decode: (params: { bytes: Uint8Array; maxPixels: number; options: DecodeOptions }) => decodeHere(params.bytes, params.maxPixels, params.options),
});
