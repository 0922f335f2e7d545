;; Dot products of n int8 rows with one int16 query, each times its row's scale.
;; scan(rows: i8[n][d], query: i16[d], scales: f32[n], out: f32[n], n, d); d is a multiple of 16, query 16-byte aligned.
;; Every partial sum must fit an int32: |row|₂ x |query|₂ < 2^31.
(module
  (memory (export "memory") 1 65536)
  (func (export "scan")
    (param $row i32) (param $query i32) (param $scale i32) (param $out i32) (param $n i32) (param $d i32)
    (local $queryAt i32) (local $queryEnd i32) (local $outEnd i32) (local $bytes v128) (local $low v128) (local $high v128)
    (local.set $queryEnd (i32.add (local.get $query) (i32.shl (local.get $d) (i32.const 1))))
    (local.set $outEnd (i32.add (local.get $out) (i32.shl (local.get $n) (i32.const 2))))
    (block $end
      (loop $rows
        (br_if $end (i32.ge_u (local.get $out) (local.get $outEnd)))
        (local.set $low (v128.const i32x4 0 0 0 0))
        (local.set $high (v128.const i32x4 0 0 0 0))
        (local.set $queryAt (local.get $query))
        (loop $components
          (local.set $bytes (v128.load align=1 (local.get $row)))
          (local.set $low (i32x4.add (local.get $low)
            (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $bytes)) (v128.load (local.get $queryAt)))))
          (local.set $high (i32x4.add (local.get $high)
            (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $bytes)) (v128.load offset=16 (local.get $queryAt)))))
          (local.set $row (i32.add (local.get $row) (i32.const 16)))
          (local.set $queryAt (i32.add (local.get $queryAt) (i32.const 32)))
          (br_if $components (i32.lt_u (local.get $queryAt) (local.get $queryEnd))))
        (local.set $low (i32x4.add (local.get $low) (local.get $high)))
        (f32.store (local.get $out)
          (f32.mul (f32.load (local.get $scale))
            (f32.convert_i32_s (i32.add
              (i32.add (i32x4.extract_lane 0 (local.get $low)) (i32x4.extract_lane 1 (local.get $low)))
              (i32.add (i32x4.extract_lane 2 (local.get $low)) (i32x4.extract_lane 3 (local.get $low)))))))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (local.set $scale (i32.add (local.get $scale) (i32.const 4)))
        (br $rows))))
)
