;; Movements of 16 x 16 blocks between two luma pictures of 128 x 128 bytes, and their rest in parts of a pixel (block-search.ts); what every frame is
;; asked (frame-figures.ts).
;; Pictures need 144 readable bytes before and behind them. A shift is a record of 24 bytes: dx, dy, offset in bytes, rank (i32 each), price (f64).
(module
  (memory (export "memory") 1)

  ;; Sum of absolute differences of every second pixel of `rows` rows, every second one, of a block.
  (func $differences (param $a i32) (param $b i32) (param $rows i32) (result i32)
    (local $x v128) (local $y v128) (local $sum v128)
    (loop $row
      (local.set $x (v128.load (local.get $a)))
      (local.set $y (v128.load (local.get $b)))
      (local.set $sum (i16x8.add (local.get $sum)
        (v128.and (v128.const i16x8 255 255 255 255 255 255 255 255)
          (v128.or (i8x16.sub_sat_u (local.get $x) (local.get $y)) (i8x16.sub_sat_u (local.get $y) (local.get $x))))))
      (local.set $a (i32.add (local.get $a) (i32.const 256)))
      (local.set $b (i32.add (local.get $b) (i32.const 256)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))
    (local.set $sum (i32x4.extadd_pairwise_i16x8_u (local.get $sum)))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))

  ;; The number of the shift with the least cost of a block; of equal ones that of the least rank. Shifts stand in the order of their prices.
  (func (export "search") (param $before i32) (param $after i32) (param $x i32) (param $y i32) (param $shifts i32) (param $count i32) (result i32)
    (local $i i32) (local $at i32) (local $from i32) (local $to i32) (local $u i32) (local $v i32) (local $sum i32)
    (local $found i32) (local $rank i32) (local $best f64) (local $cost f64) (local $price f64) (local $limit f64)
    (local.set $best (f64.const inf))
    (local.set $from (i32.add (local.get $before) (i32.add (i32.mul (local.get $y) (i32.const 128)) (local.get $x))))
    (local.set $to (i32.add (local.get $after) (i32.add (i32.mul (local.get $y) (i32.const 128)) (local.get $x))))
    (local.set $at (i32.sub (local.get $shifts) (i32.const 24)))
    (local.set $i (i32.const -1))
    (block $done
      (loop $next
        (local.set $at (i32.add (local.get $at) (i32.const 24)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $done (i32.ge_s (local.get $i) (local.get $count)))
        (local.set $price (f64.load offset=16 (local.get $at)))
        ;; Costs that are equal stay so whatever the rounding of their prices.
        (local.set $limit (f64.add (f64.sub (local.get $best) (local.get $price)) (f64.const 1e-6)))
        (br_if $done (f64.lt (local.get $limit) (f64.const 0)))
        (local.set $u (i32.add (local.get $x) (i32.load (local.get $at))))
        (local.set $v (i32.add (local.get $y) (i32.load offset=4 (local.get $at))))
        ;; Unsigned: what is left of or above the picture is far beyond its end.
        (br_if $next (i32.or (i32.gt_u (local.get $u) (i32.const 112)) (i32.gt_u (local.get $v) (i32.const 112))))
        (local.set $u (i32.add (local.get $to) (i32.load offset=8 (local.get $at))))
        (local.set $sum (call $differences (local.get $from) (local.get $u) (i32.const 4)))
        (br_if $next (f64.gt (f64.convert_i32_s (local.get $sum)) (local.get $limit)))
        (local.set $sum (i32.add (local.get $sum)
          (call $differences (i32.add (local.get $from) (i32.const 1024)) (i32.add (local.get $u) (i32.const 1024)) (i32.const 4))))
        (local.set $cost (f64.add (f64.convert_i32_s (local.get $sum)) (local.get $price)))
        (br_if $next (f64.gt (local.get $cost) (local.get $best)))
        (br_if $next (i32.and (f64.eq (local.get $cost) (local.get $best)) (i32.gt_s (i32.load offset=12 (local.get $at)) (local.get $rank))))
        (local.set $best (local.get $cost))
        (local.set $found (local.get $i))
        (local.set $rank (i32.load offset=12 (local.get $at)))
        (br $next)))
    (local.get $found))

  ;; The sums of Lucas and Kanade over a block's columns `left` to `right` of `rows` rows, from the pixel `from` on and `to` in the later picture:
  ;; at `out` xx, xy, yy, xt, yt (i32), with gradients of twice their size.
  (func (export "gradients") (param $from i32) (param $to i32) (param $rows i32) (param $left i32) (param $right i32) (param $out i32)
    (local $low v128) (local $high v128) (local $gx v128) (local $gy v128) (local $change v128)
    (local $xx v128) (local $xy v128) (local $yy v128) (local $xt v128) (local $yt v128)
    (local.set $low (call $columns (local.get $left) (local.get $right) (v128.const i16x8 0 1 2 3 4 5 6 7)))
    (local.set $high (call $columns (local.get $left) (local.get $right) (v128.const i16x8 8 9 10 11 12 13 14 15)))
    (block $done
      (br_if $done (i32.le_s (local.get $rows) (i32.const 0)))
      (loop $row
        (local.set $gx (v128.and (local.get $low) (call $eight_less (i32.add (local.get $to) (i32.const 1)) (i32.sub (local.get $to) (i32.const 1)))))
        (local.set $gy (v128.and (local.get $low) (call $eight_less (i32.add (local.get $to) (i32.const 128)) (i32.sub (local.get $to) (i32.const 128)))))
        (local.set $change (call $eight_less (local.get $from) (local.get $to)))
        (local.set $xx (i32x4.add (local.get $xx) (i32x4.dot_i16x8_s (local.get $gx) (local.get $gx))))
        (local.set $xy (i32x4.add (local.get $xy) (i32x4.dot_i16x8_s (local.get $gx) (local.get $gy))))
        (local.set $yy (i32x4.add (local.get $yy) (i32x4.dot_i16x8_s (local.get $gy) (local.get $gy))))
        (local.set $xt (i32x4.add (local.get $xt) (i32x4.dot_i16x8_s (local.get $gx) (local.get $change))))
        (local.set $yt (i32x4.add (local.get $yt) (i32x4.dot_i16x8_s (local.get $gy) (local.get $change))))
        (local.set $gx (v128.and (local.get $high) (call $eight_less (i32.add (local.get $to) (i32.const 9)) (i32.add (local.get $to) (i32.const 7)))))
        (local.set $gy (v128.and (local.get $high) (call $eight_less (i32.add (local.get $to) (i32.const 136)) (i32.sub (local.get $to) (i32.const 120)))))
        (local.set $change (call $eight_less (i32.add (local.get $from) (i32.const 8)) (i32.add (local.get $to) (i32.const 8))))
        (local.set $xx (i32x4.add (local.get $xx) (i32x4.dot_i16x8_s (local.get $gx) (local.get $gx))))
        (local.set $xy (i32x4.add (local.get $xy) (i32x4.dot_i16x8_s (local.get $gx) (local.get $gy))))
        (local.set $yy (i32x4.add (local.get $yy) (i32x4.dot_i16x8_s (local.get $gy) (local.get $gy))))
        (local.set $xt (i32x4.add (local.get $xt) (i32x4.dot_i16x8_s (local.get $gx) (local.get $change))))
        (local.set $yt (i32x4.add (local.get $yt) (i32x4.dot_i16x8_s (local.get $gy) (local.get $change))))
        (local.set $from (i32.add (local.get $from) (i32.const 128)))
        (local.set $to (i32.add (local.get $to) (i32.const 128)))
        (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))
    (i32.store (local.get $out) (call $total (local.get $xx)))
    (i32.store offset=4 (local.get $out) (call $total (local.get $xy)))
    (i32.store offset=8 (local.get $out) (call $total (local.get $yy)))
    (i32.store offset=12 (local.get $out) (call $total (local.get $xt)))
    (i32.store offset=16 (local.get $out) (call $total (local.get $yt))))

  ;; Sum of absolute differences of two pictures. `cells`: i32[256], to which sums of 8 x 8 pixels are added, row by row. At `out` the number of
  ;; pixels under `dark` and the sum of all (i32 each).
  (func (export "figures") (param $picture i32) (param $before i32) (param $dark i32) (param $cells i32) (param $out i32) (result i32)
    (local $y i32) (local $left i32) (local $cell i32) (local $count i32)
    (local $a v128) (local $b v128) (local $difference v128) (local $quads v128) (local $sum v128)
    (loop $row
      ;; 16 cells of 4 bytes for every eight rows.
      (local.set $cell (i32.add (local.get $cells) (i32.shl (i32.shr_u (local.get $y) (i32.const 3)) (i32.const 6))))
      (local.set $left (i32.const 8))
      (loop $sixteen
        (local.set $a (v128.load (local.get $picture)))
        (local.set $b (v128.load (local.get $before)))
        (local.set $difference (i32x4.add (local.get $difference) (call $quads_of (call $apart (local.get $a) (local.get $b)))))
        (local.set $quads (call $quads_of (local.get $a)))
        (local.set $sum (i32x4.add (local.get $sum) (local.get $quads)))
        (local.set $count (i32.add (local.get $count)
          (i32.popcnt (i8x16.bitmask (i8x16.lt_u (local.get $a) (i8x16.splat (local.get $dark)))))))
        (i32.store (local.get $cell)
          (i32.add (i32.load (local.get $cell)) (i32.add (i32x4.extract_lane 0 (local.get $quads)) (i32x4.extract_lane 1 (local.get $quads)))))
        (i32.store offset=4 (local.get $cell)
          (i32.add (i32.load offset=4 (local.get $cell)) (i32.add (i32x4.extract_lane 2 (local.get $quads)) (i32x4.extract_lane 3 (local.get $quads)))))
        (local.set $cell (i32.add (local.get $cell) (i32.const 8)))
        (local.set $picture (i32.add (local.get $picture) (i32.const 16)))
        (local.set $before (i32.add (local.get $before) (i32.const 16)))
        (br_if $sixteen (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (br_if $row (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (i32.const 128))))
    (i32.store (local.get $out) (local.get $count))
    (i32.store offset=4 (local.get $out) (call $total (local.get $sum)))
    (call $total (local.get $difference)))

  ;; Sum of |`pixels` x value - `sum`| over `rows` rows of `chunks` x 16 pixels: their mean absolute deviation times the square of their number.
  (func (export "deviation") (param $from i32) (param $rows i32) (param $chunks i32) (param $pixels i32) (param $sum i32) (result f64)
    (local $left i32) (local $at i32) (local $row v128) (local $bytes v128) (local $words v128) (local $result f64)
    (loop $next
      (local.set $row (v128.const i32x4 0 0 0 0))
      (local.set $left (local.get $chunks))
      (local.set $at (local.get $from))
      (loop $sixteen
        (local.set $bytes (v128.load (local.get $at)))
        (local.set $words (i16x8.extend_low_i8x16_u (local.get $bytes)))
        (local.set $row (i32x4.add (local.get $row) (call $off (i32x4.extend_low_i16x8_u (local.get $words)) (local.get $pixels) (local.get $sum))))
        (local.set $row (i32x4.add (local.get $row) (call $off (i32x4.extend_high_i16x8_u (local.get $words)) (local.get $pixels) (local.get $sum))))
        (local.set $words (i16x8.extend_high_i8x16_u (local.get $bytes)))
        (local.set $row (i32x4.add (local.get $row) (call $off (i32x4.extend_low_i16x8_u (local.get $words)) (local.get $pixels) (local.get $sum))))
        (local.set $row (i32x4.add (local.get $row) (call $off (i32x4.extend_high_i16x8_u (local.get $words)) (local.get $pixels) (local.get $sum))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $sixteen (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $result (f64.add (local.get $result) (f64.convert_i32_u (call $total (local.get $row)))))
      (local.set $from (i32.add (local.get $from) (i32.const 128)))
      (br_if $next (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))
    (local.get $result))

  (func $off (param $four v128) (param $pixels i32) (param $sum i32) (result v128)
    (i32x4.abs (i32x4.sub (i32x4.mul (local.get $four) (i32x4.splat (local.get $pixels))) (i32x4.splat (local.get $sum)))))

  ;; Sum of a block's pixels.
  (func (export "sum") (param $from i32) (result i32)
    (local $rows i32) (local $sum v128)
    (local.set $rows (i32.const 16))
    (loop $next
      (local.set $sum (i32x4.add (local.get $sum) (call $quads_of (v128.load (local.get $from)))))
      (local.set $from (i32.add (local.get $from) (i32.const 128)))
      (br_if $next (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))
    (call $total (local.get $sum)))

  ;; Absolute differences of 16 bytes each, and sums of four neighbours of 16 bytes.
  (func $apart (param $a v128) (param $b v128) (result v128)
    (v128.or (i8x16.sub_sat_u (local.get $a) (local.get $b)) (i8x16.sub_sat_u (local.get $b) (local.get $a))))

  (func $quads_of (param $bytes v128) (result v128)
    (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (local.get $bytes))))

  ;; Sum of absolute differences of `count` bytes, a multiple of 16.
  (func (export "difference") (param $a i32) (param $b i32) (param $count i32) (result i32)
    (local $sum v128)
    (loop $next
      (local.set $sum (i32x4.add (local.get $sum) (call $quads_of (call $apart (v128.load (local.get $a)) (v128.load (local.get $b))))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 16)))))
    (call $total (local.get $sum)))

  ;; Eight pixels less eight others.
  (func $eight_less (param $a i32) (param $b i32) (result v128)
    (i16x8.sub (v128.load8x8_u (local.get $a)) (v128.load8x8_u (local.get $b))))

  ;; All bits of the lanes whose numbers are in left .. right - 1.
  (func $columns (param $left i32) (param $right i32) (param $lanes v128) (result v128)
    (v128.and (i16x8.ge_s (local.get $lanes) (i16x8.splat (local.get $left))) (i16x8.lt_s (local.get $lanes) (i16x8.splat (local.get $right)))))

  (func $total (param $sum v128) (result i32)
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum))))))
