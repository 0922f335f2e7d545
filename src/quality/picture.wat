;; What pictures of any size are asked, f32 a pixel: luma and sharpness (luma.ts); means, noise, running sums and products of blocks (detail.ts); the place
;; of a picture in another (align.ts); distances of frames' cells (loops.ts).
(module
  (memory (export "memory") 1)

  ;; Sum of the products of two blocks of 16 x 16 f32 in pictures with rows of `stride` bytes.
  (func (export "product") (param $a i32) (param $b i32) (param $stride i32) (result f64)
    (local $row i32) (local $i i32) (local $first v128) (local $second v128)
    (local.set $row (i32.const 16))
    (loop $next
      (local.set $i (i32.const 4))
      (loop $four
        (local.set $first (f64x2.add (local.get $first)
          (f64x2.mul (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $a))) (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $b))))))
        (local.set $second (f64x2.add (local.get $second)
          (f64x2.mul (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (local.get $a))) (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (local.get $b))))))
        (local.set $a (i32.add (local.get $a) (i32.const 16)))
        (local.set $b (i32.add (local.get $b) (i32.const 16)))
        (br_if $four (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (local.set $a (i32.add (local.get $a) (i32.sub (local.get $stride) (i32.const 64))))
      (local.set $b (i32.add (local.get $b) (i32.sub (local.get $stride) (i32.const 64))))
      (br_if $next (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
    (f64.add
      (f64.add (f64.add (f64x2.extract_lane 0 (local.get $first)) (f64x2.extract_lane 1 (local.get $first))) (f64x2.extract_lane 0 (local.get $second)))
      (f64x2.extract_lane 1 (local.get $second))))

  ;; BT.601 luma (f32) of `pixels` pixels, a multiple of 4, of 1, 3 or 4 bytes; up to 16 bytes behind the last are read.
  (func (export "luma") (param $from i32) (param $channels i32) (param $pixels i32) (param $out i32)
    (local $red v128) (local $green v128) (local $blue v128) (local $four v128) (local $colour i32)
    (local.set $colour (i32.gt_u (local.get $channels) (i32.const 1)))
    ;; Of each lane the lowest byte is taken from the pixel, the others from nowhere: 0.
    (local.set $red (v128.or (v128.const i32x4 -256 -256 -256 -256) (i32x4.mul (v128.const i32x4 0 1 2 3) (i32x4.splat (local.get $channels)))))
    (local.set $green (i32x4.add (local.get $red) (i32x4.splat (local.get $colour))))
    (local.set $blue (i32x4.add (local.get $green) (i32x4.splat (local.get $colour))))
    (loop $next
      (local.set $four (v128.load (local.get $from)))
      (v128.store (local.get $out)
        (f32x4.add
          (f32x4.add
            (f32x4.mul (f32x4.splat (f32.const 0.299)) (f32x4.convert_i32x4_u (i8x16.swizzle (local.get $four) (local.get $red))))
            (f32x4.mul (f32x4.splat (f32.const 0.587)) (f32x4.convert_i32x4_u (i8x16.swizzle (local.get $four) (local.get $green)))))
          (f32x4.mul (f32x4.splat (f32.const 0.114)) (f32x4.convert_i32x4_u (i8x16.swizzle (local.get $four) (local.get $blue))))))
      (local.set $from (i32.add (local.get $from) (i32.shl (local.get $channels) (i32.const 2))))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br_if $next (i32.gt_s (local.tee $pixels (i32.sub (local.get $pixels) (i32.const 4))) (i32.const 0)))))

  ;; Means of `count` parts of `rows` rows of f32, which lie `width` (a multiple of 4) apart; the first row is overwritten.
  ;; `columns`: the first and, behind it, the last column of each part (i32 each).
  (func (export "means") (param $from i32) (param $width i32) (param $rows i32) (param $columns i32) (param $count i32) (param $out i32)
    (local $at i32) (local $row i32) (local $left i32) (local $end i32) (local $sum f32) (local $i i32)
    (local.set $row (local.get $from))
    (local.set $i (local.get $rows))
    (block $summed
      (loop $next
        (br_if $summed (i32.le_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.const 0)))
        (local.set $row (i32.add (local.get $row) (i32.shl (local.get $width) (i32.const 2))))
        (local.set $at (i32.shl (local.get $width) (i32.const 2)))
        (loop $four
          (local.set $at (i32.sub (local.get $at) (i32.const 16)))
          (v128.store (i32.add (local.get $from) (local.get $at))
            (f32x4.add (v128.load (i32.add (local.get $from) (local.get $at))) (v128.load (i32.add (local.get $row) (local.get $at)))))
          (br_if $four (local.get $at)))
        (br $next)))
    (loop $part
      (local.set $left (i32.load (local.get $columns)))
      (local.set $end (i32.load offset=4 (local.get $columns)))
      (local.set $i (local.get $left))
      (local.set $sum (f32.const 0))
      (loop $column
        (local.set $sum (f32.add (local.get $sum) (f32.load (i32.add (local.get $from) (i32.shl (local.get $i) (i32.const 2))))))
        (br_if $column (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $end))))
      (f32.store (local.get $out)
        (f32.div (local.get $sum) (f32.convert_i32_s (i32.mul (local.get $rows) (i32.sub (local.get $end) (local.get $left))))))
      (local.set $columns (i32.add (local.get $columns) (i32.const 8)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $part (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; Running sums of `side` x `side` f32 and of their squares: (side + 1) x (side + 1) f64 each, of which the first row and column must be zero.
  (func (export "totals") (param $from i32) (param $side i32) (param $sums i32) (param $squares i32)
    (local $stride i32) (local $rows i32) (local $left i32) (local $both v128) (local $value f64)
    (local.set $stride (i32.shl (i32.add (local.get $side) (i32.const 1)) (i32.const 3)))
    (local.set $rows (local.get $side))
    (loop $row
      (local.set $both (v128.const i32x4 0 0 0 0))
      (local.set $left (local.get $side))
      (loop $next
        (local.set $value (f64.promote_f32 (f32.load (local.get $from))))
        (local.set $both
          (f64x2.add (local.get $both)
            (f64x2.replace_lane 1 (f64x2.splat (local.get $value)) (f64.mul (local.get $value) (local.get $value)))))
        (local.set $sums (i32.add (local.get $sums) (i32.const 8)))
        (local.set $squares (i32.add (local.get $squares) (i32.const 8)))
        (f64.store (i32.add (local.get $sums) (local.get $stride)) (f64.add (f64.load (local.get $sums)) (f64x2.extract_lane 0 (local.get $both))))
        (f64.store (i32.add (local.get $squares) (local.get $stride)) (f64.add (f64.load (local.get $squares)) (f64x2.extract_lane 1 (local.get $both))))
        (local.set $from (i32.add (local.get $from) (i32.const 4)))
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $sums (i32.add (local.get $sums) (i32.const 8)))
      (local.set $squares (i32.add (local.get $squares) (i32.const 8)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Sum of the squared differences of `count` f32, a multiple of 4.
  (func (export "squares") (param $a i32) (param $b i32) (param $count i32) (result f64)
    (local $four v128) (local $sum v128)
    (loop $next
      (local.set $four (f32x4.sub (v128.load (local.get $a)) (v128.load (local.get $b))))
      (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul (local.get $four) (local.get $four))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 4)))))
    (call $four_together (local.get $sum)))

  ;; Absolute values of the Laplacian difference (1 -2 1, -2 4 -2, 1 -2 1) inside a square of `side` f32, row by row; up to 12 bytes behind are written.
  (func (export "edges") (param $from i32) (param $side i32) (param $out i32)
    (local $stride i32) (local $rows i32) (local $left i32) (local $to i32) (local $above i32) (local $here i32) (local $below i32)
    (local.set $stride (i32.shl (local.get $side) (i32.const 2)))
    (local.set $rows (i32.sub (local.get $side) (i32.const 2)))
    (loop $row
      (local.set $above (local.get $from))
      (local.set $here (i32.add (local.get $above) (local.get $stride)))
      (local.set $below (i32.add (local.get $here) (local.get $stride)))
      (local.set $to (local.get $out))
      (local.set $left (i32.sub (local.get $side) (i32.const 2)))
      (loop $four
        (v128.store (local.get $to)
          (f32x4.abs
            (f32x4.add
              (f32x4.sub
                (f32x4.add
                  (f32x4.add (v128.load (local.get $above)) (v128.load offset=8 (local.get $above)))
                  (f32x4.add (v128.load (local.get $below)) (v128.load offset=8 (local.get $below))))
                (f32x4.mul (f32x4.splat (f32.const 2))
                  (f32x4.add
                    (f32x4.add (v128.load offset=4 (local.get $above)) (v128.load (local.get $here)))
                    (f32x4.add (v128.load offset=8 (local.get $here)) (v128.load offset=4 (local.get $below))))))
              (f32x4.mul (f32x4.splat (f32.const 4)) (v128.load offset=4 (local.get $here))))))
        (local.set $above (i32.add (local.get $above) (i32.const 16)))
        (local.set $here (i32.add (local.get $here) (i32.const 16)))
        (local.set $below (i32.add (local.get $below) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br_if $four (i32.gt_s (local.tee $left (i32.sub (local.get $left) (i32.const 4))) (i32.const 0))))
      (local.set $from (i32.add (local.get $from) (local.get $stride)))
      (local.set $out (i32.add (local.get $out) (i32.sub (local.get $stride) (i32.const 8))))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Adds the sum and the sum of squares (f64 at `sums`) of the 4-neighbour Laplacian over `rows` rows of f32; there is one row more before and one behind.
  (func (export "laplacian") (param $from i32) (param $width i32) (param $rows i32) (param $sums i32)
    (local $stride i32) (local $above i32) (local $here i32) (local $below i32) (local $left i32)
    (local $value v128) (local $sum v128) (local $squares v128)
    (local.set $stride (i32.shl (local.get $width) (i32.const 2)))
    (loop $row
      (local.set $above (local.get $from))
      (local.set $here (i32.add (local.get $above) (local.get $stride)))
      (local.set $below (i32.add (local.get $here) (local.get $stride)))
      (local.set $left (i32.sub (local.get $width) (i32.const 2)))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (local.set $squares (v128.const i32x4 0 0 0 0))
      (loop $four
        (local.set $value
          (f32x4.sub
            (f32x4.add
              (f32x4.add (v128.load offset=4 (local.get $above)) (v128.load offset=4 (local.get $below)))
              (f32x4.add (v128.load (local.get $here)) (v128.load offset=8 (local.get $here))))
            (f32x4.mul (f32x4.splat (f32.const 4)) (v128.load offset=4 (local.get $here)))))
        ;; Columns behind the last inner one do not count.
        (local.set $value (v128.and (local.get $value) (i32x4.lt_s (v128.const i32x4 0 1 2 3) (i32x4.splat (local.get $left)))))
        (local.set $sum (f32x4.add (local.get $sum) (local.get $value)))
        (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $value) (local.get $value))))
        (local.set $above (i32.add (local.get $above) (i32.const 16)))
        (local.set $here (i32.add (local.get $here) (i32.const 16)))
        (local.set $below (i32.add (local.get $below) (i32.const 16)))
        (br_if $four (i32.gt_s (local.tee $left (i32.sub (local.get $left) (i32.const 4))) (i32.const 0))))
      (f64.store (local.get $sums) (f64.add (f64.load (local.get $sums)) (call $four_together (local.get $sum))))
      (f64.store offset=8 (local.get $sums) (f64.add (f64.load offset=8 (local.get $sums)) (call $four_together (local.get $squares))))
      (local.set $from (i32.add (local.get $from) (local.get $stride)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Correlation of `side` x `side` f32 of mean 0 and length 1 with the f32 of a picture (its rows are `width` apart) where `side` rows and columns (i32
  ;; each) meet; 0 where those are all the same.
  (func (export "correlate") (param $values i32) (param $data i32) (param $width i32) (param $rows i32) (param $columns i32) (param $side i32) (result f64)
    (local $j i32) (local $i i32) (local $row i32) (local $at i32) (local $one f32)
    (local $four v128) (local $sum v128) (local $square v128) (local $product v128)
    (local $sums f64) (local $squares f64) (local $products f64) (local $spread f64)
    (local.set $j (local.get $side))
    (loop $next
      (local.set $row (i32.add (local.get $data) (i32.shl (i32.mul (i32.load (local.get $rows)) (local.get $width)) (i32.const 2))))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (local.set $square (v128.const i32x4 0 0 0 0))
      (local.set $product (v128.const i32x4 0 0 0 0))
      (local.set $at (local.get $columns))
      (local.set $i (local.get $side))
      (block $ended
        (loop $fours
          (br_if $ended (i32.lt_s (local.get $i) (i32.const 4)))
          (local.set $four (v128.load32_zero (i32.add (local.get $row) (i32.shl (i32.load (local.get $at)) (i32.const 2)))))
          (local.set $four (v128.load32_lane 1 (i32.add (local.get $row) (i32.shl (i32.load offset=4 (local.get $at)) (i32.const 2))) (local.get $four)))
          (local.set $four (v128.load32_lane 2 (i32.add (local.get $row) (i32.shl (i32.load offset=8 (local.get $at)) (i32.const 2))) (local.get $four)))
          (local.set $four (v128.load32_lane 3 (i32.add (local.get $row) (i32.shl (i32.load offset=12 (local.get $at)) (i32.const 2))) (local.get $four)))
          (local.set $sum (f32x4.add (local.get $sum) (local.get $four)))
          (local.set $square (f32x4.add (local.get $square) (f32x4.mul (local.get $four) (local.get $four))))
          (local.set $product (f32x4.add (local.get $product) (f32x4.mul (local.get $four) (v128.load (local.get $values)))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (local.set $values (i32.add (local.get $values) (i32.const 16)))
          (local.set $i (i32.sub (local.get $i) (i32.const 4)))
          (br $fours)))
      (local.set $sums (f64.add (local.get $sums) (call $four_together (local.get $sum))))
      (local.set $squares (f64.add (local.get $squares) (call $four_together (local.get $square))))
      (local.set $products (f64.add (local.get $products) (call $four_together (local.get $product))))
      (block $ended
        (loop $ones
          (br_if $ended (i32.eqz (local.get $i)))
          (local.set $one (f32.load (i32.add (local.get $row) (i32.shl (i32.load (local.get $at)) (i32.const 2)))))
          (local.set $sums (f64.add (local.get $sums) (f64.promote_f32 (local.get $one))))
          (local.set $squares (f64.add (local.get $squares) (f64.promote_f32 (f32.mul (local.get $one) (local.get $one)))))
          (local.set $products (f64.add (local.get $products) (f64.promote_f32 (f32.mul (local.get $one) (f32.load (local.get $values))))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (local.set $values (i32.add (local.get $values) (i32.const 4)))
          (local.set $i (i32.sub (local.get $i) (i32.const 1)))
          (br $ones)))
      (local.set $rows (i32.add (local.get $rows) (i32.const 4)))
      (br_if $next (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
    ;; The values' mean is 0, so that of the pixels adds nothing to the products.
    (local.set $spread
      (f64.sub (local.get $squares)
        (f64.div (f64.mul (local.get $sums) (local.get $sums)) (f64.convert_i32_s (i32.mul (local.get $side) (local.get $side))))))
    (if (result f64) (f64.gt (local.get $spread) (f64.const 0))
      (then (f64.div (local.get $products) (f64.sqrt (local.get $spread))))
      (else (f64.const 0))))

  (func $four_together (param $four v128) (result f64)
    (f64.add
      (f64.add (f64.promote_f32 (f32x4.extract_lane 0 (local.get $four))) (f64.promote_f32 (f32x4.extract_lane 1 (local.get $four))))
      (f64.add (f64.promote_f32 (f32x4.extract_lane 2 (local.get $four))) (f64.promote_f32 (f32x4.extract_lane 3 (local.get $four)))))))
