import { createRequire } from 'node:module';

/** What is used of OpenCV, compiled to WebAssembly. */
interface Mat {
  data: Uint8Array;
  delete(): void;
}
interface OpenCv {
  Mat: new (rows?: number, columns?: number, type?: number) => Mat;
  CV_8UC1: number;
  CV_8UC3: number;
  INPAINT_TELEA: number;
  inpaint(image: Mat, mask: Mat, result: Mat, radius: number, method: number): void;
  onRuntimeInitialized?: () => void;
}

/** Neighbourhood of the weighted mean in pixels; 3 to 5 are usual for scratches (OpenCV's inpaint sample takes 3). */
const TELEA_RADIUS = 5;

let loading: Promise<{ cv: OpenCv }> | undefined;

/** Loaded once a process. The module has a `then` that resolves with itself: it must never be awaited or returned from an async function bare. */
function load(): Promise<{ cv: OpenCv }> {
  loading ??= new Promise((resolve) => {
    const cv: OpenCv = createRequire(import.meta.url)('@techstark/opencv-js');
    if (typeof cv.Mat === 'function') resolve({ cv });
    else cv.onRuntimeInitialized = () => resolve({ cv });
  });
  return loading;
}

/**
 * Fills pixels whose mask is over 0 from the border inwards with a weighted mean that follows edges (Telea 2004, "An Image Inpainting
 * Technique Based on the Fast Marching Method"); good for thin masks, smears areas. RGB pixels in, new RGB pixels out.
 */
export async function fillThin(pixels: Uint8Array, mask: Uint8Array, size: { width: number; height: number }): Promise<Uint8Array> {
  const { cv } = await load();
  const image = new cv.Mat(size.height, size.width, cv.CV_8UC3);
  const hole = new cv.Mat(size.height, size.width, cv.CV_8UC1);
  const result = new cv.Mat();
  try {
    image.data.set(pixels);
    hole.data.set(mask);
    cv.inpaint(image, hole, result, TELEA_RADIUS, cv.INPAINT_TELEA);
    return Uint8Array.from(result.data);
  } finally {
    for (const mat of [image, hole, result]) mat.delete();
  }
}
