// OpenCV's own in-painting: Telea 2004 and Navier-Stokes (Bertalmio, Bertozzi, Sapiro 2001), in this process.
import { loadOpenCv } from '../dist/adapters/local/opencv.js';

const RADIUS = 5;

export async function openPeers() {
  const { cv } = await loadOpenCv();
  const fill = (image, mask, method) => {
    const from = new cv.Mat(image.height, image.width, cv.CV_8UC3);
    const hole = new cv.Mat(image.height, image.width, cv.CV_8UC1);
    const to = new cv.Mat();
    try {
      from.data.set(image.data);
      hole.data.set(mask.data);
      cv.inpaint(from, hole, to, RADIUS, method);
      return { ...image, data: Uint8Array.from(to.data) };
    } finally {
      for (const mat of [from, hole, to]) mat.delete();
    }
  };
  return { telea: (image, mask) => fill(image, mask, cv.INPAINT_TELEA), navierStokes: (image, mask) => fill(image, mask, cv.INPAINT_NS) };
}
