const std = @import("std");

pub const max_size: usize = 10;
var counter: u32 = 0;

/// A point.
pub const Point = struct {
    x: f32,
    y: f32 = 0,

    /// Makes one.
    pub fn init(x: f32) Point {
        return .{ .x = x };
    }
    fn hidden(self: *Point) void { _ = self; }
};

const Color = enum { red, green };
const Value = union(enum) { int: i64 };

/// Adds.
pub fn add(a: i32, b: i32) i32 {
    const sum = a + b;
    return sum;
}

test "add works" {
    try std.testing.expect(add(1, 2) == 3);
}
