import { loadOpenCv, type OpenCv, type OpenCvMat } from '../opencv.ts';

interface InpaintingCv extends OpenCv {
  INPAINT_TELEA: number;
  inpaint(image: OpenCvMat, mask: OpenCvMat, result: OpenCvMat, radius: number, method: number): void;
}

/** Neighbourhood of the weighted mean in pixels; 3 to 5 are usual for scratches (OpenCV's inpaint sample takes 3). */
const TELEA_RADIUS = 5;

/**
 * Fills pixels whose mask is over 0 from the border inwards with a weighted mean that follows edges (Telea 2004, "An Image Inpainting
 * Technique Based on the Fast Marching Method"); good for thin masks, smears areas. RGB pixels in, new RGB pixels out.
 */
export async function fillThin(pixels: Uint8Array, mask: Uint8Array, size: { width: number; height: number }): Promise<Uint8Array> {
  const { cv } = await loadOpenCv<InpaintingCv>();
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
