;; Filters over one plane (see window.ts and turned.ts). Assembled by scripts/build-resample-kernel.mjs.
(module
  (memory (export "memory") 1)

  ;; One source row along x: position u of the first output sample and the step du to the next, in 1/65536 source pixels; positions are kept in
  ;; [0, maxU]. Each output is the sum of 8 bytes from src + (u >> 16) times 8 weights (sum 4096), kept with 6 fractional bits; `table` holds the
  ;; weights of 256 sub-pixel phases. width is a multiple of 4.
  (func (export "filter") (param $src i32) (param $u i32) (param $du i32) (param $maxU i32) (param $table i32) (param $out i32) (param $width i32)
    (local $end i32) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $width) (i32.const 1))))
    (loop $next
      (local.set $e (select (local.get $u) (i32.const 0) (i32.gt_s (local.get $u) (i32.const 0))))
      (local.set $e (select (local.get $e) (local.get $maxU) (i32.lt_s (local.get $e) (local.get $maxU))))
      (local.set $u (i32.add (local.get $u) (local.get $du)))
      (local.set $f (select (local.get $u) (i32.const 0) (i32.gt_s (local.get $u) (i32.const 0))))
      (local.set $f (select (local.get $f) (local.get $maxU) (i32.lt_s (local.get $f) (local.get $maxU))))
      (local.set $u (i32.add (local.get $u) (local.get $du)))
      (local.set $g (select (local.get $u) (i32.const 0) (i32.gt_s (local.get $u) (i32.const 0))))
      (local.set $g (select (local.get $g) (local.get $maxU) (i32.lt_s (local.get $g) (local.get $maxU))))
      (local.set $u (i32.add (local.get $u) (local.get $du)))
      (local.set $h (select (local.get $u) (i32.const 0) (i32.gt_s (local.get $u) (i32.const 0))))
      (local.set $h (select (local.get $h) (local.get $maxU) (i32.lt_s (local.get $h) (local.get $maxU))))
      (local.set $u (i32.add (local.get $u) (local.get $du)))
      (local.set $a (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $e) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $e) (i32.const 0xff00)) (i32.const 4))))))
      (local.set $b (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $f) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $f) (i32.const 0xff00)) (i32.const 4))))))
      (local.set $c (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $g) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $g) (i32.const 0xff00)) (i32.const 4))))))
      (local.set $d (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $h) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $h) (i32.const 0xff00)) (i32.const 4))))))
      ;; Add the four lanes of each: a0+a2 b0+b2 a1+a3 b1+b3, likewise c and d, then both halves.
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
      (local.set $c (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c))))
      (local.set $a (i32x4.shr_s (i32x4.add (local.get $a) (v128.const i32x4 32 32 32 32)) (i32.const 6)))
      (v128.store64_lane 0 (local.get $out) (i16x8.narrow_i32x4_s (local.get $a) (local.get $a)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; The same where no position lies outside [0, maxU]: keeping them in takes a fifth of the time.
  (func (export "filterInside") (param $src i32) (param $u i32) (param $du i32) (param $table i32) (param $out i32) (param $width i32)
    (local $end i32) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $width) (i32.const 1))))
    (loop $next
      (local.set $e (local.get $u))
      (local.set $f (i32.add (local.get $e) (local.get $du)))
      (local.set $g (i32.add (local.get $f) (local.get $du)))
      (local.set $h (i32.add (local.get $g) (local.get $du)))
      (local.set $u (i32.add (local.get $h) (local.get $du)))
      (local.set $a (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $e) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $e) (i32.const 0xff00)) (i32.const 4))))))
      (local.set $b (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $f) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $f) (i32.const 0xff00)) (i32.const 4))))))
      (local.set $c (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $g) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $g) (i32.const 0xff00)) (i32.const 4))))))
      (local.set $d (i32x4.dot_i16x8_s
        (v128.load8x8_u (i32.add (local.get $src) (i32.shr_u (local.get $h) (i32.const 16))))
        (v128.load (i32.add (local.get $table) (i32.shr_u (i32.and (local.get $h) (i32.const 0xff00)) (i32.const 4))))))
      ;; Add the four lanes of each: a0+a2 b0+b2 a1+a3 b1+b3, likewise c and d, then both halves.
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
      (local.set $c (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c))))
      (local.set $a (i32x4.shr_s (i32x4.add (local.get $a) (v128.const i32x4 32 32 32 32)) (i32.const 6)))
      (v128.store64_lane 0 (local.get $out) (i16x8.narrow_i32x4_s (local.get $a) (local.get $a)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; One output row from `taps` filtered rows that lie `stride` bytes apart: weights are Q15, width is a multiple of 8.
  (func (export "mix") (param $rows i32) (param $stride i32) (param $weights i32) (param $taps i32) (param $out i32) (param $width i32)
    (local $end i32) (local $sum v128) (local $row i32) (local $weight i32) (local $last i32)
    (local.set $end (i32.add (local.get $out) (local.get $width)))
    (local.set $last (i32.add (local.get $weights) (i32.shl (local.get $taps) (i32.const 1))))
    (loop $next
      (local.set $sum (v128.const i16x8 32 32 32 32 32 32 32 32))
      (local.set $row (local.get $rows))
      (local.set $weight (local.get $weights))
      (loop $tap
        (local.set $sum (i16x8.add_sat_s (local.get $sum)
          (i16x8.q15mulr_sat_s (v128.load (local.get $row)) (v128.load16_splat (local.get $weight)))))
        (local.set $row (i32.add (local.get $row) (local.get $stride)))
        (local.set $weight (i32.add (local.get $weight) (i32.const 2)))
        (br_if $tap (i32.lt_u (local.get $weight) (local.get $last))))
      (local.set $sum (i16x8.shr_s (local.get $sum) (i32.const 6)))
      (v128.store64_lane 0 (local.get $out) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
      (local.set $rows (i32.add (local.get $rows) (i32.const 16)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; One row of a turned window: (u, v) is the position of the first output sample in 1/65536 source pixels, (du, dv) the step to the next.
  ;; Positions are kept inside [0, maxU] x [0, maxV]. `table` holds 16 weights (4 x 4, sum 4096) for each of 64 x 64 sub-pixel phases.
  (func (export "turn") (param $src i32) (param $stride i32) (param $u i32) (param $v i32) (param $du i32) (param $dv i32)
    (param $maxU i32) (param $maxV i32) (param $table i32) (param $out i32) (param $width i32)
    (local $end i32) (local $cu i32) (local $cv i32) (local $at i32) (local $w i32) (local $px v128) (local $sum v128) (local $value i32)
    (local.set $end (i32.add (local.get $out) (local.get $width)))
    (loop $next
      (local.set $cu (select (local.get $u) (i32.const 0) (i32.gt_s (local.get $u) (i32.const 0))))
      (local.set $cu (select (local.get $cu) (local.get $maxU) (i32.lt_s (local.get $cu) (local.get $maxU))))
      (local.set $cv (select (local.get $v) (i32.const 0) (i32.gt_s (local.get $v) (i32.const 0))))
      (local.set $cv (select (local.get $cv) (local.get $maxV) (i32.lt_s (local.get $cv) (local.get $maxV))))
      (local.set $at (i32.add (local.get $src)
        (i32.add (i32.mul (i32.shr_u (local.get $cv) (i32.const 16)) (local.get $stride)) (i32.shr_u (local.get $cu) (i32.const 16)))))
      (local.set $w (i32.add (local.get $table) (i32.shl
        (i32.or
          (i32.shl (i32.and (i32.shr_u (local.get $cv) (i32.const 10)) (i32.const 63)) (i32.const 6))
          (i32.and (i32.shr_u (local.get $cu) (i32.const 10)) (i32.const 63)))
        (i32.const 5))))
      (local.set $px (v128.load32_zero (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $stride)))
      (local.set $px (v128.load32_lane 1 (local.get $at) (local.get $px)))
      (local.set $at (i32.add (local.get $at) (local.get $stride)))
      (local.set $px (v128.load32_lane 2 (local.get $at) (local.get $px)))
      (local.set $at (i32.add (local.get $at) (local.get $stride)))
      (local.set $px (v128.load32_lane 3 (local.get $at) (local.get $px)))
      (local.set $sum (i32x4.add
        (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_u (local.get $px)) (v128.load (local.get $w)))
        (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_u (local.get $px)) (v128.load offset=16 (local.get $w)))))
      (local.set $sum (i32x4.add (local.get $sum)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $sum) (local.get $sum))))
      (local.set $value (i32.shr_s
        (i32.add (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum))) (i32.const 2048))
        (i32.const 12)))
      (local.set $value (select (local.get $value) (i32.const 0) (i32.gt_s (local.get $value) (i32.const 0))))
      (i32.store8 (local.get $out) (select (local.get $value) (i32.const 255) (i32.lt_s (local.get $value) (i32.const 255))))
      (local.set $u (i32.add (local.get $u) (local.get $du)))
      (local.set $v (i32.add (local.get $v) (local.get $dv)))
      (local.set $out (i32.add (local.get $out) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end))))))
