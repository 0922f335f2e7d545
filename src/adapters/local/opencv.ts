import { createRequire } from 'node:module';

/** What every user of OpenCV (compiled to WebAssembly) needs; each declares the functions that it calls. */
export interface OpenCvMat {
  data: Uint8Array;
  delete(): void;
}
export interface OpenCv {
  Mat: new (rows?: number, columns?: number, type?: number) => OpenCvMat;
  CV_8UC1: number;
  CV_8UC3: number;
  onRuntimeInitialized?: () => void;
}

let loading: Promise<{ cv: OpenCv }> | undefined;

/**
 * Loaded once a process (0.3 s and some 60 MB), so only in child processes. The module has a `then` that resolves with itself: it must never be
 * awaited or returned from an async function bare.
 */
export function loadOpenCv<Needed extends OpenCv>(): Promise<{ cv: Needed }> {
  loading ??= new Promise((resolve) => {
    const cv: OpenCv = createRequire(import.meta.url)('@techstark/opencv-js');
    if (typeof cv.Mat === 'function') resolve({ cv });
    else cv.onRuntimeInitialized = () => resolve({ cv });
  });
  return loading as Promise<{ cv: Needed }>;
}
