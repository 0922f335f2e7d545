;; Adds up what a block of assets has of a query's keys: sums[member] += weight x value, for the postings of each of the keys in turn.
;; add(keys: u32[n], weights: f64[n], n, starts: u32[keyCount + 1], keyCount, members: u16[], values: f32[], sums: f64[]); the postings of key k
;; are those from starts[k] to starts[k + 1]; a key from keyCount on has none.
(module
  (memory (export "memory") 1 65536)
  (func (export "add")
    (param $keys i32) (param $weights i32) (param $n i32) (param $starts i32) (param $keyCount i32)
    (param $members i32) (param $values i32) (param $sums i32)
    (local $keysEnd i32) (local $at i32) (local $member i32) (local $membersEnd i32) (local $value i32) (local $weight f64)
    (local.set $keysEnd (i32.add (local.get $keys) (i32.shl (local.get $n) (i32.const 2))))
    (block $end
      (loop $nextKey
        (br_if $end (i32.ge_u (local.get $keys) (local.get $keysEnd)))
        (block $absent
          (br_if $absent (i32.ge_u (i32.load (local.get $keys)) (local.get $keyCount)))
          (local.set $at (i32.add (local.get $starts) (i32.shl (i32.load (local.get $keys)) (i32.const 2))))
          (local.set $membersEnd (i32.add (local.get $members) (i32.shl (i32.load offset=4 (local.get $at)) (i32.const 1))))
          (local.set $at (i32.load (local.get $at)))
          (local.set $member (i32.add (local.get $members) (i32.shl (local.get $at) (i32.const 1))))
          (local.set $value (i32.add (local.get $values) (i32.shl (local.get $at) (i32.const 2))))
          (local.set $weight (f64.load (local.get $weights)))
          (br_if $absent (i32.ge_u (local.get $member) (local.get $membersEnd)))
          (loop $postings
            (local.set $at (i32.add (local.get $sums) (i32.shl (i32.load16_u (local.get $member)) (i32.const 3))))
            (f64.store (local.get $at)
              (f64.add (f64.load (local.get $at)) (f64.mul (local.get $weight) (f64.promote_f32 (f32.load (local.get $value))))))
            (local.set $member (i32.add (local.get $member) (i32.const 2)))
            (local.set $value (i32.add (local.get $value) (i32.const 4)))
            (br_if $postings (i32.lt_u (local.get $member) (local.get $membersEnd)))))
        (local.set $keys (i32.add (local.get $keys) (i32.const 4)))
        (local.set $weights (i32.add (local.get $weights) (i32.const 8)))
        (br $nextKey)))))
